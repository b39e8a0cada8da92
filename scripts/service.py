"""What each service runs: `python -m scripts.service NAME` becomes that service.

`make demo` and docker-compose.yml start their services with this one command, so there is one
list of what they run.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from scripts.settings import ROOT, Settings, SettingsError, python

Command = list[str]


@dataclass(frozen=True, slots=True)
class Service:
    """One service. Its commands run in order; the process becomes the last one.

    `one_shot` services end by themselves. `extra` is added to the environment.
    """

    name: str
    what: str
    commands: Callable[[Settings], list[Command]]
    one_shot: bool = False
    extra: tuple[tuple[str, str], ...] = ()


def _airflow(*arguments: str) -> Callable[[Settings], list[Command]]:
    return lambda _: [[python(), "-m", "airflow", *arguments]]


def _metadata(_: Settings) -> list[Command]:
    pools = ROOT / "config" / "airflow" / "pools.json"
    return [
        [python(), "-m", "airflow", "db", "migrate"],
        [python(), "-m", "airflow", "pools", "import", str(pools)],
    ]


def _vendors(settings: Settings) -> list[Command]:
    return [
        [
            *(python(), "-m", "company.servers"),
            *("--world", str(settings.company / "world.sqlite")),
            *("--now", settings.required("CLOSEBOOK_NOW")),
            *("--credentials", str(settings.credentials)),
            *("--port", str(settings.vendor_port)),
        ]
    ]


def _cockpit(settings: Settings) -> list[Command]:
    return [
        [
            *(python(), "-m", "streamlit", "run", str(ROOT / "dashboards" / "app.py")),
            *("--server.address", settings.host),
            *("--server.port", str(settings.cockpit_port)),
            *("--server.headless", "true"),
            *("--server.fileWatcherType", "none"),
            *("--browser.gatherUsageStats", "false"),
        ]
    ]


def _docs(settings: Settings) -> list[Command]:
    folder = str(settings.docs_site)
    return [
        [python(), "-m", "scripts.docs_site", folder],
        [
            *(python(), "-m", "http.server", str(settings.docs_port)),
            *("--bind", settings.host, "--directory", folder),
        ],
    ]


SERVICES = {
    service.name: service
    for service in (
        Service(
            "company",
            "writes the demo company: world, files, credentials, sources",
            lambda _: [[python(), "-m", "scripts.company_home"]],
            one_shot=True,
        ),
        Service(
            "airflow-metadata",
            "brings Airflow's database up to date and creates the pools",
            _metadata,
            one_shot=True,
        ),
        Service("vendors", "the demo company's Salesforce, Stripe and Zendesk", _vendors),
        Service("airflow-api-server", "Airflow's pages and API", _airflow("api-server")),
        Service(
            "airflow-scheduler",
            "starts and runs tasks",
            _airflow("scheduler", "--skip-serve-logs"),
            extra=(("CLOSEBOOK_IMPORT_BEFORE_FORK", "1"),),
        ),
        Service("airflow-dag-processor", "reads the DAG files", _airflow("dag-processor")),
        Service(
            "airflow-triggerer",
            "runs what waits: deadlines, approvals",
            _airflow("triggerer", "--skip-serve-logs"),
        ),
        Service("cockpit", "the page that reads the published version", _cockpit),
        Service("docs", "the documentation", _docs),
    )
}


def write_passwords(settings: Settings) -> None:
    """Airflow's sign-in file, private to the owner: one user, `admin`, no default password."""
    path = settings.airflow_passwords
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump({"admin": settings.required("CLOSEBOOK_AIRFLOW_PASSWORD")}, file)
    path.chmod(0o600)


def become(service: Service, settings: Settings) -> None:
    """Runs the service's commands; does not return from the last one."""
    environment = settings.service_environment() | dict(service.extra)
    if service.name == "airflow-api-server":
        write_passwords(settings)
    *first, last = service.commands(settings)
    os.chdir(ROOT)
    for command in first:
        subprocess.run(command, env=environment, check=True)  # noqa: S603 (our own list)
    sys.stdout.flush()
    os.execve(last[0], last, environment)  # noqa: S606 (our own list)


def main() -> int:
    """Returns 2 with the reason when a setting is missing, a command's code when it fails."""
    parser = argparse.ArgumentParser(
        prog="python -m scripts.service",
        description=__doc__,
        epilog="\n".join(f"{service.name:<22}{service.what}" for service in SERVICES.values()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("name", choices=SERVICES, metavar="NAME")
    try:
        become(SERVICES[parser.parse_args().name], Settings.load())
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 2
    except subprocess.CalledProcessError as error:
        print(f"{Path(error.cmd[0]).name} {' '.join(error.cmd[1:])} failed", file=sys.stderr)
        return error.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main())
