"""The load log in the warehouse: every load, whatever became of it, and every failed attempt."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from company.servers.running import Servers, running_servers
from ingestion.clock import FixedClock
from ingestion.connections import Connection
from ingestion.errors import GaveUpError
from ingestion.extract import ingest
from ingestion.http import HttpSettings
from ingestion.landing import Landing, Manifest
from tests.company.small_world import CREDENTIALS, SmallWorld
from warehouse import meta
from warehouse.decisions import decide
from warehouse.home import Home
from warehouse.load_log import fill

DAY = datetime(2026, 7, 1, 3, tzinfo=UTC)


@pytest.fixture(autouse=True)
def salt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLOSEBOOK_HASH_SALT", "a salt of tests")


@pytest.fixture
def world(tmp_path: Path) -> SmallWorld:
    return SmallWorld(tmp_path / "world.sqlite")


@pytest.fixture
def servers(world: SmallWorld) -> Iterator[Servers]:
    with running_servers(world.path, DAY.isoformat(), CREDENTIALS) as running:
        yield running


def read(home: Home, servers: Servers, hours: int = 0) -> Manifest:
    """The tickets of aurora, some hours after DAY."""
    now = DAY + timedelta(hours=hours)
    servers.move_to(now.isoformat())
    return ingest(
        "zendesk", "aurora", "ticket",
        Connection("zendesk", "aurora", servers.zendesk, "", "token-aurora"),
        Landing(home.landing), FixedClock(now), HttpSettings(attempts=1, sleep=lambda _: None),
    )  # fmt: skip


@pytest.fixture
def warehouse() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute(meta.SCHEMA)
        yield connection


def rows(connection: duckdb.DuckDBPyConnection, columns: str) -> list[tuple[Any, ...]]:
    found: list[tuple[Any, ...]] = connection.execute(
        f"select {columns} from meta.load_attempt order by recorded_at, commit_seq"
    ).fetchall()
    return found


def test_a_refused_load_and_a_failed_attempt_stand_in_the_log_beside_the_others(
    home: Home, servers: Servers, world: SmallWorld, warehouse: duckdb.DuckDBPyConnection
) -> None:
    world.ticket(1, brand="Acme")
    first = read(home, servers)
    fill(warehouse, home)
    Landing(home.landing).reject(first.commit_seq, {"reason": "key_unique: twice"})
    servers.add_fault(vendor="zendesk", kind="status", status=503, times=None)
    with pytest.raises(GaveUpError):
        read(home, servers, hours=1)
    servers.clear_faults()
    read(home, servers, hours=2)
    decide(
        Landing(home.decisions), FixedClock(DAY + timedelta(hours=3)),
        kind="action", subject="s", actor="a", reason="r",
    )  # fmt: skip
    fill(warehouse, home)
    assert rows(warehouse, "store, resource, outcome, load_kind, failure_kind, reason") == [
        ("landing", "ticket", "refused", "first", None, "key_unique: twice"),
        ("landing", "ticket", "failed", None, "unwell", None),
        ("landing", "ticket", "loaded", "first", None, None),
        ("decisions", "decision", "loaded", "news", None, None),
    ]
    columns = warehouse.execute(
        "select distinct column_name, data_type, filled_row_count from meta.load_column "
        "where not is_declared or column_name in ('id', 'priority') order by all"
    ).fetchall()
    assert ("brand", "text", None) in columns
    assert ("id", "string", 1) in columns and ("priority", "string", 0) in columns


def test_filling_it_again_changes_nothing_and_what_the_stores_lost_goes(
    home: Home, servers: Servers, world: SmallWorld, warehouse: duckdb.DuckDBPyConnection
) -> None:
    world.ticket(1)
    read(home, servers)
    world.ticket(2, at=DAY + timedelta(minutes=1), status=["broken"])
    second = read(home, servers, hours=1)
    fill(warehouse, home)
    tables = ("load_attempt", "load_column", "load_refusal")

    def everything() -> list[list[tuple[Any, ...]]]:
        return [
            warehouse.execute(f"select * from meta.{table} order by all").fetchall()
            for table in tables
        ]

    before = everything()
    assert all(before)
    fill(warehouse, home)
    assert everything() == before
    fill(warehouse, home, {"landing": 1, "policy": 0, "decisions": 0, "failures": 0})
    assert rows(warehouse, "commit_seq") == [(1,)]
    (Landing(home.landing).commits / f"{second.commit_seq:010d}.json").unlink()
    fill(warehouse, home)
    assert rows(warehouse, "commit_seq") == [(1,)]
    assert not warehouse.execute("from meta.load_refusal").fetchall()
