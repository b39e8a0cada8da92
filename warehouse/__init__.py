"""Operates the warehouse: paths, policy, decisions, builds, publishing, command line."""
