"""The real build on the demo company: one process or many, from nothing or continued, any date."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import duckdb
import pytest

from tests.e2e.installation import Installation
from warehouse.build import STEPS, plan_build
from warehouse.errors import WarehouseError
from warehouse.home import Home
from warehouse.publish import current_version, versions

pytestmark = pytest.mark.e2e

PROJECT = Path(__file__).parents[2]

ONE_STEP = """
import sys
from ingestion.clock import clock_from_environment
from warehouse.build import run_step
from warehouse.home import Home
run_step(Home.from_environment(), sys.argv[1], sys.argv[2], clock_from_environment(), print)
"""


@pytest.fixture(scope="module")
def made(demo: Installation, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    yield demo.copy(tmp_path_factory.mktemp("build") / "home", built=True)
    demo.move_to(demo.now)  # a copy asks the same vendors, and moved them on


def marts(home: Home) -> dict[str, str]:
    manifest = current_version(home)
    assert manifest is not None
    return {name: table["sha256"] for name, table in manifest.tables.items()}


def query(home: Home, sql: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(home.database), read_only=True) as connection:
        rows: list[tuple[object, ...]] = connection.execute(sql).fetchall()
    return rows


def test_each_gate_is_in_the_manifest_with_its_checks(made: Installation) -> None:
    manifest = current_version(made.home)
    assert manifest is not None
    assert [gate["gate"] for gate in manifest.gates] == ["raw", "stage_entry", "marts"]
    assert all(gate["passed"] and gate["checks"] > 0 for gate in manifest.gates)


def test_pay_is_restricted_and_nothing_else_is(made: Installation) -> None:
    manifest = current_version(made.home)
    assert manifest is not None
    restricted = {n for n, table in manifest.tables.items() if table["access"] == "restricted"}
    pay = {n for n in manifest.tables if "commission" in n or "payroll" in n}
    assert pay
    assert restricted == pay | {"dim_access_grant"}  # who may see it stands beside it
    folder = made.home.published / manifest.version / "open"
    with duckdb.connect(str(folder / "closebook.duckdb"), read_only=True) as connection:
        columns = connection.execute(
            "select table_name, column_name from duckdb_columns()"
        ).fetchall()
    people = {table for table, column in columns if "employee" in column or "payee" in column}
    amounts = {table for table, column in columns if "amount" in column or column == "rate"}
    assert not people & amounts


def test_what_dbt_did_is_kept_per_model(made: Installation) -> None:
    rows = query(
        made.home,
        "select step, count(*), count(*) filter (where status not in ('success', 'pass', 'warn')) "
        "from meta.dbt_result where resource_type = 'model' group by step order by step",
    )
    assert [(step, broken) for step, _, broken in rows] == [("marts", 0), ("staging", 0)]


@pytest.mark.drawn("rebuilds", 1)
def test_a_damaged_warehouse_file_is_replaced_and_no_mart_changes(made: Installation) -> None:
    before = marts(made.home)
    made.home.database.write_bytes(b"not a database" * 1000)
    (made.home.published / "current").unlink()
    # A process per step, as under Airflow: the plan on disk is all that they share.
    plan = plan_build(made.home, made.clock)
    assert plan.rebuild
    environment = dict(os.environ) | {
        "CLOSEBOOK_HOME": str(made.home.root),
        "CLOSEBOOK_NOW": made.now,
    }
    for version in made.home.published.glob("v*"):
        version.rename(version.with_name(f".version.{version.name}"))
    told = ""
    for step, _ in STEPS:
        told += subprocess.run(
            [sys.executable, "-c", ONE_STEP, step, plan.build_id],
            cwd=PROJECT, env=environment, check=True, capture_output=True, text=True,
        ).stdout  # fmt: skip
    assert "dim_account" in told, "each model is told"
    assert marts(made.home) == before


def test_a_date_before_the_first_load_is_refused(made: Installation) -> None:
    """Everything landed on 1 July: what was known in March is in no store."""
    with pytest.raises(WarehouseError, match="before the first load, of 2026-07-01"):
        made.build(date(2026, 6, 30))


@pytest.mark.drawn("rebuilds", 1)
def test_a_past_date_is_kept_beside_what_readers_see(made: Installation) -> None:
    """Last in this file: it moves the company on by a day."""
    made.move_to("2026-07-02T03:00:00+08:00")
    assert made.run().outcome == "published"
    today = current_version(made.home)
    result = made.build(date(2026, 7, 1))
    assert result.outcome == "kept"
    assert current_version(made.home) == today
    assert versions(made.home)[-1].as_of_date == "2026-07-01"
    again = made.build(date(2026, 7, 1))
    assert (again.outcome, today and again.version) == ("skipped", today and today.version)
