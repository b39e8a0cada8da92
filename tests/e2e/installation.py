"""A whole Closebook on a temporary home: a demo world, its servers, and the real pipeline."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from company.answer_key import answer_key
from company.servers.running import Servers, running_servers
from company.world.build import build_world
from ingestion.clock import FixedClock
from ingestion.connections import Connection, configured_sources
from ingestion.extract import ingest_all
from ingestion.files.intake import intake
from ingestion.landing import Landing
from warehouse.build import BuildResult, build
from warehouse.home import Home
from warehouse.policy import land_policy
from warehouse.publish import current_version

DEMO_NOW = "2026-07-01T03:00:00+08:00"
TENANTS = ("aurora", "borealis")
CREDENTIALS: dict[str, Any] = {
    "salesforce": {t: {"client_id": f"id-{t}", "client_secret": f"secret-{t}"} for t in TENANTS},
    "stripe": {t: f"sk_test_{t}" for t in TENANTS},
    "zendesk": {t: f"token-{t}" for t in TENANTS},
}


@dataclass
class Installation:
    """One home, fed from one world. `now` is both the vendors' present and the clock's."""

    world: Path
    home: Home
    servers: Servers
    now: str = DEMO_NOW
    lines: list[str] = field(default_factory=list)

    @property
    def clock(self) -> FixedClock:
        return FixedClock(datetime.fromisoformat(self.now).astimezone(UTC))

    @property
    def landing(self) -> Landing:
        return Landing(self.home.landing)

    def connection(self, source: str, tenant: str) -> Connection:
        credential = CREDENTIALS[source][tenant]
        login, password = (
            (credential["client_id"], credential["client_secret"])
            if source == "salesforce"
            else ("", credential)
        )
        return Connection(source, tenant, getattr(self.servers, source), login, password)

    def move_to(self, now: str) -> None:
        """Makes it `now` at the vendors and on the clock."""
        self.now = now
        self.servers.move_to(now)

    def copy(self, root: Path, *, built: bool) -> Installation:
        """The same stores under another root; with what was built and published, or without."""
        stores = ["landing", "policy", "decisions"] + ["warehouse", "published"] * built
        for store in stores:
            shutil.copytree(self.home.root / store, root / store, symlinks=True)
        shutil.copy(self.home.root / "sources.yml", root / "sources.yml")
        return Installation(self.world, Home(root).ensure(), self.servers, self.now)

    def ingest(self) -> None:
        """Policy, files and every resource of every vendor, once."""
        sources = configured_sources(self.home.root)
        assert sources.policy
        land_policy(
            sources.policy, Landing(self.home.policy), Landing(self.home.decisions), self.clock
        )
        for entry in sources.files:
            folder = Path(entry.folder)
            intake(folder, folder / entry.mapping, self.landing, self.clock)
        ingest_all(sources, self.landing, self.clock, self.connection, self.lines.append)

    def build(self, as_of_date: date | None = None) -> BuildResult:
        return build(self.home, self.clock, as_of_date, self.lines.append)

    def run(self) -> BuildResult:
        self.ingest()
        return self.build()

    def published(self) -> dict[str, list[dict[str, Any]]]:
        """Every table of the current version, as rows."""
        manifest = current_version(self.home)
        assert manifest
        return {name: self.table(name) for name in manifest.tables}

    def table(self, name: str) -> list[dict[str, Any]]:
        """One table of the current version, as rows."""
        manifest = current_version(self.home)
        assert manifest
        folder = self.home.published / manifest.version / manifest.tables[name]["access"]
        with duckdb.connect() as connection:
            parquet = str(folder / "parquet" / f"{name}.parquet")
            found = connection.execute("select * from read_parquet(?)", [parquet])
            columns = [column[0] for column in found.description]
            return [dict(zip(columns, row, strict=True)) for row in found.fetchall()]

    def hashes(self) -> dict[str, str]:
        """Table -> content hash of the current version."""
        manifest = current_version(self.home)
        assert manifest
        return {name: table["sha256"] for name, table in manifest.tables.items()}

    def grain(self, table: str) -> list[str]:
        manifest = current_version(self.home)
        assert manifest
        return list(manifest.tables[table]["grain"])

    def answers(self) -> dict[str, list[dict[str, Any]]]:
        """What the answer key says every table should hold."""
        manifest = current_version(self.home)
        assert manifest
        seen = datetime.fromisoformat(self.now).astimezone(UTC)
        return answer_key(
            self.world / "world.sqlite",
            self.world / "policy",
            self.world / "files",
            seen_at=f"{seen:%Y-%m-%dT%H:%M:%SZ}",
            as_of_date=date.fromisoformat(manifest.as_of_date),
        )


@contextmanager
def installation(
    folder: Path, seed: int = 7, scale: str = "tiny", now: str = DEMO_NOW
) -> Iterator[Installation]:
    """A fresh home on a fresh world; the servers run until the block is left."""
    world = folder / "world"
    build_world(seed, world, scale=scale)
    with on_world(world, folder / "home", now) as made:
        yield made


@contextmanager
def on_world(world: Path, root: Path, now: str = DEMO_NOW) -> Iterator[Installation]:
    """A fresh home at `root` on a world that is there already."""
    home = Home(root).ensure()
    (root / "sources.yml").write_text(
        yaml.safe_dump(
            {
                "sources": [
                    {"source": source, "tenant": tenant}
                    for source in ("salesforce", "stripe", "zendesk")
                    for tenant in TENANTS
                ],
                "files": [
                    {"folder": str(mapping.parent), "mapping": mapping.name}
                    for mapping in sorted((world / "files").glob("*/*/mapping.yml"))
                ],
                "policy": str(world / "policy"),
            }
        ),
        encoding="utf-8",
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CLOSEBOOK_HASH_SALT", "a salt for tests")
        with running_servers(world / "world.sqlite", now, CREDENTIALS) as servers:
            yield Installation(world, home, servers, now)
