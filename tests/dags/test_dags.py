"""The exact set of DAGs, their asset graph, and what every one of them must have."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Mapping
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from ingestion.catalog import CONNECTORS

ROOT = Path(__file__).parents[2]
SOURCES = (*CONNECTORS, "files", "policy")
INGEST = {f"ingest_{source}" for source in SOURCES}
BY_HAND = {"backfill_warehouse", "configure_source"}
DAG_IDS = sorted({*INGEST, *BY_HAND, "build_warehouse", "maintenance"})
FILES = sorted((ROOT / "dags").glob("*.py"))
DAG_FILES = [path for path in FILES if not path.name.startswith("_")]
STEPS = ["raw_gate", "staging", "stage_entry_gate", "marts", "mart_gate", "publish"]


def test_these_dags_exist_and_no_other(dags: Mapping[str, Any]) -> None:
    assert sorted(dags) == DAG_IDS


def test_there_is_one_file_a_dag_with_the_dags_name() -> None:
    assert sorted(path.stem for path in DAG_FILES) == DAG_IDS


def test_each_ingest_dag_updates_its_own_landing_asset_once(dags: Mapping[str, Any]) -> None:
    outlets = {
        dag_id: [
            (task.task_id, asset.name) for task in dags[dag_id].tasks for asset in task.outlets
        ]
        for dag_id in dags
    }
    expected = {f"ingest_{source}": [("announce", f"landing_{source}")] for source in SOURCES}
    assert outlets == {dag_id: [] for dag_id in DAG_IDS} | expected


def test_an_asset_is_updated_only_after_the_last_mapped_load(dags: Mapping[str, Any]) -> None:
    for dag_id in INGEST:
        (leaf,) = dags[dag_id].leaves
        assert leaf.task_id == "announce"
        assert not leaf.is_mapped, "each mapped instance would start a build"
        assert leaf.trigger_rule == "none_failed"


def test_the_build_waits_for_all_landing_assets_or_the_daily_fallback(
    dags: Mapping[str, Any],
) -> None:
    timetable = dags["build_warehouse"].timetable
    condition = timetable.asset_condition
    names = sorted(asset.name for asset in condition.objects)
    assert names == sorted(f"landing_{source}" for source in SOURCES)
    assert type(condition).__name__ == "AssetAll"
    assert timetable.timetable.expression == "30 19 * * *"


def test_nothing_runs_just_because_it_was_switched_on(dags: Mapping[str, Any]) -> None:
    for dag_id, dag in dags.items():
        timetable = getattr(dag.timetable, "timetable", dag.timetable)
        assert dag.start_date is None, dag_id
        if dag_id in BY_HAND:
            assert not timetable.can_be_scheduled
            continue
        assert timetable.run_immediately == timedelta(0), (
            f"{dag_id}: False would still run a slot that was missed by less than 10%"
        )


def test_the_builds_tasks_are_the_builds_steps_in_order(dags: Mapping[str, Any]) -> None:
    from warehouse.build import STEPS as BUILD_STEPS

    dag = dags["build_warehouse"]
    assert [name for name, _ in BUILD_STEPS] == STEPS
    assert sorted(task.task_id for task in dag.tasks) == sorted(["plan", *STEPS])
    for earlier, later in zip(["plan", *STEPS], STEPS, strict=False):
        assert earlier in dag.get_task(later).upstream_task_ids


def test_maintenance_runs_the_parts_of_the_command_in_their_order(dags: Mapping[str, Any]) -> None:
    from warehouse.maintain import PARTS

    dag = dags["maintenance"]
    assert sorted(task.task_id for task in dag.tasks) == sorted(PARTS)
    for earlier, later in pairwise(PARTS):
        assert dag.get_task(later).upstream_task_ids == {earlier}
    assert dag.timetable.expression == "0 4 * * SUN"


def test_the_form_offers_every_action_and_every_vendor(dags: Mapping[str, Any]) -> None:
    from warehouse.sources import ACTIONS

    params = dags["configure_source"].params
    assert set(params.get_param("action").schema["enum"]) == set(ACTIONS)
    assert set(params.get_param("source").schema["enum"]) == set(CONNECTORS)
    pattern = params.get_param("url").schema["pattern"]
    assert re.match(pattern, "https://crm.example/api") and not re.match(pattern, "https://a:b@c")


def test_a_back_fill_reads_each_vendor_in_its_own_pool_and_then_starts_the_build(
    dags: Mapping[str, Any],
) -> None:
    dag = dags["backfill_warehouse"]
    for source in CONNECTORS:
        fill = dag.get_task(f"fill_{source}")
        assert fill.pool == f"host_{source}" == dags[f"ingest_{source}"].get_task("extract").pool
        assert fill.upstream_task_ids == {f"plan_{source}"}
    (build,) = dag.leaves
    assert build.trigger_dag_id == "build_warehouse"
    assert build.trigger_rule == "none_failed", "a source that was not asked for is skipped"


@pytest.mark.parametrize("dag_id", DAG_IDS)
def test_every_dag_says_what_it_brings_when_and_what_to_do_when_red(
    dags: Mapping[str, Any], dag_id: str
) -> None:
    text = dags[dag_id].doc_md
    for heading in ("**When.**", "**What it updates.**", "**When red.**"):
        assert heading in text
    runbook = re.search(r"docs/runbooks/\w+\.md", text)
    assert runbook and (ROOT / runbook[0]).is_file()


@pytest.mark.parametrize("dag_id", DAG_IDS)
def test_every_dag_runs_alone_catches_nothing_up_and_has_a_deadline(
    dags: Mapping[str, Any], dag_id: str
) -> None:
    dag = dags[dag_id]
    assert dag.max_active_runs == 1
    assert dag.catchup is False
    assert dag.deadline


@pytest.mark.parametrize("dag_id", DAG_IDS)
def test_every_task_has_an_owner_retries_with_backoff_a_limit_and_a_notice(
    dags: Mapping[str, Any], dag_id: str
) -> None:
    for task in dags[dag_id].tasks:
        values = task.partial_kwargs if task.is_mapped else vars(task)
        assert task.owner == "data-engineering"
        assert task.retries >= 2
        assert values["retry_delay"] > timedelta(0)
        assert values["execution_timeout"] is not None
        assert values["on_failure_callback"]
        assert task.retry_exponential_backoff
        assert task.retry_policy is not None


def test_tasks_that_touch_the_world_run_in_a_pool_that_is_created_first(
    dags: Mapping[str, Any],
) -> None:
    pools = json.loads((ROOT / "config" / "airflow" / "pools.json").read_text(encoding="utf-8"))
    used = {
        task.pool
        for dag in dags.values()
        for task in dag.tasks
        if not task.task_id.startswith(("plan_", "announce", "start_"))
    }
    assert used == set(pools)
    assert pools["warehouse_writer"]["slots"] == 1, "DuckDB has one writer"
    assert {task.pool for task in dags["build_warehouse"].tasks} == {"warehouse_writer"}


def test_mapped_tasks_are_named_by_what_they_do(dags: Mapping[str, Any]) -> None:
    mapped = [task for dag in dags.values() for task in dag.tasks if task.is_mapped]
    expected = len(SOURCES) - 1 + len(CONNECTORS)
    assert len(mapped) == expected, "every source but policy, and every vendor's past"
    for task in mapped:
        assert "op_kwargs" in task.partial_kwargs["map_index_template"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_file_is_a_table_of_contents_of_at_most_80_lines(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 80


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_only_airflows_sdk_and_the_folder_itself_are_imported_at_the_top(path: Path) -> None:
    standard = {
        "__future__",
        "datetime",
        "functools",
        "json",
        "logging",
        "operator",
        "re",
        "typing",
    }
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        for name in names:
            assert name == "airflow.sdk" or name.startswith("dags.") or name in standard, (
                f"{path.name} imports {name} at the top: import it inside the task"
            )


def test_parsing_a_dag_file_loads_no_heavy_package(imported_at_parse_time: set[str]) -> None:
    heavy = {"dbt", "duckdb", "great_expectations", "pandas", "pyarrow"}
    assert imported_at_parse_time & heavy == set()


@pytest.mark.parametrize("path", DAG_FILES, ids=lambda path: path.name)
def test_a_dag_file_holds_no_sql_no_shell_no_pandas_and_no_airflow_variable(path: Path) -> None:
    code = path.read_text(encoding="utf-8").split('"""', 2)[2]
    assert not re.search(r"\b(select|insert|Bash\w+|Variable|pandas|subprocess|os)\b", code)


@pytest.mark.parametrize("path", DAG_FILES, ids=lambda path: path.name)
def test_airflows_safe_mode_sees_the_file(path: Path) -> None:
    text = path.read_text(encoding="utf-8").lower()
    assert "airflow" in text and "dag" in text
