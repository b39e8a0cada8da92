"""The freshness of every source in words: for `closebook status`, judged at the present instant."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

from expectations.contract import Freshness, Verdict
from ingestion.catalog import CONNECTORS
from ingestion.clock import Clock
from ingestion.landing import Landing
from ingestion.load_log import Failure, failures
from warehouse.errors import PolicyError
from warehouse.freshness import Moment, freshness
from warehouse.home import Home
from warehouse.policy import house_timezone

_WORST_FIRST: tuple[Verdict, ...] = ("late", "never_loaded", "no_service_level", "within")

TO_DO = {
    "unreachable": "nobody answers there: start the server, or correct host and port",
    "unwell": "it answers with errors: look at the vendor's status page; every run tries again",
    "refused": "it refuses: correct the credentials or the rights of the connection",
    "contract": "it sends something else than is declared: docs/runbooks/schema_drift.md",
    "configuration": "a setting is missing or wrong: the message names it",
    "unexpected": "the message says what broke",
    "": "nothing has tried since: is its DAG switched on? `closebook run` reads it now",
}
"""Kind of the last failure since the last load -> what to do."""


@dataclass(frozen=True, slots=True)
class SourceState:
    """One source of one tenant: the worst verdict of its resources, and those that have it."""

    source: str
    tenant: str
    verdict: Verdict
    resources: tuple[Freshness, ...]
    worst: tuple[Freshness, ...]
    last_failure: Failure | None

    @property
    def last_loaded_at(self) -> datetime | None:
        """When a resource was last loaded; None when none ever was."""
        return max((r.last_loaded_at for r in self.resources if r.last_loaded_at), default=None)

    @property
    def newest_event_at(self) -> datetime | None:
        """The newest event of any resource; None when none is known."""
        return max((r.newest_event_at for r in self.resources if r.newest_event_at), default=None)

    @property
    def failing_since(self) -> datetime | None:
        """The first failure that no load followed; None when all is well."""
        return min((r.failing_since for r in self.resources if r.failing_since), default=None)

    def advice(self) -> list[str]:
        """What is wrong, and as the last line what to do; nothing when all is well."""
        if self.verdict in ("within", "no_service_level") and self.failing_since is None:
            return []
        what = self.verdict if self.verdict in ("late", "never_loaded") else "failing"
        listed = self.worst if what != "failing" else self.resources
        named = [r.resource for r in listed if what != "failing" or r.failing_since]
        names = "all of it" if len(named) == len(self.resources) else ", ".join(named)
        owners = ", ".join(sorted({r.owner for r in listed if r.owner}))
        lines = [
            f"{self.source} of {self.tenant} is {what.replace('_', ' ')}: {names}"
            + (f" (owner: {owners})" if owners else "")
        ]
        failed = self.last_failure if self.failing_since is not None else None
        if self.failing_since is not None:
            attempts = max(r.failed_attempts for r in self.resources)
            lines.append(
                f"  failing since {self.failing_since.astimezone(UTC):%Y-%m-%d %H:%M} UTC, up to "
                f"{attempts} attempts a resource; the last said: {failed.message if failed else ''}"
            )
        ask = (
            f"`closebook doctor --source {self.source}`"
            if self.source in CONNECTORS
            else "`closebook intake FOLDER`"
        )
        to_do = TO_DO[failed.kind if failed else ""]
        return [*lines, f"  to do: {to_do}; {ask}, docs/runbooks/late_source.md"]


def source_states(home: Home, clock: Clock) -> list[SourceState]:
    """Every source of every tenant, judged at the clock's present."""
    now = clock.now()
    try:
        zone = house_timezone(Landing(home.policy), now.date())
    except PolicyError:
        zone = ZoneInfo("UTC")  # no policy has landed: there is no service level either
    # What landed at this very instant has landed: a pinned clock stands still.
    found = freshness(home, Moment(now + timedelta(microseconds=1), zone))
    last: dict[tuple[str, str], Failure] = {
        (failure.source, failure.tenant): failure for failure in failures(Landing(home.landing))
    }
    states = []
    for (source, tenant), group in groupby(found, key=lambda f: (f.source, f.tenant)):
        resources = tuple(group)
        verdict = min((r.verdict for r in resources), key=_WORST_FIRST.index)
        worst = tuple(r for r in resources if r.verdict == verdict)
        states.append(
            SourceState(source, tenant, verdict, resources, worst, last.get((source, tenant)))
        )
    return states
