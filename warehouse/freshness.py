"""How old what each resource brought is, and whether policy allows it.

One way for everybody: the raw gate asks at the build's cut-off (`as_of_at`), so that the same
stores give the same answer on any day; `closebook status` asks at this instant.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import cast
from zoneinfo import ZoneInfo

from expectations.contract import Freshness, Severity, Verdict
from ingestion.catalog import CONNECTORS
from ingestion.connections import configured_sources
from ingestion.errors import ConfigurationError
from ingestion.landing import Landing
from ingestion.load_log import Failure, facts_of, failures
from warehouse.home import Home
from warehouse.policy import landed_rows
from warehouse.policy_rows import PolicyRow
from warehouse.policy_tables import POLICY_TABLES
from warehouse.sources import switched_off

Stream = tuple[str, str, str]
"""(source, tenant, resource)."""

EVERY = "*"

_REMEMBERED = timedelta(days=7)
"""What never loaded is expected for so long after it was last tried: a typo goes away again."""


@dataclass(frozen=True, slots=True)
class Moment:
    """The instant that ages are counted to, and the zone that makes the last day before it a date.

    `watermarks` are the last numbers of each store to look at; a store that it lacks is read whole.
    """

    instant: datetime
    zone: ZoneInfo
    watermarks: Mapping[str, int] = field(default_factory=dict)

    @property
    def day(self) -> date:
        """The last day that has an instant before this one."""
        return (self.instant - timedelta(microseconds=1)).astimezone(self.zone).date()


@dataclass(slots=True)
class _Seen:
    last_loaded_at: datetime | None = None
    newest_event_at: datetime | None = None


def freshness(home: Home, at: Moment, landing: Landing | None = None) -> list[Freshness]:
    """Every resource that landed, was tried, has a service level of its own or is configured.

    One that somebody decided not to read any more is not late, unless it is configured again.
    """
    landing = landing or Landing(home.landing)
    seen = _seen(landing, at)
    failed = _failed(landing, at, seen.keys())
    levels = _levels(home, at)
    off = switched_off(Landing(home.decisions), at.instant, at.watermarks.get("decisions"))
    tried = {stream for stream, attempts in failed.items() if _is_recent(attempts[-1], at)}
    known = {stream for stream in seen.keys() | tried | _named(levels) if stream[:2] not in off}
    return [
        replace(
            _judged(stream, seen.get(stream, _Seen()), failed.get(stream, []), levels, at),
            is_in_stores=stream in known,
        )
        for stream in sorted(known | configured_streams(home))
    ]


def configured_streams(home: Home) -> set[Stream]:
    """What should arrive: every resource of the configured vendors."""
    try:
        configured = configured_sources(home.root).vendors
    except ConfigurationError:
        configured = ()  # an installation fed by `intake` alone has no sources.yml
    return {
        (vendor.source, vendor.tenant, resource.name)
        for vendor in configured
        for resource in CONNECTORS[vendor.source].resources
    }


def _seen(landing: Landing, at: Moment) -> dict[Stream, _Seen]:
    """When each resource was last delivered, and the newest that it brought."""
    # What stands in another load's place was delivered when that one was, by that one.
    committed = {load.commit_seq: load for load in landing.loads()}
    found: defaultdict[Stream, _Seen] = defaultdict(_Seen)
    for load in landing.accepted(until=at.watermarks.get("landing")):
        delivery = committed[load.place]
        delivered = datetime.fromisoformat(delivery.recorded_at)
        if delivered >= at.instant:
            continue
        seen = found[load.source, load.tenant, load.resource]
        if "range" not in delivery.extra:  # a later back-fill of a range is no news
            seen.last_loaded_at = _later(seen.last_loaded_at, delivered)
        facts = facts_of(delivery)
        if facts is not None and facts.last_modified_at is not None:
            newest = min(datetime.fromisoformat(facts.last_modified_at), delivered)
            seen.newest_event_at = _later(seen.newest_event_at, newest)
    return dict(found)


def _later(one: datetime | None, other: datetime) -> datetime:
    return other if one is None else max(one, other)


def _failed(landing: Landing, at: Moment, landed: Iterable[Stream]) -> dict[Stream, list[Failure]]:
    """The failed attempts of each resource, in order; one on a whole source is each resource's."""
    found: defaultdict[Stream, list[Failure]] = defaultdict(list)
    landed = list(landed)
    for failure in failures(landing, at.watermarks.get("failures")):
        if datetime.fromisoformat(failure.failed_at) >= at.instant:
            continue
        for resource in [failure.resource] if failure.resource else _all(failure, landed):
            found[failure.source, failure.tenant, resource].append(failure)
    return found


def _is_recent(failure: Failure, at: Moment) -> bool:
    return datetime.fromisoformat(failure.failed_at) > at.instant - _REMEMBERED


def _all(failure: Failure, landed: list[Stream]) -> list[str]:
    """The resources of the source that failed as a whole."""
    if failure.source in CONNECTORS:
        return [resource.name for resource in CONNECTORS[failure.source].resources]
    of_source = [
        resource
        for source, tenant, resource in landed
        if (source, tenant) == (failure.source, failure.tenant)
    ]
    return of_source or [EVERY]


def _levels(home: Home, at: Moment) -> list[PolicyRow]:
    rows = landed_rows(
        Landing(home.policy),
        POLICY_TABLES["service_level"],
        known_at=at.instant,
        until=at.watermarks.get("policy"),
    )
    return [row for row in rows if row.valid_from <= at.day < row.valid_to]


def _named(levels: list[PolicyRow]) -> set[Stream]:
    """The resources that have a service level of their own: they are expected."""
    return {_key(level) for level in levels if EVERY not in _key(level)}


def _key(level: PolicyRow) -> Stream:
    source, tenant, resource = (
        str(level.values[name]) for name in ("source_system", "tenant", "resource")
    )
    return source, tenant, resource


def _level(stream: Stream, levels: list[PolicyRow]) -> PolicyRow | None:
    """The row that names most of a stream: first the resource, then the tenant, then the source."""
    fitting = [
        level
        for level in levels
        if all(named in (EVERY, part) for named, part in zip(_key(level), stream, strict=True))
    ]
    return max(
        fitting, key=lambda level: tuple(n != EVERY for n in _specific(_key(level))), default=None
    )


def _specific(key: Stream) -> Stream:
    source, tenant, resource = key
    return resource, tenant, source


def _judged(
    stream: Stream,
    seen: _Seen,
    failed: list[Failure],
    levels: list[PolicyRow],
    at: Moment,
) -> Freshness:
    level = _level(stream, levels)
    since = [
        failure
        for failure in failed
        if seen.last_loaded_at is None
        or datetime.fromisoformat(failure.failed_at) > seen.last_loaded_at
    ]
    hours = None if level is None else cast("int", level.values["max_age_hours"])
    return Freshness(
        *stream,
        last_loaded_at=seen.last_loaded_at,
        newest_event_at=seen.newest_event_at,
        failing_since=datetime.fromisoformat(since[0].failed_at) if since else None,
        failed_attempts=len(since),
        failure_kind=since[-1].kind if since else "",
        max_age_hours=hours,
        severity=cast("Severity", level.values["severity"]) if level else "warning",
        owner=str(level.values["owner"]) if level else "",
        verdict=_verdict(seen.last_loaded_at, hours, at.instant),
    )


def _verdict(last: datetime | None, max_age_hours: int | None, at: datetime) -> Verdict:
    if max_age_hours is None:
        return "no_service_level"
    if last is None:
        return "never_loaded"
    return "late" if at - last > timedelta(hours=max_age_hours) else "within"
