"""A DAG really run by Airflow (`airflow dags test`), for good and for bad input."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ingestion.clock import FixedClock
from ingestion.extract import ingest
from ingestion.landing import Landing
from tests.ingestion.vendor import Vendor, connection, running_vendor
from warehouse.errors import WarehouseError
from warehouse.home import Home
from warehouse.plan import load_plan
from warehouse.policy import land_policy

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

    for command in (
        ["db", "migrate"],
        ["pools", "import", "config/airflow/pools.json"],
        ["dags", "reserialize"],
    ):
        done = run(*command)
        assert done.returncode == 0, done.stderr
    return run


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    with running_vendor() as running:
        yield running


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


def test_a_back_fill_lands_the_windows_that_its_form_asks_for(
    airflow: Run, tmp_path: Path, vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows: list[dict[str, object]] = [{"id": "re_1", "created": 1782864000, "amount": 5}]
    vendor.on("/v1/refunds", {"has_more": False, "data": rows})
    (tmp_path / "sources.yml").write_text("sources: [{source: stripe, tenant: aurora}]\n", "utf-8")
    host = vendor.base_url.removeprefix("http://")
    monkeypatch.setenv("CLOSEBOOK_CONN_STRIPE__AURORA", f"http://x:sk_test_1@{host}")
    landing = Landing(tmp_path / "landing")
    clock = FixedClock(datetime(2026, 7, 1, tzinfo=UTC))
    ingest("stripe", "aurora", "refund", connection("stripe", vendor), landing, clock)
    early = int(datetime(2026, 3, 5, tzinfo=UTC).timestamp())
    vendor.on(
        "/v1/refunds",
        {"has_more": False, "data": [{"id": "re_0", "created": early}]},
        {"has_more": False, "data": []},
    )
    form = {
        "source": "stripe",
        "resources": ["refund"],
        "from": "2026-03-01",
        "until": "2026-04-10",
    }
    done = airflow("dags", "test", "backfill_warehouse", "--conf", json.dumps(form), home=tmp_path)
    assert ended_well(done), done.stdout[-3000:]
    windows = [load for load in landing.loads() if "range" in load.extra]
    assert sorted(load.extra["range"]["since"][:10] for load in windows) == [
        "2026-03-01",
        "2026-04-01",
    ]
    assert sum(load.rows for load in windows) == 1
    assert not (tmp_path / "notices").exists()


def test_tasks_of_the_daily_run_and_of_a_back_fill_keep_the_limit_of_their_host_together(
    tmp_path: Path, vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dags._backfill import fill_window
    from dags._vendors import extract

    monkeypatch.setenv("CLOSEBOOK_HOME", str(tmp_path))
    monkeypatch.setenv("CLOSEBOOK_HASH_SALT", "a-salt-of-the-tests")
    host = vendor.base_url.removeprefix("http://")
    monkeypatch.setenv("CLOSEBOOK_CONN_STRIPE__AURORA", f"http://x:sk_test_1@{host}")
    (tmp_path / "sources.yml").write_text("sources: [{source: stripe, tenant: aurora}]\n", "utf-8")
    for name in ("refund", "charge", "customer"):
        vendor.on(f"/v1/{name}s", {"has_more": False, "data": []})
        vendor.delays[f"/v1/{name}s"] = 0.2
    what = {"source": "stripe", "tenant": "aurora"}
    window = {"since": "2026-03-01", "until": "2026-04-01", "run": "manual"}
    window |= {"first": "2026-03-01", "last": "2026-04-01"}
    with ThreadPoolExecutor(6) as tasks:
        for resource in ("refund", "charge", "customer"):
            tasks.submit(extract.function, **what, resource=resource)
            tasks.submit(fill_window.function, **what, resource=resource, **window)
    assert len(list(Landing(tmp_path / "landing").loads())) == 6
    assert vendor.busiest == 2


def test_a_build_that_was_asked_for_a_past_day_is_planned_as_of_that_day(
    tmp_path: Path, vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dags._dbt import plan

    home = Home(tmp_path).ensure()
    monkeypatch.setenv("CLOSEBOOK_HOME", str(tmp_path))
    monkeypatch.setenv("CLOSEBOOK_NOW", "2026-07-03T03:00:00+08:00")
    clock, landing = FixedClock(datetime(2026, 6, 30, tzinfo=UTC)), Landing(home.landing)
    vendor.on("/v1/refunds", {"has_more": False, "data": []})
    ingest("stripe", "aurora", "refund", connection("stripe", vendor), landing, clock)
    land_policy(ROOT / "company" / "policy", Landing(home.policy), Landing(home.decisions), clock)

    def asked_for(day: str | None) -> None:
        monkeypatch.setattr("airflow.sdk.get_current_context", lambda: {"params": {"as_of": day}})
        plan.function()

    asked_for("2026-07-02")
    assert load_plan(home).as_of_date == "2026-07-02"
    asked_for(None)
    assert load_plan(home).as_of_date == "2026-06-30"
    with pytest.raises(WarehouseError, match="--as-of 2026-06-01 is before the first load"):
        asked_for("2026-06-01")
