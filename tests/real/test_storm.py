"""The storm of tests/ingestion before the real servers: what lands is what they say themselves.

There each vendor but three is played; here the replies that are spoiled are the real ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ingestion.clock import FixedClock
from ingestion.connections import Connection
from ingestion.extract import ingest
from ingestion.http import HttpSettings
from ingestion.landing import Landing
from scripts.real.request_tracker import running_request_tracker
from scripts.real.roundup import running_roundup
from scripts.real.tryton import Tryton
from scripts.real.tryton_rpc import DATABASE
from tests.ingestion.weather import Weather, exposed, forward_to
from tests.real.request_tracker import Desk as RequestTrackerDesk
from tests.real.test_roundup import Desk as RoundupDesk

SEEDS = range(3)
RATE = 0.5
"""Higher than in the other storm: there are few requests."""


@dataclass
class Stormy:
    """One server behind the weather, and the landing store that reads it there."""

    source: str
    address: str
    login: str
    password: str
    landing: Landing
    weather: Weather

    def read(self, resource: str, now: datetime) -> None:
        connection = Connection(self.source, "aurora", self.address, self.login, self.password)
        settings = HttpSettings(attempts=12, sleep=self.weather.sleep, read_timeout=5.0)
        clock = FixedClock(now)
        ingest(self.source, "aurora", resource, connection, self.landing, clock, settings)

    def landed(self, *columns: str) -> dict[str, tuple[Any, ...]]:
        """The last landed version of each row, by id."""
        found: dict[str, tuple[Any, ...]] = {}
        for load in self.landing.loads():
            rows = duckdb.execute(
                f"select id, {', '.join(columns)} from read_parquet(?, hive_partitioning = false)",
                [str(self.landing.root / load.files[0].path)],
            ).fetchall()
            assert len({row[0] for row in rows}) == len(rows)
            found |= {row[0]: row[1:] for row in rows}
        return found


@contextmanager
def storm(
    seed: int, source: str, base_url: str, login: str, password: str, folder: Path, rows_at: str
) -> Iterator[Stormy]:
    """Opens the proxy; at the end something must have gone wrong, and no wait been cut short."""
    weather = Weather(seed, rate=RATE)
    with exposed(weather, forward_to(base_url), rows_at) as address:
        path = f"/{DATABASE}" if source == "tryton" else ""
        landing = Landing(folder / f"landing-{seed}")
        yield Stormy(source, address + path, login, password, landing, weather)
    assert weather.struck
    assert not weather.came_back_too_early


def test_roundup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingestion.roundup.client.PAGE_SIZE", 3)
    with running_roundup(tmp_path / "tracker") as server:
        desk = RoundupDesk(server, Landing(tmp_path / "unused"))
        issues = [desk.issue(status="unread") for _ in range(14)]
        for seed in SEEDS:
            with storm(
                seed, "roundup", server.base_url, server.login, server.password, tmp_path,
                "data.collection",
            ) as stormy:  # fmt: skip
                now = datetime.now(UTC) + timedelta(seconds=1)
                stormy.read("issue", now)
                desk.change(f"issue/{issues[seed]}", status="testing")
                desk.retire(f"issue/{issues[-1 - seed]}")
                stormy.read("issue", now)
                landed = stormy.landed("status", "is_deleted")
            reply = desk.ask("GET", "/issue?@fields=status&@verbose=2").json()["data"]
            told = {row["id"]: (row["status"]["name"], False) for row in reply["collection"]}
            assert {id: row for id, row in landed.items() if not row[1]} == told
            assert landed[issues[-1 - seed]][1]


@pytest.mark.real
def test_tryton(tryton: Tryton, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingestion.tryton.client.ROWS_PER_PAGE", 3)
    monkeypatch.setattr("ingestion.tryton.client.IDS_PER_PAGE", 5)
    with tryton.rpc() as rpc:
        parties = rpc.create("party.party", *({"name": f"Customer {n}"} for n in range(14)))
        for seed in SEEDS:
            with storm(
                seed, "tryton", tryton.base_url, "admin", tryton.password, tmp_path, "result"
            ) as stormy:
                now = datetime.now(UTC) + timedelta(seconds=1)
                stormy.read("party", now)
                rpc.write("party.party", [parties[seed]], {"name": f"Renamed {seed}"})
                rpc.delete("party.party", [parties.pop()])
                stormy.read("party", now)
                landed = stormy.landed("name", "is_deleted")
            told = {
                str(row["id"]): (row["name"], False)
                for row in rpc.read("party.party", ["name", "active"])
            }
            assert {id: row for id, row in landed.items() if not row[1]} == told


@pytest.mark.real
def test_request_tracker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingestion.request_tracker.client.PER_PAGE", 3)
    begin = datetime(2026, 6, 8, 9, tzinfo=UTC)
    with (
        running_request_tracker(tmp_path / "server", begin) as server,
        RequestTrackerDesk(server) as desk,
    ):
        tickets = desk.open(*([""] * 14))
        for seed in SEEDS:
            with storm(
                seed, "request_tracker", server.base_url, server.login, server.password, tmp_path,
                "items",
            ) as stormy:  # fmt: skip
                now = begin + timedelta(hours=1)
                stormy.read("ticket", now)
                desk.set(tickets[seed], Status="resolved")
                stormy.read("ticket", now)
                landed = stormy.landed("status")
            assert landed == {str(id): (desk.show(id)["Status"],) for id in tickets}
