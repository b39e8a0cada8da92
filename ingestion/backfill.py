"""Back-fill: rows that changed at the vendor in a range of the past, read again beside the news.

A range is split into windows; each is a load of its own, which brings what differs from what has
landed and has no cursor. A back-fill that stops goes on with its next window when the same range
is asked for again.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from ingestion.catalog import connector_of
from ingestion.clock import Clock
from ingestion.connections import Connection, Connections, Sources
from ingestion.errors import ConfigurationError, SeveralFailedError
from ingestion.extract import Window, ingest, summary
from ingestion.http import HttpSettings
from ingestion.landing import Landing, Manifest
from ingestion.resource import Resource
from ingestion.selection import Selection
from ingestion.side_by_side import Task, side_by_side
from ingestion.state import position

WINDOW_DAYS = 31
"""Days in one load of a back-fill when nothing else is said."""


@dataclass(frozen=True, slots=True)
class Range:
    """Days (UTC) from `since` to before `until`, in windows of at most `days` days."""

    since: date
    until: date
    days: int = WINDOW_DAYS

    def check(self, clock: Clock) -> None:
        """Raises ConfigurationError when there is nothing in it."""
        if self.since >= self.until:
            raise ConfigurationError(
                f"the range from {self.since} to before {self.until} has no day; --until is the "
                "first day that is not read"
            )
        if self.days < 1:
            raise ConfigurationError(f"a window of {self.days} days has no day; use 1 or more")
        if _midnight(self.since) > clock.now():
            raise ConfigurationError(f"the range begins on {self.since}, which is in the future")

    def windows(self) -> Iterator[tuple[datetime, datetime]]:
        """Beginning and end of each window, oldest first."""
        since = self.since
        while since < self.until:
            until = min(since + timedelta(days=self.days), self.until)
            yield _midnight(since), _midnight(until)
            since = until


@dataclass(frozen=True, slots=True)
class Filling:
    """One run over a range of one resource. `run` tells its loads from those of another run."""

    connection: Connection
    resource: str
    range: Range
    run: str

    def window(self, since: datetime, until: datetime) -> Window:
        """The window as the load that fills it will name it."""
        about = {
            "since": since.isoformat(),
            "until": until.isoformat(),
            "from": self.range.since.isoformat(),
            "to": self.range.until.isoformat(),
            "run": self.run,
        }
        return Window(since, until, about)


def left_out(landing: Landing, source: str, tenant: str, resource: Resource) -> str:
    """Why a resource is not back-filled by a range; '' when it is."""
    if resource.cursor is None:
        return "it has no time of change, and each run reads all of it"
    if not resource.modified_at:
        return "its rows have no time of change that could be asked for"
    if position(landing, source, tenant, resource.name) is None:
        return "it was never read, and the first run reads all of it: `closebook run`"
    return ""


def fill(
    filling: Filling,
    since: datetime,
    until: datetime,
    landing: Landing,
    clock: Clock,
    settings: HttpSettings | None = None,
) -> Manifest | None:
    """Reads one window and commits it; None when this run has committed it already.

    Raises what `ingest` raises.
    """
    window = filling.window(since, until)
    if window.about in _filled(landing, filling.connection, filling.resource):
        return None
    connection = filling.connection
    return ingest(
        connection.source,
        connection.tenant,
        filling.resource,
        connection,
        landing,
        clock,
        settings,
        window,
    )


def unfinished_run(
    landing: Landing, connection: Connection, resource: str, asked: Range
) -> str | None:
    """The last run over exactly this range, if windows of it are missing; None otherwise."""
    of_range = [
        about
        for about in _filled(landing, connection, resource)
        if (about["from"], about["to"]) == (asked.since.isoformat(), asked.until.isoformat())
    ]
    if not of_range:
        return None
    run = of_range[-1]["run"]
    filling = Filling(connection, resource, asked, run)
    missing = [w for w in asked.windows() if filling.window(*w).about not in of_range]
    return run if missing else None


def _filled(landing: Landing, connection: Connection, resource: str) -> list[dict[str, str]]:
    """What the loads that filled a window of this resource, and were not refused, say of it."""
    return [
        load.extra["range"]
        for load in landing.accepted()
        if "range" in load.extra
        and (load.source, load.tenant) == (connection.source, connection.tenant)
        and load.resource == resource
    ]


def backfill(
    sources: Sources,
    selections: Sequence[Selection],
    asked: Range,
    landing: Landing,
    clock: Clock,
    connections: Connections,
    progress: Callable[[str], None],
    settings: HttpSettings | None = None,
) -> list[Manifest]:
    """Reads a range of every resource that is selected, side by side as far as each host allows.

    `progress` gets one line a window and one for each resource that is left out. A resource that
    fails, or a tenant without a connection, does not stop the others: all are raised together as
    one SeveralFailedError at the end, and asking for the same range again goes on where each one
    stopped. Raises ConfigurationError when the range is empty, nothing is selected, or a resource
    that was named cannot be read so.
    """
    asked.check(clock)
    windows = list(asked.windows())
    landed: list[Manifest] = []

    def task(filling: Filling) -> Task[None]:
        def read(patience: HttpSettings) -> None:
            for number, (since, until) in enumerate(windows, 1):
                try:
                    load = fill(filling, since, until, landing, clock, patience)
                except Exception as error:
                    progress(f"{filling.connection.name}/{filling.resource}: not read: {error}")
                    raise
                if load is not None:
                    landed.append(load)
                    progress(f"{summary(load)} [{number} of {len(windows)}]")

        return Task(filling.connection, filling.resource, read)

    tasks: list[Task[None]] = []
    unreachable: dict[str, Exception] = {}
    for source, tenant, resource in selected(sources, selections, landing, progress):
        if f"{source}/{tenant}" in unreachable:
            continue
        try:
            connection = connections(source, tenant)
        except ConfigurationError as error:
            unreachable[f"{source}/{tenant}"] = error
            continue
        run = unfinished_run(landing, connection, resource, asked)
        if run is not None:
            progress(f"{connection.name}/{resource}: goes on where an earlier back-fill stopped")
        tasks.append(task(Filling(connection, resource, asked, run or uuid.uuid4().hex)))
    _, failures = side_by_side(tasks, sources, settings)
    failed = (*unreachable.items(), *failures)
    if failed:
        raise SeveralFailedError(failed, len(landed))
    return landed


def selected(
    sources: Sources,
    selections: Sequence[Selection],
    landing: Landing,
    progress: Callable[[str], None],
) -> Iterator[tuple[str, str, str]]:
    """(source, tenant, resource) of all that is to be read by a range, once each.

    `progress` is told what is left out and why. Raises ConfigurationError when a selection is not
    configured, or names a resource that cannot be read so.
    """
    seen: set[tuple[str, str, str]] = set()
    for selection in selections:
        tenants = [
            vendor.tenant
            for vendor in sources.vendors
            if vendor.source == selection.source and selection.tenant in ("", vendor.tenant)
        ]
        if not tenants:
            raise ConfigurationError(
                f"{selection}: sources.yml reads no such source; add "
                f"`- {{source: {selection.source}, tenant: {selection.tenant or '<tenant>'}}}`"
            )
        for tenant in tenants:
            for resource in connector_of(selection.source).resources:
                line = (selection.source, tenant, resource.name)
                if not selection.covers(tenant, resource.name) or line in seen:
                    continue
                seen.add(line)
                why = left_out(landing, selection.source, tenant, resource)
                if why and selection.resource:
                    raise ConfigurationError(f"{'/'.join(line)}: not read by a range: {why}")
                if why:
                    progress(f"{'/'.join(line)}: left out: {why}")
                    continue
                yield line


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
