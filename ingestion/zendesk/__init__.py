"""Zendesk: cursor-based and time-based incremental exports."""
