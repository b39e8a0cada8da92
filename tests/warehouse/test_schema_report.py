"""What `closebook schema` says, of real loads over the vendor servers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from company.servers.running import Servers, running_servers
from ingestion.catalog import CONNECTORS, resource_of
from ingestion.clock import FixedClock
from ingestion.connections import Connection
from ingestion.extract import ingest
from ingestion.landing import Landing, Manifest
from ingestion.resource import Column, ColumnType
from tests.company.small_world import CREDENTIALS, SmallWorld
from warehouse.cli import EXIT_ERROR, invoke
from warehouse.home import Home
from warehouse.schema_report import Drift, drifts

DAY = datetime(2026, 7, 1, 3, tzinfo=UTC)

Said = pytest.CaptureFixture[str]
Read = Callable[..., Manifest]


@pytest.fixture
def world(tmp_path: Path) -> SmallWorld:
    return SmallWorld(tmp_path / "world.sqlite")


@pytest.fixture
def servers(world: SmallWorld) -> Iterator[Servers]:
    with running_servers(world.path, DAY.isoformat(), CREDENTIALS) as running:
        yield running


@pytest.fixture
def read(home: Home, servers: Servers, monkeypatch: pytest.MonkeyPatch) -> Read:
    """Reads the tickets of aurora on a day, as they are declared then."""
    monkeypatch.setenv("CLOSEBOOK_HOME", str(home.root))
    monkeypatch.setenv("CLOSEBOOK_HASH_SALT", "a salt of tests")

    def read(day: int, **declared: ColumnType | None) -> Manifest:
        zendesk = CONNECTORS["zendesk"]
        ticket = resource_of(zendesk, "ticket")
        kept = tuple(column for column in ticket.columns if column.name not in declared)
        new = tuple(Column(name, kind) for name, kind in declared.items() if kind)
        others = tuple(r for r in zendesk.resources if r.name != "ticket")
        changed = replace(ticket, columns=(*kept, *new))
        monkeypatch.setitem(CONNECTORS, "zendesk", replace(zendesk, resources=(*others, changed)))
        now = DAY + timedelta(days=day)
        servers.move_to(now.isoformat())
        return ingest(
            "zendesk", "aurora", "ticket",
            Connection("zendesk", "aurora", servers.zendesk, "", "token-aurora"),
            Landing(home.landing), FixedClock(now),
        )  # fmt: skip

    return read


def found(home: Home) -> dict[tuple[str, str], Drift]:
    return {(drift.column, drift.drift): drift for drift in drifts(home)["zendesk.ticket"]}


def test_a_column_that_came_and_went_says_when(home: Home, world: SmallWorld, read: Read) -> None:
    world.ticket(1)
    read(0)
    for number in (2, 3):
        world.ticket(number, at=DAY + timedelta(days=number - 2, hours=1), brand="Acme")
        read(number - 1)
    brand = found(home)["brand", "unknown_column"]
    assert str(brand) == "aurora  brand: not declared, text, in 2 loads, since 2026-07-02 03:00"
    world.ticket(4, at=DAY + timedelta(days=2, hours=1))
    read(3)
    assert str(found(home)["brand", "unknown_column"]) == f"{brand}, gone after 2026-07-03 03:00"


def test_a_declared_column_that_was_filled_and_is_empty_in_every_row_since(
    home: Home, world: SmallWorld, read: Read
) -> None:
    for number in range(1, 21):
        world.ticket(number, priority="high" if number % 2 else None)
    read(0)
    for number in range(21, 30):
        world.ticket(number, at=DAY + timedelta(hours=number))
    read(2)
    assert ("priority", "emptied_column") not in found(home), (
        "9 rows: 4.5 values were to be expected"
    )
    world.ticket(30, at=DAY + timedelta(days=2, hours=1))
    world.ticket(31, at=DAY + timedelta(days=2, hours=1))
    read(3)
    priority = found(home)["priority", "emptied_column"]
    assert (priority.values["first_seen_at"].day, priority.values["load_count"]) == (3, 2)
    assert priority.is_current


def test_rows_refused_for_another_type_are_counted_with_an_example_and_no_value(
    home: Home, world: SmallWorld, read: Read
) -> None:
    world.ticket(1)
    world.ticket(2, status={"name": "Jane Roe"})
    world.ticket(3, status=["Jane Roe"])
    load = read(0)
    status = found(home)["status", "refused_values"]
    assert status.values["row_count"] == 2
    assert f"2 rows refused in 1 load, last: row 2 of load {load.load_id}: the type changed" in str(
        status
    )
    assert "Jane" not in str(status.values)


def test_the_command_names_every_version_what_changed_and_the_columns_of_any_load(
    home: Home, world: SmallWorld, read: Read, capsys: Said
) -> None:
    world.ticket(1, brand="Acme")
    first = read(0)
    world.ticket(2, at=DAY + timedelta(hours=1), brand="Acme")
    second = read(1, brand="string", channel=None, priority="int")
    assert invoke(["schema", "zendesk.ticket"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "zendesk.ticket"
    assert lines[1] == f"  {first.schema_version}  #1 2026-07-01 03:00 UTC: 8 columns"
    assert lines[2] == (
        f"  {second.schema_version}  #2 2026-07-02 03:00 UTC: "
        "added brand, removed channel, priority was string, is int"
    )
    assert "    priority  int" in lines
    assert (
        "  aurora  brand: not declared, text, in 1 load, since 2026-07-01 03:00,"
        " gone after 2026-07-01 03:00"
    ) in lines
    assert invoke(["schema", "--load", "1"]) == 0
    told = capsys.readouterr().out.splitlines()
    assert told[0] == "zendesk.ticket of aurora, load #1"
    assert "    priority  string" in told and "    channel  string" in told
    assert invoke(["schema", "zendesk"]) == 0
    assert "zendesk.organization" in capsys.readouterr().out


def test_the_command_without_a_name_shows_only_what_changed_or_drifted(
    world: SmallWorld, read: Read, capsys: Said
) -> None:
    read(0)
    assert invoke(["schema"]) == 0
    assert capsys.readouterr().out == "No declaration changed, and no source drifted.\n"
    world.ticket(2, at=DAY + timedelta(hours=1), brand="Acme")
    read(1)
    assert invoke(["schema"]) == 0
    assert "brand: not declared, text" in capsys.readouterr().out


def test_a_resource_that_nobody_knows_and_a_load_that_is_not_there_are_said(
    read: Read, capsys: Said
) -> None:
    assert invoke(["schema", "zendesk.tickets"]) == EXIT_ERROR
    assert "did you mean 'zendesk.ticket'?" in capsys.readouterr().err
    assert invoke(["schema", "--load", "9"]) == EXIT_ERROR
    assert "there is no load #9" in capsys.readouterr().err
