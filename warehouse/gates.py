"""What the gates are told about a build, and what their results amount to."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb

from expectations.contract import GateContext, LastLoad, NewLoad, PublishedVersion
from ingestion.catalog import CONNECTORS
from ingestion.connections import configured_sources
from ingestion.errors import ConfigurationError
from ingestion.landing import Landing, Manifest
from warehouse.home import Home
from warehouse.landed import KEYS, declared
from warehouse.meta import StagedLoad
from warehouse.plan import BuildPlan
from warehouse.publish import VersionManifest, current_version, versions

Stream = tuple[str, str, str]
"""What loads follow one another: (source, tenant, resource)."""

PREVIOUS_LOADS = 28
"""How many earlier loads the raw gate may compare a new one with."""


def gate_context(home: Home, plan: BuildPlan) -> GateContext:
    """What the gates are told: the dates, the new loads, the last deliveries, the last version."""
    landing = Landing(home.landing)
    columns = dict(declared())
    history: defaultdict[Stream, list[Manifest]] = defaultdict(list)
    for load in landing.accepted(until=plan.watermarks["landing"]):
        history[load.source, load.tenant, load.resource].append(load)
    before = _version_before(home, plan)
    return GateContext(
        as_of_date=plan.date,
        as_of_at=plan.instant,
        loads=tuple(
            NewLoad(
                commit_seq=load.commit_seq,
                load_id=load.load_id,
                source=load.source,
                tenant=load.tenant,
                resource=load.resource,
                recorded_at=datetime.fromisoformat(load.recorded_at),
                rows=load.rows,
                rejected_rows=load.rejected_rows,
                files=tuple(Path(path) for path in load.files),
                rejects=tuple(Path(path) for path in load.rejects),
                key=KEYS[f"{load.source}.{load.resource}"],
                columns=tuple(
                    column
                    for column in columns[f"{load.source}.{load.resource}"]
                    if not column[0].startswith("_")
                ),
                previous_rows=_previous_rows(
                    history[load.source, load.tenant, load.resource], load
                ),
                is_backfill=load.is_backfill,
            )
            for load in plan.loads
            if load.store == "landing"
        ),
        last_loads=tuple(
            LastLoad(*stream, recorded_at=_last_recorded(history.get(stream, [])))
            for stream in sorted(history.keys() | _configured_streams(home))
        ),
        published=PublishedVersion(
            version=before.version,
            as_of_date=date.fromisoformat(before.as_of_date),
            open_tables=home.published / before.version / "open" / "parquet",
        )
        if before is not None
        else None,
    )


def _version_before(home: Home, plan: BuildPlan) -> VersionManifest | None:
    """What readers see, or the last version that is not of a later date than the plan's."""
    now = current_version(home)
    if now is None or now.as_of_date <= plan.as_of_date:
        return now
    earlier = [kept for kept in versions(home) if kept.as_of_date <= plan.as_of_date]
    return earlier[-1] if earlier else None


def _configured_streams(home: Home) -> set[Stream]:
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


def _last_recorded(history: list[Manifest]) -> datetime | None:
    """When it was last read for news; what fills a range of the past makes nothing fresh."""
    return max(
        (datetime.fromisoformat(load.recorded_at) for load in history if "range" not in load.extra),
        default=None,
    )


def _previous_rows(history: list[Manifest], load: StagedLoad) -> tuple[int, ...]:
    """Row counts of the last loads before this one, newest first, back-fill left out."""
    earlier = [
        other.rows
        for other in history
        if other.place < load.commit_seq and not other.is_backfill and "range" not in other.extra
    ]
    return tuple(reversed(earlier[-PREVIOUS_LOADS:]))


def gate_summary(database: Path) -> tuple[list[dict[str, Any]], int]:
    """One {gate, passed, checks, failed, warned} a gate, in order, and the rows in quarantine."""
    with duckdb.connect(str(database), read_only=True) as connection:
        gates = connection.execute(
            """
            select
                gate,
                count(*) as checks,
                count(*) filter (where not success and severity = 'critical') as failed,
                count(*) filter (where not success and severity <> 'critical') as warned
            from quality.gate_result
            group by gate
            order by array_position(['raw', 'stage_entry', 'marts'], gate)
            """
        ).fetchall()
        quarantined = connection.execute("select count(*) from quality.quarantine").fetchone()
    summary = [
        {"gate": gate, "passed": failed == 0, "checks": checks, "failed": failed, "warned": warned}
        for gate, checks, failed, warned in gates
    ]
    return summary, quarantined[0] if quarantined else 0
