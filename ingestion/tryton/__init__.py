"""Tryton: CRM and finance over JSON-RPC, read by `last_modified_at`, deletes found by a sweep."""
