"""Where everything lives: one object, all paths, under `CLOSEBOOK_HOME` (default ``./var``)."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

MEMORY_LIMIT = "5GB"
"""What DuckDB may hold during a build, as in `dbt_project/profiles.yml`; the rest it spills beside
the warehouse file. A million opportunities build within it; without a limit it takes four fifths
of the machine."""


@dataclass(frozen=True, slots=True)
class Home:
    """The folders of one Closebook installation.

    Five durable stores (`landing`, `policy`, `decisions`, `ledger`, `published`), the disposable
    `warehouse`, and `airflow`. Creating a Home creates nothing on disk; `ensure` does.
    """

    root: Path

    @classmethod
    def from_environment(cls) -> Home:
        return cls(Path(os.environ.get("CLOSEBOOK_HOME") or "var").absolute())

    @property
    def landing(self) -> Path:
        return self.root / "landing"

    @property
    def policy(self) -> Path:
        return self.root / "policy"

    @property
    def decisions(self) -> Path:
        return self.root / "decisions"

    @property
    def ledger(self) -> Path:
        return self.root / "ledger"

    @property
    def published(self) -> Path:
        return self.root / "published"

    @property
    def warehouse(self) -> Path:
        return self.root / "warehouse"

    @property
    def database(self) -> Path:
        """The warehouse file: a cache, one writer at a time."""
        return self.warehouse / "warehouse.duckdb"

    @property
    def airflow(self) -> Path:
        return self.root / "airflow"

    @property
    def hosts(self) -> Path:
        """The places of requests in flight, see `ingestion.host_limit`."""
        return self.root / "hosts"

    @property
    def environment_file(self) -> Path:
        """Settings and secrets of this installation, ``NAME=value`` a line, mode 0600."""
        return self.root / "environment"

    def ensure(self) -> Home:
        """Creates the folders that are missing, private to the owner where pay is inside."""
        for folder in (self.landing, self.policy, self.decisions, self.ledger, self.warehouse):
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(0o700)
        for folder in (self.published, self.airflow):
            folder.mkdir(parents=True, exist_ok=True)
        return self


def read_environment_file(path: Path) -> dict[str, str]:
    """The ``NAME=value`` lines of a file; empty when there is no file."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    lines = (line.partition("=") for line in text.splitlines() if "=" in line)
    return {name: value for name, _, value in lines if not name.startswith("#")}
