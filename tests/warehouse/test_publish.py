"""A version is complete or not there, never changes, and the same rows have the same hash."""

from __future__ import annotations

import stat
from pathlib import Path

import duckdb
import pytest

from ingestion.clock import Clock
from ingestion.landing import Landing
from tests.warehouse.conftest import TABLES, basis, fill_warehouse
from warehouse.decisions import decisions_of_kind
from warehouse.errors import WarehouseError
from warehouse.home import Home
from warehouse.publish import (
    VersionManifest,
    current_version,
    last_attempt,
    publish,
    record_attempt,
    rollback,
    rolled_back,
    versions,
)


def publish_version(
    home: Home, clock: Clock, number: int = 1, as_of_date: str = "2026-06-30", keep: int = 10
) -> VersionManifest:
    fill_warehouse(home, number)
    return publish(home, basis(number, as_of_date), TABLES, [], 0, clock, keep)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_first_version_becomes_current(home: Home, clock: Clock) -> None:
    manifest = publish_version(home, clock)
    assert manifest.version == "v000001-2026-06-30"
    assert current_version(home) == manifest
    assert manifest.tables["mart_won"]["rows"] == 1000
    assert manifest.tables["mart_won"]["grain"] == ["month"]


def test_pay_is_in_the_restricted_set_alone(home: Home, clock: Clock) -> None:
    folder = home.published / publish_version(home, clock).version
    assert sorted(path.name for path in (folder / "open/parquet").iterdir()) == [
        "mart_won.parquet",
        "quarantine.parquet",
    ]
    assert [path.name for path in (folder / "restricted/parquet").iterdir()] == ["mart_pay.parquet"]
    with duckdb.connect(str(folder / "open/closebook.duckdb"), read_only=True) as connection:
        tables = {row[0] for row in connection.execute("show tables").fetchall()}
    assert tables == {"mart_won", "quarantine"}


def test_nobody_can_write_a_version_and_only_the_owner_reads_pay(home: Home, clock: Clock) -> None:
    folder = home.published / publish_version(home, clock).version
    assert mode(folder / "open") == 0o750
    assert mode(folder / "restricted") == 0o700
    assert {mode(path) for path in folder.rglob("*") if path.is_file()} == {0o444}


def test_the_published_file_is_in_the_format_that_older_tools_open(
    home: Home, clock: Clock
) -> None:
    folder = home.published / publish_version(home, clock).version
    with duckdb.connect() as connection:
        connection.execute(f"attach '{folder}/open/closebook.duckdb' as published (read_only)")
        tags = connection.execute(
            "select tags from duckdb_databases() where database_name = 'published'"
        ).fetchall()
    assert "v1.0.0" in tags[0][0]["storage_version"]


def test_the_meaning_of_a_table_and_column_travels_with_it(home: Home, clock: Clock) -> None:
    folder = home.published / publish_version(home, clock).version
    with duckdb.connect(str(folder / "open/closebook.duckdb"), read_only=True) as connection:
        tables = connection.execute("select table_name, comment from duckdb_tables()").fetchall()
        columns = connection.execute("select column_name, comment from duckdb_columns()").fetchall()
    assert ("mart_won", "Won deals.") in tables
    assert ("month", "A month.") in columns


def test_the_same_rows_have_the_same_hash_on_any_number_of_threads(
    home: Home, clock: Clock
) -> None:
    hashes = set()
    for number, threads in enumerate((1, 2, 4), start=1):
        fill_warehouse(home, rows=300_000, threads=threads)
        manifest = publish(home, basis(number), TABLES, [], 0, clock)
        hashes.add(manifest.tables["mart_won"]["sha256"])
    assert len(hashes) == 1


def test_another_row_has_another_hash(home: Home, clock: Clock) -> None:
    one = publish_version(home, clock, 1).tables["mart_won"]["sha256"]
    assert publish_version(home, clock, 2).tables["mart_won"]["sha256"] != one


def test_a_table_that_is_missing_publishes_nothing(home: Home, clock: Clock) -> None:
    before = publish_version(home, clock)
    with duckdb.connect(str(home.database)) as connection:
        connection.execute("drop table marts.mart_pay")
    with pytest.raises(WarehouseError, match=r"marts\.mart_pay"):
        publish(home, basis(2), TABLES, [], 0, clock)
    assert current_version(home) == before
    assert [kept.version for kept in versions(home)] == [before.version]


def test_old_versions_are_retired_but_never_the_current_one(home: Home, clock: Clock) -> None:
    first = publish_version(home, clock, 1)
    for number in range(2, 5):
        publish_version(home, clock, number)
    rollback(home, Landing(home.decisions), first.version, "ana", "wrong rate", clock)
    publish_version(home, clock, 5, as_of_date="2026-06-29", keep=2)
    assert [kept.version[:7] for kept in versions(home)] == ["v000001", "v000004", "v000005"]
    assert current_version(home) == first


def test_a_version_of_an_earlier_day_does_not_move_the_readers_back(
    home: Home, clock: Clock
) -> None:
    today = publish_version(home, clock, 1, as_of_date="2026-06-30")
    yesterday = publish_version(home, clock, 2, as_of_date="2026-06-29")
    assert current_version(home) == today
    assert yesterday in versions(home)


def test_version_numbers_never_repeat(home: Home, clock: Clock) -> None:
    names = [publish_version(home, clock, number, keep=1).version for number in range(1, 4)]
    assert [name[:7] for name in names] == ["v000001", "v000002", "v000003"]


def test_a_half_written_version_is_not_a_version_and_is_cleared_away(
    home: Home, clock: Clock
) -> None:
    (home.published / ".version.dead" / "open").mkdir(parents=True)
    assert versions(home) == []
    publish_version(home, clock)
    assert not (home.published / ".version.dead").exists()


def test_rolling_back_is_a_decision_and_holds_against_the_same_data(
    home: Home, clock: Clock
) -> None:
    decisions = Landing(home.decisions)
    first, second = publish_version(home, clock, 1), publish_version(home, clock, 2)
    rollback(home, decisions, first.version, "ana", "wrong rate", clock)
    assert current_version(home) == first
    (decision,) = decisions_of_kind(decisions, "rollback")
    assert (decision.actor, decision.reason, decision.subject) == (
        "ana", "wrong rate", second.version,
    )  # fmt: skip
    assert rolled_back(home, decisions, basis(2)) == decision
    assert rolled_back(home, decisions, basis(3)) is None


def test_rolling_back_to_what_is_not_there_names_what_is(home: Home, clock: Clock) -> None:
    publish_version(home, clock)
    with pytest.raises(WarehouseError, match="v000001-2026-06-30"):
        rollback(home, Landing(home.decisions), "v000009-2026-06-30", "ana", "x", clock)


def test_publishing_forgets_the_failure_before_it(home: Home, clock: Clock) -> None:
    record_attempt(home, as_of_date="2026-06-30", failed_gate="raw", message="m",
                   failed_checks=[], clock=clock)  # fmt: skip
    attempt = last_attempt(home)
    assert attempt is not None and attempt["failed_gate"] == "raw"
    publish_version(home, clock)
    assert last_attempt(home) is None


def test_current_is_a_relative_link_so_that_a_copied_home_works(home: Home, clock: Clock) -> None:
    publish_version(home, clock)
    assert str((home.published / "current").readlink()) == "v000001-2026-06-30"
