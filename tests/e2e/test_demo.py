"""`make demo` and `make down` as a newcomer runs them: a real Airflow, from nothing to a page."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from ingestion.catalog import connector_of
from ingestion.connections import configured_sources
from ingestion.landing import Landing
from scripts.airflow_api import FINISHED, Airflow, AirflowError, Run
from scripts.processes import alive, started
from scripts.settings import PORTS, ROOT, Settings
from tests.ingestion.vendor import SECRET, running_vendor
from tests.ports import ports
from warehouse.decisions import all_decisions

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(2400)]
GATES = {"raw", "stage_entry", "marts"}


def free_ports() -> dict[str, str]:
    """Ports for the three addresses and, last, three in a row for the vendors."""
    return dict(zip(PORTS, map(str, ports(len(PORTS) + 2)), strict=False))


class Demo:
    """One home on ports of its own, and `make` in it."""

    def __init__(self, home: Path) -> None:
        # Other tests of this process may have told it where an Airflow of theirs lives.
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("AIRFLOW")}
        self.environment = {**inherited, **free_ports(), "CLOSEBOOK_HOME": str(home)}
        self.home = home

    @property
    def settings(self) -> Settings:
        return Settings.load(self.environment)

    def make(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["make", "--no-print-directory", *arguments],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def manifest(self) -> dict[str, Any]:
        path = self.home / "published" / "current" / "manifest.json"
        manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return manifest

    def nothing_is_left(self) -> bool:
        """No process of this home, no note of one, and every port is free again."""
        for port in (self.environment[name] for name in PORTS):
            with socket.socket() as trial:
                trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                trial.bind(("127.0.0.1", int(port)))
        mentioned = []
        for entry in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                command = entry.read_bytes()
            except OSError:
                continue
            if str(self.home).encode() in command:
                mentioned.append(command)
        return alive(self.settings) == [] and started(self.settings) == [] and mentioned == []


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    made = Demo(tmp_path_factory.mktemp("demo") / "home")
    yield made
    made.make("down")


@pytest.fixture(scope="module")
def published(demo: Demo) -> tuple[Demo, str]:
    """The demo after `make demo DETACH=1`, and what it printed."""
    done = demo.make("demo", "DETACH=1")
    assert done.returncode == 0, done.stdout + done.stderr
    return demo, done.stdout


def test_a_version_is_published_and_passed_every_gate(published: tuple[Demo, str]) -> None:
    demo, _ = published
    manifest = demo.manifest()
    assert manifest["version"].startswith("v000001-")
    assert manifest["as_of_date"] == "2026-07-01"
    assert {gate["gate"] for gate in manifest["gates"]} == GATES
    assert all(gate["passed"] and gate["checks"] > 0 for gate in manifest["gates"])
    assert {table["access"] for table in manifest["tables"].values()} == {"open", "restricted"}
    assert all(
        table["rows"] > 0 for name, table in manifest["tables"].items() if name.startswith("mart_")
    )


def test_the_end_shows_numbers_gates_and_three_addresses_that_answer(
    published: tuple[Demo, str],
) -> None:
    demo, output = published
    for tenant in ("aurora", "borealis"):
        assert f"{tenant}    2026-06" in output or f"{tenant}  2026-06" in output
    assert "quarantine" in output
    settings = demo.settings
    for address in (
        f"http://127.0.0.1:{settings.cockpit_port}",
        settings.airflow_url,
        f"http://127.0.0.1:{settings.docs_port}",
    ):
        assert address in output
        with urlopen(address, timeout=30) as reply:
            assert reply.status == 200


def test_secrets_are_random_private_and_in_no_log(published: tuple[Demo, str]) -> None:
    demo, output = published
    files = (
        demo.settings.environment_file,
        demo.settings.airflow_passwords,
        demo.settings.credentials,
    )
    for path in files:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    secrets = [
        value.partition("://")[2].partition("@")[0].partition(":")[2] if "://" in value else value
        for name, value in demo.settings.values.items()
        if name.startswith("CLOSEBOOK_CONN_") or name == "CLOSEBOOK_AIRFLOW_PASSWORD"
    ]
    assert len(secrets) == 7 and all(len(secret) >= 16 for secret in secrets)
    logs = [*demo.home.glob("logs/*.log"), *demo.home.glob("airflow/logs/**/*.log")]
    assert len(logs) > 50
    for path in logs:
        text = path.read_text(encoding="utf-8", errors="replace")
        assert not any(secret in text for secret in secrets), path
    # Airflow's password alone is shown, once, when it has just been made.
    assert [secret for secret in secrets if secret in output] == [
        demo.settings.required("CLOSEBOOK_AIRFLOW_PASSWORD")
    ]


def test_every_part_is_timed(published: tuple[Demo, str]) -> None:
    demo, _ = published
    seconds = json.loads((demo.settings.run / "seconds").read_text(encoding="utf-8"))
    assert {"ingest", "build", "build: marts", "all"} <= set(seconds)


ROUNDUP = {
    "action": "add", "source": "roundup", "tenant": "aurora", "reason": "the help desk moved"
}  # fmt: skip


def ended(airflow: Airflow, dag_id: str, form: dict[str, str] | None = None) -> Run:
    """Triggers a DAG as the UI does; its run when it has ended."""
    run = airflow.trigger(dag_id, form)
    while run.state not in FINISHED:
        time.sleep(0.5)
        (run,) = airflow.runs([run])
    return run


def test_a_source_is_added_read_disabled_and_enabled_from_the_ui(
    published: tuple[Demo, str],
) -> None:
    demo, _ = published
    settings = demo.settings
    airflow = Airflow(settings.airflow_url, settings.required("CLOSEBOOK_AIRFLOW_PASSWORD"))
    with running_vendor() as vendor:
        for resource in connector_of("roundup").resources:
            vendor.on(resource.endpoint, {"data": {"collection": [], "@total_size": 0}})
        assert ended(airflow, "configure_source", ROUNDUP).state == "failed", (
            "there is no connection"
        )
        (notice,) = (demo.home / "notices").glob("*configure_source*.json")
        written = json.loads(notice.read_text(encoding="utf-8"))
        assert "closebook_roundup_aurora" in written["because"]
        assert "/dags/configure_source/runs/" in written["link"]
        host, port = vendor.base_url.removeprefix("http://").split(":")
        airflow.request(
            "POST", "/api/v2/connections",
            {"connection_id": "closebook_roundup_aurora", "conn_type": "generic", "host": host,
             "port": int(port), "schema": "http", "login": "reader", "password": SECRET},
        )  # fmt: skip
        assert ended(airflow, "configure_source", ROUNDUP).state == "success"
        assert ended(airflow, "ingest_roundup").state == "success"
        assert landed_from_roundup(demo) == 3
        asked, events = len(vendor.asked), announced(airflow)

        off = ROUNDUP | {"action": "disable"}
        assert ended(airflow, "configure_source", off).state == "success"
        assert ended(airflow, "ingest_roundup").state == "success"
        assert (len(vendor.asked), landed_from_roundup(demo)) == (asked, 3)
        assert announced(airflow) == events + 1, "no build waits for a source that is disabled"

        assert ended(airflow, "configure_source", ROUNDUP | {"action": "enable"}).state == "success"
        assert configured_sources(demo.home).vendors[-1].kept_in == "airflow"
        assert ended(airflow, "configure_source", off).state == "success"
    with pytest.raises(AirflowError, match=r"400|422"):
        airflow.trigger("configure_source", ROUNDUP | {"action": "pause"})
    taken = [d for d in all_decisions(Landing(demo.home / "decisions")) if d.kind == "source"]
    assert [d.payload["action"] for d in taken] == ["add", "disable", "enable", "disable"]
    assert {(d.actor, d.reason) for d in taken} == {("admin", "the help desk moved")}
    for path in (*demo.home.glob("logs/*.log"), *demo.home.glob("airflow/logs/**/*.log")):
        assert SECRET not in path.read_text(encoding="utf-8", errors="replace"), path


def landed_from_roundup(demo: Demo) -> int:
    return sum(load.source == "roundup" for load in Landing(demo.home / "landing").loads())


def announced(airflow: Airflow) -> int:
    """How often `ingest_roundup` has updated its landing asset."""
    path = "/api/v2/assets/events?source_dag_id=ingest_roundup&limit=1"
    return int(airflow.request("GET", path)["total_entries"])


def test_maintenance_finds_everything_as_it_was_written(published: tuple[Demo, str]) -> None:
    demo, _ = published
    settings = demo.settings
    airflow = Airflow(settings.airflow_url, settings.required("CLOSEBOOK_AIRFLOW_PASSWORD"))
    run = ended(airflow, "maintenance")
    states = {task.task_id: task.state for task in airflow.tasks([run])[run.run_id]}
    assert states == {
        "verify": "success", "retention": "success", "leftovers": "success", "backup": "skipped",
    }  # fmt: skip


def test_a_second_demo_beside_it_is_refused_and_harms_nothing(
    published: tuple[Demo, str],
) -> None:
    demo, _ = published
    done = demo.make("demo", "DETACH=1")
    assert done.returncode != 0
    assert "already runs in" in done.stderr and "make down" in done.stderr
    assert demo.settings.airflow_url in done.stderr and "but not" not in done.stderr
    assert alive(demo.settings)
    docs = next(service for service in started(demo.settings) if service.name == "docs")
    os.kill(docs.pid, signal.SIGKILL)
    assert "but not docs" in demo.make("demo", "DETACH=1").stderr


def test_down_leaves_nothing_and_the_demo_runs_again_at_once_until_ctrl_c(
    published: tuple[Demo, str],
) -> None:
    demo, _ = published
    first = demo.manifest()
    scheduler = next(
        service for service in started(demo.settings) if service.name == "airflow-scheduler"
    )
    os.kill(scheduler.pid, signal.SIGKILL)  # its workers stay behind, as after a crash
    assert demo.make("down").returncode == 0
    assert demo.nothing_is_left()
    assert "nothing was running" in demo.make("down").stdout

    attached = subprocess.Popen(
        ["make", "--no-print-directory", "demo"],
        cwd=ROOT,
        env=demo.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    assert attached.stdout is not None
    lines = []
    for line in attached.stdout:
        lines.append(line)
        if "Ctrl-C stops everything" in line:
            break
    assert attached.poll() is None, "".join(lines)
    assert demo.settings.required("CLOSEBOOK_AIRFLOW_PASSWORD") not in "".join(lines)
    second = demo.manifest()
    os.killpg(attached.pid, signal.SIGINT)
    attached.wait(timeout=60)
    time.sleep(0.5)
    assert demo.nothing_is_left()
    assert second["version"] == first["version"], "nothing is new: the build is skipped"
    (off,) = configured_sources(demo.home).disabled
    assert off.source == "roundup", "what was switched stays so"
    counts = [
        {name: table["rows"] for name, table in manifest["tables"].items() if "quality" not in name}
        for manifest in (first, second)
    ]
    marts = {name for name in counts[0] if name.startswith("mart_")}
    assert marts and all(counts[0][name] == counts[1][name] for name in marts)
