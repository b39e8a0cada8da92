"""Every dbt unit test, run on the relations of a warehouse that was built."""

from __future__ import annotations

import os
from pathlib import Path

from tests.e2e.installation import Installation
from warehouse.build import dbt_variables
from warehouse.dbt_runner import PROJECT
from warehouse.plan import load_plan


def test_every_branch_has_a_unit_test_that_passes(demo: Installation, tmp_path: Path) -> None:
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner

    home = demo.copy(tmp_path / "home", built=True).home
    os.environ["CLOSEBOOK_DATABASE"] = str(home.database)
    reply = dbtRunner().invoke(
        ["test", "--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT)],
        select=("test_type:unit",),
        target_path=str(home.warehouse / "dbt_target"),
        log_path=str(home.warehouse / "dbt_logs"),
        vars=dbt_variables(home, load_plan(home)),
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
