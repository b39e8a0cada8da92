"""Past loads typed anew from their kept pages: what was delivered, declared as it is today."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ingestion.catalog import CONNECTORS
from ingestion.clock import FixedClock
from ingestion.errors import ConfigurationError
from ingestion.extract import ingest
from ingestion.http import HttpSettings
from ingestion.landing import Landing, Manifest
from ingestion.replay import Replayed, replay
from ingestion.resource import Column, Resource
from ingestion.schema import rows_of
from ingestion.selection import Selection
from ingestion.state import position, standing
from ingestion.typed import landed_columns
from tests.ingestion.test_extract import LOGIN, QUERY, deal, page
from tests.ingestion.vendor import Vendor, connection

ROOT = Path(__file__).parents[2]
LINE = ("salesforce", "aurora", "opportunity")
EVERYTHING = Selection.parse("/".join(LINE))
LATER = FixedClock(datetime(2026, 7, 9, tzinfo=UTC))

Read = Callable[..., Manifest]


@pytest.fixture
def read(vendor: Vendor, landing: Landing, clock: FixedClock, settings: HttpSettings) -> Read:
    """Reads opportunities of tenant aurora, `day` days on, from a vendor that has these rows."""
    vendor.on(LOGIN, {"access_token": "a-token"})

    def run(day: int, *rows: dict[str, Any]) -> Manifest:
        vendor.on(QUERY, page(*rows))
        at = FixedClock(clock.instant + timedelta(days=day))
        return ingest(*LINE, connection("salesforce", vendor), landing, at, settings)

    return run


def declare(monkeypatch: pytest.MonkeyPatch, *columns: Column, drop: str = "") -> Resource:
    """Declares opportunity anew: without the column `drop`, with `columns`."""
    connector = CONNECTORS["salesforce"]
    old = next(resource for resource in connector.resources if resource.name == "opportunity")
    kept = tuple(column for column in old.columns if column.name != drop)
    new = replace(old, columns=(*kept, *columns))
    resources = tuple(new if resource is old else resource for resource in connector.resources)
    monkeypatch.setitem(CONNECTORS, "salesforce", replace(connector, resources=resources))
    return new


def opportunity() -> Resource:
    return next(r for r in CONNECTORS["salesforce"].resources if r.name == "opportunity")


def rows(landing: Landing, *names: str) -> list[tuple[Any, ...]]:
    """These columns of what stands, in the order of places and rows."""
    types = dict(landed_columns(opportunity()))
    columns = tuple((name, types[name]) for name in (*names, "_row_number"))
    return [
        row[:-1]
        for load in standing(landing, *LINE)
        for row in rows_of(landing, [load], columns, "_row_number")
    ]


def otherwise(done: list[Replayed]) -> list[tuple[int, int]]:
    return [(r.original.commit_seq, r.load.commit_seq) for r in done if r.load is not None]


def test_a_column_declared_after_the_fact_is_filled_from_the_kept_pages(
    read: Read, landing: Landing, vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    read(0, deal(1, Forecast__c="best"), deal(2))
    read(1, deal(1, Forecast__c="best"), deal(2, Forecast__c="worst"))
    asked = len(vendor.asked)
    declare(monkeypatch, Column("forecast", "string", "Forecast__c"))
    done = list(replay(landing, LATER, EVERYTHING))
    # On the second day nothing seemed to have changed; now one row has.
    assert otherwise(done) == [(1, 3), (2, 4)]
    assert rows(landing, "id", "forecast") == [
        ("006001", "best"),
        ("006002", None),
        ("006002", "worst"),
    ]
    assert len(vendor.asked) == asked, "the vendor is not asked"


def test_what_a_replay_tells_was_known_when_the_original_landed(
    read: Read, landing: Landing, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = read(0, deal(1, Forecast__c="best"))
    second = read(1, deal(1, Forecast__c="worst", Name="x"))
    names = ("_recorded_at", "_is_backfilled", "_row_number", "_page")
    before = rows(landing, *names)
    declare(monkeypatch, Column("forecast", "string", "Forecast__c"))
    list(replay(landing, LATER, EVERYTHING))
    assert rows(landing, *names) == before
    now = standing(landing, *LINE)
    assert [(load.place, load.recorded_at, load.is_backfill) for load in now] == [
        (first.commit_seq, first.recorded_at, True),
        (second.commit_seq, second.recorded_at, False),
    ]
    assert landing.recorded_until() == datetime.fromisoformat(second.recorded_at)


def test_a_bug_in_a_type_is_corrected_and_its_refused_rows_land(
    read: Read, landing: Landing, monkeypatch: pytest.MonkeyPatch
) -> None:
    load = read(0, deal(1, Amount=10.005), deal(2))
    assert load.rejected_rows == 1
    declare(monkeypatch, Column("amount", "decimal(18,6)", "Amount"), drop="amount")
    (done,) = replay(landing, LATER, EVERYTHING)
    assert done.load is not None
    assert (done.load.rows, done.load.rejected_rows) == (2, 0)
    assert rows(landing, "amount") == [(Decimal("10.005"),), (Decimal("1000.1"),)]


def test_with_unchanged_declarations_nothing_comes_out_otherwise(
    read: Read, landing: Landing
) -> None:
    read(0, deal(1), deal(2, Amount="x"))
    read(1, deal(1), deal(3))
    assert otherwise(list(replay(landing, LATER, EVERYTHING))) == []
    assert landing.last_seq() == 2


def test_a_second_replay_commits_nothing(
    read: Read, landing: Landing, monkeypatch: pytest.MonkeyPatch
) -> None:
    read(0, deal(1, Forecast__c="best"))
    declare(monkeypatch, Column("forecast", "string", "Forecast__c"))
    assert otherwise(list(replay(landing, LATER, EVERYTHING))) == [(1, 2)]
    assert otherwise(list(replay(landing, LATER, EVERYTHING))) == []


def test_the_cursor_does_not_move_and_the_next_day_goes_on(
    read: Read, landing: Landing, vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    read(0, deal(1, Forecast__c="best"))
    before = position(landing, *LINE)
    declare(monkeypatch, Column("forecast", "string", "Forecast__c"))
    list(replay(landing, LATER, EVERYTHING))
    assert position(landing, *LINE) == before
    following = read(1, deal(1, Forecast__c="best"))
    # It is held against what the replay told: nothing is new.
    assert (following.rows, following.extra["continues"]) == (0, 1)


def test_a_replay_begins_where_it_is_told_to_and_goes_through_to_the_last_load(
    read: Read, landing: Landing, monkeypatch: pytest.MonkeyPatch
) -> None:
    for day in range(3):
        read(day, deal(1, Forecast__c=f"on day {day}", Name=str(day)))
    declare(monkeypatch, Column("forecast", "string", "Forecast__c"))
    assert otherwise(list(replay(landing, LATER, EVERYTHING, first=2))) == [(2, 4), (3, 5)]
    since = datetime(2026, 7, 1, tzinfo=UTC)
    assert otherwise(list(replay(landing, LATER, EVERYTHING, since=since))) == [(1, 6)]


def test_a_load_without_its_pages_stays_as_it_is_and_is_named(
    read: Read, landing: Landing, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = read(0, deal(1, Forecast__c="best"))
    read(1, deal(2, Forecast__c="best"))
    landing.retire_pages(first, {"retired_at": "2026-08-05", "reason": "older than 30 days"})
    declare(monkeypatch, Column("forecast", "string", "Forecast__c"))
    done = list(replay(landing, LATER, EVERYTHING))
    assert otherwise(done) == [(2, 3)]
    assert "load 1 of 2026-07-01 is not replayable: its raw pages are gone" in str(done[0])
    assert rows(landing, "id", "forecast") == [("006001", None), ("006002", "best")]


def test_a_refused_load_is_typed_anew_and_stands_again(
    read: Read, landing: Landing, monkeypatch: pytest.MonkeyPatch
) -> None:
    read(0, deal(1, Amount=10.005))
    landing.reject(1, {"reason": "rows refused"})
    assert standing(landing, *LINE) == []
    declare(monkeypatch, Column("amount", "decimal(18,6)", "Amount"), drop="amount")
    assert otherwise(list(replay(landing, LATER, EVERYTHING, first=1))) == [(1, 2)]
    assert rows(landing, "id") == [("006001",)]
    # Where to go on is still before it: what it brought is asked for again.
    assert position(landing, *LINE) is None


def test_what_has_not_landed_cannot_be_replayed(read: Read, landing: Landing) -> None:
    read(0, deal(1))
    with pytest.raises(ConfigurationError, match="load 7 of salesforce/aurora/opportunity has not"):
        list(replay(landing, LATER, EVERYTHING, first=7))
    with pytest.raises(ConfigurationError, match="nothing to replay: stripe has not landed"):
        list(replay(landing, LATER, Selection.parse("stripe")))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("salesforce/aurora/opportunity/x", "is not SOURCE, SOURCE/TENANT"),
        ("salesforce//opportunity", "is not SOURCE, SOURCE/TENANT"),
        ("salesfroce", "did you mean 'salesforce'"),
        ("salesforce/aurora/oportunity", "did you mean 'opportunity'"),
        ("files/aurora/opportunity", "`closebook intake FOLDER` takes in what is new or corrected"),
    ],
)
def test_a_selection_that_names_nothing_is_refused_with_the_nearest(text: str, why: str) -> None:
    with pytest.raises(ConfigurationError, match=why):
        Selection.parse(text)


@pytest.mark.parametrize(
    "point", ["load-before-link", pytest.param("load-after-link", marks=pytest.mark.prove)]
)
def test_killed_at_a_commit_a_replay_leaves_each_place_whole_and_is_done_again(
    read: Read, landing: Landing, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    for day in range(2):
        read(day, deal(1, Forecast__c=f"on day {day}", Name=str(day)))
    code = (
        "from tests.ingestion.test_replay import *\n"
        "declare(pytest.MonkeyPatch(), Column('forecast', 'string', 'Forecast__c'))\n"
        f"list(replay(Landing(Path({str(landing.root)!r})), LATER, EVERYTHING))\n"
    )
    died = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=os.environ | {"CLOSEBOOK_FAILPOINT": f"{point}@2"},
        check=False,
    )
    assert died.returncode == -signal.SIGKILL
    declare(monkeypatch, Column("forecast", "string", "Forecast__c"))
    second = "on day 1" if point == "load-after-link" else None
    assert rows(landing, "forecast") == [("on day 0",), (second,)]
    left = otherwise(list(replay(landing, LATER, EVERYTHING)))
    assert left == ([] if second else [(2, 4)])
    assert rows(landing, "forecast") == [("on day 0",), ("on day 1",)]
