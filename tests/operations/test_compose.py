"""docker-compose.yml: valid, the same services and commands as the demo, no default secret."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from scripts.health import is_up
from scripts.processes import start
from scripts.service import SERVICES, become
from scripts.settings import ROOT, Settings

TEXT = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
OURS = {name: service for name, service in COMPOSE["services"].items() if name != "postgres"}
LONG_RUNNING = [name for name, service in SERVICES.items() if not service.one_shot]


def test_the_file_is_valid_by_the_compose_specification() -> None:
    schema = json.loads((Path(__file__).parent / "compose-spec.json").read_text(encoding="utf-8"))
    validator = jsonschema.validators.validator_for(schema)(schema)
    assert [error.message for error in validator.iter_errors(COMPOSE)] == []


def test_the_schema_notices_a_misspelt_key() -> None:
    schema = json.loads((Path(__file__).parent / "compose-spec.json").read_text(encoding="utf-8"))
    broken = yaml.safe_load(TEXT.replace("healthcheck:", "health_check:"))
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(broken, schema)


def test_it_has_the_services_of_the_demo_and_postgresql() -> None:
    assert set(COMPOSE["services"]) == {*SERVICES, "postgres"}


@pytest.mark.parametrize("name", SERVICES)
def test_a_container_runs_the_very_command_that_the_demo_starts(
    name: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[list[str]] = []

    class Child:
        pid = 2**22

    def popen(command: list[str], **_: object) -> Child:
        started.append(command)
        return Child()

    monkeypatch.setattr("subprocess.Popen", popen)
    start(SERVICES[name], settings)
    monkeypatch.undo()
    assert ["python", *started[0][1:]] == COMPOSE["services"][name]["command"]


@pytest.mark.parametrize("name", LONG_RUNNING)
def test_every_long_running_service_has_a_healthcheck_that_knows_it(
    name: str, settings: Settings
) -> None:
    check = COMPOSE["services"][name]["healthcheck"]["test"]
    assert check == ["CMD", "python", "-m", "scripts.health", name]
    assert is_up(name, settings) is False


def test_no_secret_has_a_default() -> None:
    secret = re.compile(r"PASSWORD|SECRET|KEY|SALT")
    for service in COMPOSE["services"].values():
        for variable, value in (service.get("environment") or {}).items():
            if secret.search(variable) or "@postgres" in value:
                assert re.search(r"\$\{CLOSEBOOK_\w+:\?set it", value), variable


def test_readers_mount_what_they_read_read_only_and_nothing_else() -> None:
    services = COMPOSE["services"]
    assert services["cockpit"]["volumes"] == ["published:/var/lib/closebook/published:ro"]
    assert services["docs"]["volumes"] == []
    for name in ("cockpit", "docs"):
        assert set(services[name]["environment"]) == {"CLOSEBOOK_HOST"}


def test_ports_are_published_on_loopback_alone() -> None:
    ports = [port for service in OURS.values() for port in service.get("ports", ())]
    assert len(ports) == 3
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_a_service_becomes_what_its_list_says(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    became: list[list[str]] = []
    monkeypatch.setattr("os.execve", lambda _, command, environment: became.append(command))
    monkeypatch.chdir(settings.home)
    become(SERVICES["airflow-triggerer"], settings)
    assert became[0][1:] == ["-m", "airflow", "triggerer", "--skip-serve-logs"]
