"""What the gates are told about a build, and what their results amount to."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb

from expectations.contract import GateContext, NewLoad, PublishedVersion
from ingestion.landing import Landing, Manifest
from warehouse.freshness import Moment, Stream, freshness
from warehouse.home import Home
from warehouse.landed import KEYS, declared
from warehouse.meta import StagedLoad
from warehouse.plan import BuildPlan
from warehouse.publish import VersionManifest, current_version, versions

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
        freshness=tuple(
            freshness(
                home, Moment(plan.instant, ZoneInfo(plan.house_timezone), plan.watermarks), landing
            )
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
