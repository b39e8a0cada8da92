"""One stage of the pipeline in a process of its own, so that its time and memory are its own.

Run as ``python -m benchmarks.stages STAGE HOME NOW``; prints one JSON object.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

import duckdb

from ingestion.clock import Clock, FixedClock
from warehouse.home import Home

QUERIES = Path(__file__).resolve().parent.parent / "dashboards" / "queries"
OPEN_QUERIES = ("headline", "funnel", "retention", "violations")
ASKED = {
    "tenant": "aurora",
    "pipeline_id": "default",
    "first_month": date(2025, 7, 1),
    "last_month": date(2026, 6, 1),
}
REPEATS = 200
HEAVY = ("dbt.cli.main", "dbt.adapters.duckdb", "great_expectations", "expectations.gate")
"""What a build imports on its way; timed apart from what it does."""


@dataclass
class Seconds:
    """Wall seconds of the parts of one stage, by name."""

    parts: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def of(self, name: str) -> Any:
        began = time.perf_counter()
        yield
        self.parts[name] = time.perf_counter() - began


def ingest(home: Home, clock: Clock, seconds: Seconds) -> None:
    """Brings in policy, files and each vendor by itself."""
    from ingestion.connections import configured_sources, connection_from_environment
    from ingestion.extract import ingest_all
    from ingestion.files.intake import intake
    from ingestion.landing import Landing
    from warehouse.policy import land_policy

    sources = configured_sources(home.root)
    landing = Landing(home.landing)
    assert sources.policy
    with seconds.of("policy"):
        land_policy(sources.policy, Landing(home.policy), Landing(home.decisions), clock)
    with seconds.of("files"):
        for entry in sources.files:
            folder = Path(entry.folder)
            intake(folder, folder / entry.mapping, landing, clock)
    for name in sorted({vendor.source for vendor in sources.vendors}):
        vendors = tuple(vendor for vendor in sources.vendors if vendor.source == name)
        with seconds.of(name):
            ingest_all(
                replace(sources, vendors=vendors),
                landing,
                clock,
                connection_from_environment,
                lambda _: None,
            )


def build(home: Home, clock: Clock, seconds: Seconds) -> None:
    """Builds step by step. `dbt start` is what the layers spend before any of our SQL."""
    with seconds.of("imports"):
        for module in HEAVY:
            import_module(module)
    from warehouse.build import STEPS, plan_build, run_step

    with seconds.of("plan"):
        plan = plan_build(home, clock)
    if plan.skip:
        raise SystemExit(f"nothing to build: {plan.skip}")
    starts = 0.0
    for step, _ in STEPS:
        began = datetime.now(UTC)
        with seconds.of(step):
            run_step(home, step, plan.build_id, clock)
        if step in ("staging", "marts"):
            start = (_first_sql(home) - began).total_seconds()
            starts += start
            seconds.parts[step] -= start
    seconds.parts["dbt start"] = starts


def _first_sql(home: Home) -> datetime:
    """When dbt's last run began with its first model or test."""
    told = json.loads((home.warehouse / "dbt_target" / "run_results.json").read_text("utf-8"))
    return min(
        datetime.fromisoformat(timing["started_at"])
        for result in told["results"]
        for timing in result["timing"]
    )


def compiled(home: Home, clock: Clock, seconds: Seconds) -> None:
    """Writes what the build's models and tests compile to, for a warehouse with nothing in it."""
    from benchmarks.bare import write_compiled

    write_compiled(home)


def bare(home: Home, clock: Clock, seconds: Seconds) -> None:
    """Runs the same compiled SQL in DuckDB alone."""
    from benchmarks.bare import run_compiled

    run_compiled(home, seconds.of)


def read(home: Home, clock: Clock, seconds: Seconds) -> None:
    """The cockpit's queries through its reader, and on the published file directly."""
    from dashboards.reader import Reader

    queries = []
    for name in OPEN_QUERIES:
        sql = (QUERIES / f"{name}.sql").read_text(encoding="utf-8")
        queries.append((sql, {key: value for key, value in ASKED.items() if f"${key}" in sql}))
    reader = Reader(home.published, "open")
    with seconds.of("first"):
        assert reader.query(*queries[0]).table.num_rows
    with seconds.of("reader"):
        for number in range(REPEATS):
            reader.query(*queries[number % len(queries)])
    path = home.published / "current" / "open" / "closebook.duckdb"
    with duckdb.connect(str(path), read_only=True) as connection:
        connection.execute("select 1").fetchall()
        with seconds.of("bare"):
            for number in range(REPEATS):
                sql, asked = queries[number % len(queries)]
                connection.sql(sql, params=asked).to_arrow_table()


STAGES: dict[str, Callable[[Home, Clock, Seconds], None]] = {
    "ingest": ingest,
    "build": build,
    "compiled": compiled,
    "bare": bare,
    "read": read,
}


def main() -> None:
    stage, root, now = sys.argv[1:]
    seconds = Seconds()
    clock = FixedClock(datetime.fromisoformat(now).astimezone(UTC))
    STAGES[stage](Home(Path(root)), clock, seconds)
    print(json.dumps({"seconds": seconds.parts, "peak_mb": _peak_mb()}))


def _peak_mb() -> float:
    """The most memory this process has held. `getrusage` would count what its parent held too."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


if __name__ == "__main__":
    main()
