"""Where one installation runs: folders, addresses, and the environment that its services share.

Values come from the process's environment first, then from ``$CLOSEBOOK_HOME/environment`` (lines
of ``NAME=value``, mode 0600, written by `scripts.company_home`), then from the defaults below.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from warehouse.home import read_environment_file

ROOT = Path(__file__).resolve().parent.parent

PORTS = {
    "CLOSEBOOK_COCKPIT_PORT": 8501,
    "CLOSEBOOK_AIRFLOW_PORT": 8080,
    "CLOSEBOOK_DOCS_PORT": 8090,
    "CLOSEBOOK_VENDOR_PORT": 8101,
}
"""Variable -> default. The vendors take three ports in a row, the first of which is named."""


class SettingsError(Exception):
    """A setting cannot be used; the message names it and what it must be."""


@dataclass(frozen=True, slots=True)
class Settings:
    """One installation. `values` is everything that its services get as environment."""

    home: Path
    host: str
    cockpit_port: int
    airflow_port: int
    docs_port: int
    vendor_port: int
    airflow_url: str
    values: Mapping[str, str]

    @classmethod
    def load(cls, environment: Mapping[str, str] = os.environ) -> Settings:
        """Raises SettingsError for a port that is no port."""
        home = Path(environment.get("CLOSEBOOK_HOME") or ROOT / "var").absolute()
        given = {name: value for name, value in environment.items() if value}
        values = read_environment_file(home / "environment") | given
        cockpit, airflow, docs, vendor = (_port(values, name) for name in PORTS)
        return cls(
            home=home,
            host=values.get("CLOSEBOOK_HOST", "127.0.0.1"),
            cockpit_port=cockpit,
            airflow_port=airflow,
            docs_port=docs,
            vendor_port=vendor,
            airflow_url=values.get("CLOSEBOOK_AIRFLOW_URL", f"http://127.0.0.1:{airflow}"),
            values=values | {"CLOSEBOOK_HOME": str(home)},
        )

    @property
    def environment_file(self) -> Path:
        return self.home / "environment"

    @property
    def company(self) -> Path:
        """The demo company: its world, files, policy and vendor credentials."""
        return self.home / "company"

    @property
    def credentials(self) -> Path:
        return self.company / "credentials.json"

    @property
    def logs(self) -> Path:
        return self.home / "logs"

    @property
    def run(self) -> Path:
        """What is running: one file a service, the lock, how long the last demo took."""
        return self.home / "run"

    @property
    def docs_site(self) -> Path:
        return self.home / "docs"

    @property
    def addresses(self) -> tuple[tuple[str, str], ...]:
        """What a person opens: name and address."""
        return (
            ("cockpit", f"http://127.0.0.1:{self.cockpit_port}"),
            ("Airflow", self.airflow_url),
            ("docs", f"http://127.0.0.1:{self.docs_port}"),
        )

    @property
    def airflow_passwords(self) -> Path:
        return self.home / "airflow" / "passwords.json"

    def required(self, name: str) -> str:
        """A value without a default. Raises SettingsError when it is missing."""
        value = self.values.get(name, "")
        if not value:
            raise SettingsError(
                f"{name} is not set, neither in the environment nor in {self.environment_file}"
            )
        return value

    def service_environment(self) -> dict[str, str]:
        """The environment of a service: the shared values, Airflow's settings, no telemetry."""
        quiet = {
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
            "DO_NOT_TRACK": "1",
            "GX_ANALYTICS_ENABLED": "false",
            "SCARF_ANALYTICS": "false",
        }
        path = os.pathsep.join((str(ROOT), str(ROOT / "config" / "airflow")))
        return {**quiet, **self._airflow(), **self.values, "PYTHONPATH": path}

    def _airflow(self) -> dict[str, str]:
        folder = self.home / "airflow"
        options = {
            "CORE__DAGS_FOLDER": ROOT / "dags",
            "CORE__LOAD_EXAMPLES": False,
            "CORE__DAGS_ARE_PAUSED_AT_CREATION": False,
            "CORE__EXECUTOR": "LocalExecutor",
            # Four workers keep two cores busy while half of them wait for a vendor.
            "CORE__PARALLELISM": 4,
            "CORE__EXECUTION_API_SERVER_URL": f"{self.airflow_url}/execution/",
            "CORE__SIMPLE_AUTH_MANAGER_USERS": "admin:admin",
            "CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": self.airflow_passwords,
            "CORE__MIN_SERIALIZED_DAG_UPDATE_INTERVAL": 10,
            "DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{folder}/airflow.db",
            "API__HOST": self.host,
            "API__PORT": self.airflow_port,
            "API__BASE_URL": self.airflow_url,
            "API__MAXIMUM_PAGE_LIMIT": 1000,
            # A loop of half a second: the default of one adds a second to every task.
            "SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": 0.5,
            "SCHEDULER__SCHEDULER_HEARTBEAT_SEC": 5,
            "DAG_PROCESSOR__REFRESH_INTERVAL": 30,
            "DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": 60,
            "LOGGING__COLORED_CONSOLE_LOG": False,
        }
        return {
            "AIRFLOW_HOME": str(folder),
            **{f"AIRFLOW__{name}": str(value) for name, value in options.items()},
        }


def python() -> str:
    """The interpreter of the environment that this process runs in."""
    return sys.executable


def _port(values: Mapping[str, str], name: str) -> int:
    text = values.get(name) or str(PORTS[name])
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise SettingsError(f"{name}={text!r} is not a port: use a number from 1 to 65535")
    return int(text)
