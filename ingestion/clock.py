"""The only clock. Everything that needs "now" is handed a `Clock`; nothing else asks the wall."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Something that knows the present instant, in UTC."""

    def now(self) -> datetime: ...


class WallClock:
    """The machine's clock, in UTC."""

    def now(self) -> datetime:
        return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class FixedClock:
    """Always the same instant: replays, demos and tests."""

    instant: datetime

    def now(self) -> datetime:
        return self.instant


def clock_from_environment() -> Clock:
    """`CLOSEBOOK_NOW` (ISO 8601 with a zone) pins the clock; without it, the wall clock.

    Raises ValueError when the value has no zone or is not a time.
    """
    pinned = os.environ.get("CLOSEBOOK_NOW", "")
    if not pinned:
        return WallClock()
    try:
        instant = datetime.fromisoformat(pinned)
    except ValueError as error:
        raise ValueError(
            f"CLOSEBOOK_NOW={pinned!r} is not an ISO 8601 time, e.g. 2026-07-01T03:00:00+08:00"
        ) from error
    if instant.tzinfo is None:
        raise ValueError(f"CLOSEBOOK_NOW={pinned!r} has no time zone; add one, e.g. +08:00 or Z")
    return FixedClock(instant.astimezone(UTC))
