"""A DAG really run by Airflow (`airflow dags test`), for good and for bad input."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def airflow(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Runs `airflow ...` on a database of its own that has the pools; `home` is CLOSEBOOK_HOME."""
    folder = tmp_path_factory.mktemp("airflow")

    def run(*arguments: str, home: Path = folder) -> subprocess.CompletedProcess[str]:
        environment = {
            **os.environ,
            "AIRFLOW_HOME": str(folder),
            "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{folder}/airflow.db",
            "CLOSEBOOK_HOME": str(home),
            "CLOSEBOOK_NOW": "2026-07-01T03:00:00+08:00",
            "PYTHONPATH": str(ROOT),
        }
        return subprocess.run(
            [sys.executable, "-m", "airflow", *arguments],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    for command in (["db", "migrate"], ["pools", "import", "config/airflow/pools.json"]):
        done = run(*command)
        assert done.returncode == 0, done.stderr
    return run


def ended_well(done: subprocess.CompletedProcess[str]) -> bool:
    """The run's own state: the exit code of `dags test` is 1 for every DAG with a deadline, because
    Airflow 3.3.2 looks the deadline up under an id that only the scheduler has given it."""
    return ", state:running" in done.stdout and "> successful" in done.stdout


def test_policy_lands_through_airflow(airflow: Run, tmp_path: Path) -> None:
    sources = f"policy: {ROOT / 'company' / 'policy'}\n"
    (tmp_path / "sources.yml").write_text(sources, encoding="utf-8")
    done = airflow("dags", "test", "ingest_policy", home=tmp_path)
    assert ended_well(done)
    tables = {path.name for path in (tmp_path / "policy" / "policy" / "house").iterdir()}
    assert {path.stem for path in (ROOT / "company" / "policy").glob("*.csv")} == tables
    assert not (tmp_path / "notices").exists()


def test_a_final_error_fails_without_retry_and_leaves_a_notice(
    airflow: Run, tmp_path: Path
) -> None:
    done = airflow("dags", "test", "ingest_policy", home=tmp_path)
    assert "Retry policy decision" in done.stdout and "action=fail" in done.stdout
    (path,) = (tmp_path / "notices").glob("*.json")
    notice = json.loads(path.read_text(encoding="utf-8"))
    assert notice["subject"] == "ingest_policy.land_policy_folder failed"
    assert "sources.yml does not exist" in notice["because"]
    assert notice["what_to_do"].startswith("docs/runbooks/ingest_policy.md")
    assert "/dags/ingest_policy/runs/" in notice["link"]


def test_a_build_on_empty_stores_ends_as_skipped(airflow: Run, tmp_path: Path) -> None:
    done = airflow("dags", "test", "build_warehouse", home=tmp_path)
    assert ended_well(done)
    assert "new_state=skipped" in done.stdout
    assert not (tmp_path / "published" / "current").exists()
