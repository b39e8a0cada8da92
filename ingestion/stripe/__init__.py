"""Stripe: lists by creation time, with a look-back for objects that change later."""
