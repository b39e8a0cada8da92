"""Every error that ingestion raises, in two families: worth a retry, or final.

A message names the resource, the page, the cursor and what to do about it.
"""

from __future__ import annotations


class IngestionError(Exception):
    """Base of all ingestion errors."""


class TransientError(IngestionError):
    """The same request may succeed later: 429, 5xx, time-outs, half a reply."""


class TerminalError(IngestionError):
    """The same request will fail again: wrong credentials, broken contract, bad mapping."""


class ContractError(TerminalError):
    """The vendor's reply breaks its contract: not JSON, key missing on every row, type changed."""


class FilterIgnoredError(ContractError):
    """An incremental reply holds a row older than the cursor: the vendor ignored the filter."""
