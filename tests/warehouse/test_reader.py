"""A reader sees one whole version, and cannot do anything but read it."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb
import pytest

from dashboards.reader import NotAReadError, NothingPublishedError, Reader, open_locked
from ingestion.clock import Clock
from tests.warehouse.conftest import TABLES, basis, fill_warehouse
from warehouse.home import Home
from warehouse.publish import publish


@pytest.fixture
def published(home: Home, clock: Clock) -> Home:
    fill_warehouse(home)
    publish(home, basis(), TABLES, [], 0, clock)
    return home


def attached_file(home: Home, access: str = "open") -> Path:
    return (home.published / "current").resolve() / access / "closebook.duckdb"


def test_rows_come_with_their_names_and_money_is_exact(published: Home) -> None:
    answer = Reader(published.published, "open").query(
        "select won_amount, number from mart_won where won_amount = ?", [7]
    )
    assert [(str(row["won_amount"]), row["number"]) for row in answer.rows()] == [("7.00", 1)]
    assert answer.version == "v000001-2026-06-30"
    assert answer.arrow().num_rows == 1
    assert list(answer.pandas().columns) == ["won_amount", "number"]


def test_parameters_may_be_named(published: Home) -> None:
    answer = Reader(published.published, "open").query(
        "select count(*) as n from mart_won where won_amount < $limit", {"limit": 10}
    )
    assert answer.rows() == [{"n": 10}]


def test_the_open_reader_has_no_pay(published: Home) -> None:
    with pytest.raises(duckdb.CatalogException):
        Reader(published.published, "open").query("select * from mart_pay")
    pay = Reader(published.published, "restricted").query("select employee_number from mart_pay")
    assert pay.rows() == [{"employee_number": "E1"}]


def test_an_unknown_set_is_refused(published: Home) -> None:
    with pytest.raises(ValueError, match="'open' or 'restricted'"):
        Reader(published.published, "all")  # type: ignore[arg-type]  # what the test is about


def test_nothing_published_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(NothingPublishedError, match="closebook run"):
        Reader(tmp_path, "open").snapshot()


@pytest.mark.parametrize(
    "sql",
    [
        "copy mart_won to '/tmp/x.csv'",
        "select 1; select 2",
        "create table t as select 1",
        "detach published",
        "set enable_external_access = true",
        "attach ':memory:' as other",
        "",
    ],
)
def test_anything_but_one_select_is_refused(published: Home, sql: str) -> None:
    with pytest.raises(NotAReadError):
        Reader(published.published, "open").query(sql)


ATTACKS: dict[str, Callable[[Path], str]] = {
    "read another file": lambda _: "select * from read_csv('/etc/passwd')",
    "read another file as text": lambda _: "select * from read_text('/etc/passwd')",
    "read the attached file": lambda own: f"select * from read_blob('{own}')",
    "list a folder": lambda _: "select * from glob('/etc/*')",
    "write another file": lambda own: f"copy mart_won to '{own.parent}/stolen.csv'",
    "overwrite the attached file": lambda own: (
        f"copy (select 1) to '{own}' (format csv, use_tmp_file false)"
    ),
    "overwrite its log": lambda own: (
        f"copy (select 1) to '{own}.wal' (format csv, use_tmp_file false)"
    ),
    "insert": lambda _: "insert into mart_won select * from mart_won",
    "update": lambda _: "update mart_won set number = 2",
    "delete": lambda _: "delete from mart_won",
    "create": lambda _: "create table published.main.mine (a integer)",
    "drop": lambda _: "drop table published.main.mart_won",
    "attach for writing": lambda own: f"attach '{own}' as again (read_write)",
    "attach another file": lambda own: f"attach '{own.parent}/new.duckdb' as new",
    "attach the restricted set": lambda own: (
        f"attach '{own.parent.parent}/restricted/closebook.duckdb' as pay (read_only)"
    ),
    "install an extension": lambda _: "install httpfs",
    "load an extension": lambda _: "load httpfs",
    "export": lambda own: f"export database '{own.parent}/out'",
    "switch access on again": lambda _: "set enable_external_access = true",
    "bring the file system back": lambda _: "reset disabled_filesystems",
    "unlock": lambda _: "set lock_configuration = false",
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_the_locked_instance_withstands(published: Home, attack: str) -> None:
    own = attached_file(published)
    own.chmod(0o666)  # the file's mode must not be what saves it
    own.parent.chmod(0o777)
    before = hashlib.sha256(own.read_bytes()).hexdigest()
    beside = {path.name for path in own.parent.iterdir()}
    with open_locked(own) as instance:
        instance.execute("use published.main")
        with pytest.raises(duckdb.Error) as refusal:
            instance.execute(ATTACKS[attack](own)).fetchall()
        assert not isinstance(refusal.value, duckdb.ParserException), "the attack is not valid SQL"
        assert instance.execute("select count(*) from mart_won").fetchall() == [(1000,)]
    assert hashlib.sha256(own.read_bytes()).hexdigest() == before
    assert {path.name for path in own.parent.iterdir()} == beside


def test_a_snapshot_stays_readable_after_its_version_is_gone(home: Home, clock: Clock) -> None:
    fill_warehouse(home, 1)
    publish(home, basis(1), TABLES, [], 0, clock)
    reader = Reader(home.published, "open")
    pinned = reader.snapshot()
    for number in (2, 3):
        fill_warehouse(home, number)
        publish(home, basis(number), TABLES, [], 0, clock, keep=1)
    assert not (home.published / pinned.version).exists()
    assert pinned.query("select distinct number from mart_won").rows() == [{"number": 1}]
    assert reader.query("select distinct number from mart_won").rows() == [{"number": 3}]


def test_readers_never_see_an_error_a_stale_or_a_mixed_version(home: Home, clock: Clock) -> None:
    """Versions are published one after another, each removed at once, while four threads read."""
    fill_warehouse(home, 1)
    publish(home, basis(1), TABLES, [], 0, clock, keep=1)
    reader = Reader(home.published, "open")
    visible, stop, reads = [1], threading.Event(), []

    def read() -> None:
        while not stop.is_set():
            at_least = visible[0]
            snapshot = reader.snapshot()
            numbers = [
                snapshot.query("select distinct number from mart_won").rows() for _ in range(2)
            ]
            assert numbers[0] == numbers[1] and len(numbers[0]) == 1
            assert snapshot.version.startswith(f"v{numbers[0][0]['number']:06d}")
            assert numbers[0][0]["number"] >= at_least
            reads.append(numbers[0][0]["number"])

    with ThreadPoolExecutor(4) as pool:
        readers = [pool.submit(read) for _ in range(4)]
        for number in range(2, 16):
            fill_warehouse(home, number)
            publish(home, basis(number), TABLES, [], 0, clock, keep=1)
            visible[0] = number
        stop.set()
        for thread in readers:
            thread.result()
    assert len(set(reads)) > 5


def test_a_link_to_a_version_that_is_not_there_says_so(published: Home) -> None:
    link = published.published / "current"
    link.unlink()
    link.symlink_to("v000099-2026-06-30")
    with pytest.raises(NothingPublishedError, match="closebook versions"):
        Reader(published.published, "open").query("select 1")


def test_the_reader_knows_nothing_of_the_warehouse() -> None:
    code = "import sys, dashboards.reader; print({name.split('.')[0] for name in sys.modules})"
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True).stdout
    assert b"'duckdb'" in loaded
    assert b"'warehouse'" not in loaded and b"'ingestion'" not in loaded
