"""Every dbt unit test, run on the relations of a warehouse that was built."""

from __future__ import annotations

import os
from datetime import date

from ingestion.clock import FixedClock
from tests.dbt.conftest import SECOND_DAY, Told
from tests.dbt.story import at
from warehouse.build import dbt_variables
from warehouse.dbt_runner import PROJECT
from warehouse.plan import make_plan


def test_every_branch_has_a_unit_test_that_passes(told: Told) -> None:
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner

    home = told.story.home
    plan = make_plan(home, FixedClock(at("2026-12-31 00:00")), date.fromisoformat(SECOND_DAY))
    os.environ["CLOSEBOOK_DATABASE"] = str(home.database)
    reply = dbtRunner().invoke(
        ["test", "--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT)],
        select=("test_type:unit",),
        target_path=str(home.warehouse / "dbt_target"),
        log_path=str(home.warehouse / "dbt_logs"),
        vars=dbt_variables(home, plan),
        quiet=True,
        log_level="none",
        send_anonymous_usage_stats=False,
    )
    DuckDBConnectionManager.close_all_connections()
    assert reply.result is not None, reply.exception
    results = reply.result.results
    broken = [f"{r.node.name}: {r.message}" for r in results if str(r.status) != "pass"]
    assert not broken, "\n\n".join(broken)
    assert len(results) > 40
