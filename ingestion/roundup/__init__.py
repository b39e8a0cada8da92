"""Roundup 2.6: issues, messages and users over REST."""
