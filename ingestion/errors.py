"""Every error that ingestion raises, in two families: worth a retry, or final.

A message names the resource, the page, the cursor and what to do about it.
"""

from __future__ import annotations


class IngestionError(Exception):
    """Base of all ingestion errors."""


class TransientError(IngestionError):
    """The same request may succeed later: 429, 5xx, time-outs, half a reply.

    `retry_after` is the vendor's own wish in seconds, None when it expressed none.
    """

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class GaveUpError(TransientError):
    """Transient to the last attempt: this run is over, a later one may succeed."""


class UnreachableError(GaveUpError):
    """Nobody listened, to the last attempt: what else is asked of that host would fail as well."""


class TerminalError(IngestionError):
    """The same request will fail again: wrong credentials, broken contract, bad mapping."""


class CredentialsError(TerminalError):
    """The vendor does not know who asks (401): whatever else is asked will be refused as well."""


class ContractError(TerminalError):
    """The vendor's reply breaks its contract: not JSON, key missing on every row, type changed."""


class FilterIgnoredError(ContractError):
    """An incremental reply holds a row older than the cursor: the vendor ignored the filter."""


class ConfigurationError(TerminalError):
    """A setting, credential or mapping is missing or wrong; the message names it and the fix."""


class SeveralFailedError(IngestionError):
    """Some resources failed, the others landed. `failures` are (what, error), in order."""

    def __init__(self, failures: tuple[tuple[str, Exception], ...], landed: int) -> None:
        self.failures = failures
        lines = "\n".join(f"  {what}: {error}" for what, error in failures)
        super().__init__(f"{len(failures)} failed, {landed} landed:\n{lines}")
