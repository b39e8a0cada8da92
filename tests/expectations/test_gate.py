"""What holds for every gate: it fails closed, and what it writes is a function of the data."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Literal

import duckdb
import pytest

from expectations.contract import GateName, GateOutcome
from expectations.gate import run_gate
from tests.expectations.gates import context, publish, warehouse


def _not_evaluated(outcome: GateOutcome) -> list[str]:
    return [check.suite for check in outcome.checks if check.observed.startswith("not evaluated")]


def test_a_missing_mart_fails_its_checks_and_spares_the_others() -> None:
    connection = warehouse()
    connection.execute("drop table core.bridge_opportunity_invoice")
    outcome = run_gate("marts", connection, context())
    assert not outcome.passed
    assert set(_not_evaluated(outcome)) == {"marts.bridge_opportunity_invoice"}
    assert "bridge_opportunity_invoice does not exist" in outcome.message


def test_nothing_evaluated_although_there_is_input_is_a_failure(tmp_path: Path) -> None:
    connection = warehouse()
    version = publish(connection, tmp_path)
    connection.execute("delete from marts.mart_payroll_reconciliation")
    connection.execute("delete from marts.mart_headline_by_month")
    connection.execute("delete from staging.stg_policy__tenant")
    outcome = run_gate("marts", connection, context(version))
    assert "marts.cash" in _not_evaluated(outcome)
    assert "no tenants were found, although there is input: 2" in outcome.message


@pytest.mark.parametrize("gate", ["raw", "stage_entry"])
def test_a_gate_that_cannot_even_start_fails_and_says_why(
    gate: Literal["raw", "stage_entry"],
) -> None:
    outcome = run_gate(gate, duckdb.connect(), context())
    assert not outcome.passed
    assert [check.check_name for check in outcome.failed] == ["gate_ran"]
    assert f"{gate}.gate_ran could not be evaluated" in outcome.message


@pytest.mark.parametrize("gate", ["stage_entry", "marts"])
def test_the_same_data_gives_the_same_rows(gate: GateName) -> None:
    written = []
    for _ in range(2):
        connection = warehouse()
        run_gate(gate, connection, context())
        written.append(
            [
                connection.execute(f"select * from quality.{table} order by all").fetchall()
                for table in ("gate_result", "quarantine", "stage_entry_verdict")
            ]
        )
    assert written[0] == written[1]


def test_each_gate_replaces_its_own_results_and_keeps_the_others() -> None:
    connection = warehouse()
    run_gate("marts", connection, context())
    stage_entry = run_gate("stage_entry", connection, context())
    run_gate("stage_entry", connection, context())
    counts = dict(
        connection.execute("select gate, count(*) from quality.gate_result group by 1").fetchall()
    )
    assert counts["stage_entry"] == len(stage_entry.checks)
    assert counts["marts"] > 0


def test_nothing_of_a_gate_stays_attached_to_the_warehouse() -> None:
    connection = warehouse()
    run_gate("stage_entry", connection, context())
    attached = connection.execute("select database_name from duckdb_databases() where not internal")
    assert attached.fetchall() == [("memory",)]


def test_great_expectations_is_imported_only_when_a_gate_runs() -> None:
    code = "import sys, expectations.gate; sys.exit('great_expectations' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
