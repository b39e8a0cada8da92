"""What a load says of its own making, and the attempts that came to nothing.

A load that commits keeps its `LoadFacts` in its manifest (``extra["facts"]``). An attempt that
fails commits nothing; what happened stands under the store's root in ``_failures/<seq>.json``,
append-only: each is written beside, synced and linked to the next free number, as loads are.
"""

from __future__ import annotations

import json
import os
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

from ingestion.clock import Clock
from ingestion.errors import (
    ConfigurationError,
    ContractError,
    TerminalError,
    TransientError,
    UnreachableError,
)
from ingestion.landing import Landing, Manifest, sync_file

_KINDS: tuple[tuple[type[Exception], str], ...] = (
    (UnreachableError, "unreachable"),
    (TransientError, "unwell"),
    (ContractError, "contract"),
    (ConfigurationError, "configuration"),
    (TerminalError, "refused"),
)
"""The first that fits names what went wrong; anything else is "unexpected"."""

_MESSAGE = 500


@dataclass(frozen=True, slots=True)
class RefusedField:
    """Rows that were refused for one field: how many, why the first of them was, and where it is.

    `row` is its number in the load. The value stands in the load's rejects, never here.
    """

    field: str
    rows: int
    why: str
    row: int | None


@dataclass(frozen=True, slots=True)
class LoadFacts:
    """How a load came about, and what its delivery showed of the source.

    `started_at` and the modification times are UTC, ISO 8601; the latter are the vendor's own, of
    all sound rows that were delivered, and None where it says none. `filled` counts, of these
    `delivered_rows`, those with a value, by landed column. `unknown_types` names for each column
    that is not declared the JSON types of its values (``text``, ``list, object``), never a value.
    """

    started_at: str
    milliseconds: int
    requests: int | None
    raw_bytes: int
    gzipped_bytes: int
    delivered_rows: int
    first_modified_at: str | None
    last_modified_at: str | None
    filled: dict[str, int]
    unknown_types: dict[str, str]
    refused: tuple[RefusedField, ...]

    def as_json(self) -> dict[str, Any]:
        """What a manifest keeps of them."""
        return asdict(self)


def facts_of(load: Manifest) -> LoadFacts | None:
    """The facts of a load; None for one that was landed before loads kept any."""
    values = load.extra.get("facts")
    if values is None:
        return None
    refused = tuple(RefusedField(**entry) for entry in values["refused"])
    return LoadFacts(**{**values, "refused": refused})


@dataclass(frozen=True, slots=True)
class Failure:
    """An attempt to read a resource, or a whole source when `resource` is empty, that failed.

    `kind` is one of ``unreachable``, ``unwell`` (answers, but not with what was asked for),
    ``refused`` (the credentials or the request), ``contract``, ``configuration``, ``unexpected``.
    """

    seq: int
    failure_id: str
    source: str
    tenant: str
    resource: str
    started_at: str
    failed_at: str
    milliseconds: int
    kind: str
    message: str


@contextmanager
def attempt(
    landing: Landing,
    clock: Clock,
    source: str,
    tenant: str,
    resource: str = "",
    secrets: tuple[str, ...] = (),
) -> Iterator[None]:
    """Notes in the landing store when what is inside fails, and lets the error pass on.

    `secrets` are blotted out of the message.
    """
    started, began = clock.now(), time.monotonic()
    try:
        yield
    except Exception as error:
        try:
            _append(
                landing.root / "_failures",
                {
                    "failure_id": uuid.uuid4().hex,
                    "source": source,
                    "tenant": tenant,
                    "resource": resource,
                    "started_at": started.astimezone(UTC).isoformat(),
                    "failed_at": clock.now().astimezone(UTC).isoformat(),
                    "milliseconds": milliseconds_since(began),
                    "kind": kind_of(error),
                    "message": _without(secrets, str(error))[:_MESSAGE],
                },
            )
        except OSError as unwritten:
            # A full disk may be why it failed: what failed first is what has to be heard.
            error.add_note(f"the failure could not be noted in {landing.root}: {unwritten}")
        raise


def milliseconds_since(began: float) -> int:
    """Whole milliseconds since `began`, a reading of `time.monotonic`."""
    return round((time.monotonic() - began) * 1000)


def kind_of(error: Exception) -> str:
    """What went wrong, in one word; see `Failure`."""
    return next((kind for family, kind in _KINDS if isinstance(error, family)), "unexpected")


def failures(landing: Landing, until: int | None = None) -> list[Failure]:
    """The failed attempts, in order; with `until`, those whose number is at most that."""
    return [
        Failure(seq=int(path.stem), **json.loads(path.read_text(encoding="utf-8")))
        for path in sorted((landing.root / "_failures").glob("[0-9]*.json"))
        if until is None or int(path.stem) <= until
    ]


def last_failure(landing: Landing) -> int:
    """The number of the last failed attempt; 0 when there is none."""
    folder = landing.root / "_failures"
    return max((int(path.stem) for path in folder.glob("[0-9]*.json")), default=0)


def _append(folder: Path, values: dict[str, Any]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    beside = folder / f".{uuid.uuid4().hex}"
    beside.touch(mode=0o600)
    beside.write_text(json.dumps(values, indent=1, sort_keys=True), encoding="utf-8")
    sync_file(beside)
    seq = max((int(path.stem) for path in folder.glob("[0-9]*.json")), default=0) + 1
    while True:
        try:
            os.link(beside, folder / f"{seq:010d}.json")
        except FileExistsError:
            seq += 1
            continue
        break
    beside.unlink()
    sync_file(folder)


def _without(secrets: tuple[str, ...], message: str) -> str:
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        for spelling in (secret, quote(secret, safe=""), quote_plus(secret)):
            message = message.replace(spelling, "***")
    return message


def modified_text(value: datetime | None) -> str | None:
    """A vendor's modification time (UTC, without a zone) as facts keep it."""
    return None if value is None else value.replace(tzinfo=UTC).isoformat()
