"""Days in a row: the same stores give the same marts, however they were built."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ingestion.catalog import CONNECTORS
from ingestion.extract import Window, ingest
from ingestion.replay import replay
from ingestion.resource import Column
from ingestion.selection import Selection
from tests.e2e.correction import TENANT, correct
from tests.e2e.installation import Installation, on_world
from tests.e2e.test_answer_key import GRAINS
from warehouse.backup import back_up, restore
from warehouse.home import Home
from warehouse.publish import versions

pytestmark = pytest.mark.e2e

DAYS = (
    "2026-06-29T03:00:00+08:00",
    "2026-06-30T03:00:00+08:00",
    "2026-07-01T03:00:00+08:00",
)
LAST = datetime.fromisoformat(DAYS[-1])
THIRTY_DAYS = tuple((LAST - timedelta(days)).isoformat() for days in range(29, -1, -1))


@pytest.fixture(scope="module")
def three_days(
    demo_earlier: Installation, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    """Ingested and built on three mornings in a row."""
    assert demo_earlier.now == DAYS[0]
    root = tmp_path_factory.mktemp("days") / "home"
    shutil.copytree(demo_earlier.home.root, root, symlinks=True)
    with on_world(demo_earlier.world, root, DAYS[0]) as made:
        _run_daily(made, DAYS[1:])
        yield made


def _run_daily(made: Installation, days: Sequence[str]) -> None:
    for day in days:
        made.move_to(day)
        result = made.run()
        assert result.outcome == "published", f"{day}: {result.message}"


def _stores_copied(made: Installation, root: Path) -> Home:
    """A home with the same landing, policy and decisions, and nothing built."""
    home = Home(root)
    for store in ("landing", "policy", "decisions"):
        # Hard links in the stores are commits; a copy keeps the names, which is all that counts.
        shutil.copytree(getattr(made.home, store), getattr(home, store))
    return home.ensure()


def _tables(hashes: dict[str, str]) -> dict[str, str]:
    """What the data say; results of gates on single loads differ with the number of builds."""
    return {name: value for name, value in hashes.items() if name != "gate_result"}


@pytest.fixture(scope="module")
def once(three_days: Installation, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """One build of the landing of three days, restored from a backup."""
    root = tmp_path_factory.mktemp("once")
    home = Home(root / "home").ensure()
    back_up(three_days.home, str(root / "backup"), three_days.clock)
    restore(home, str(root / "backup"))
    assert versions(home) == versions(three_days.home)
    shutil.rmtree(home.published)
    made = Installation(three_days.world, home, three_days.servers, DAYS[-1])
    assert made.build().outcome == "published"
    return made


def test_three_daily_builds_equal_one_build_of_the_same_landing_restored_from_a_backup(
    three_days: Installation, once: Installation
) -> None:
    assert _tables(once.hashes()) == _tables(three_days.hashes())


@pytest.mark.prove
@pytest.mark.timeout(5400)
def test_thirty_daily_builds_equal_one_build_of_the_same_landing(
    demo: Installation, tmp_path: Path
) -> None:
    with on_world(demo.world, tmp_path / "daily", THIRTY_DAYS[0]) as daily:
        _run_daily(daily, THIRTY_DAYS)
        once = daily.copy(tmp_path / "once", built=False)
        assert once.build().outcome == "published"
        assert _tables(once.hashes()).keys() == _tables(daily.hashes()).keys()
        differing = {
            name: _rows_changed(daily, once, name)
            for name, sha256 in _tables(once.hashes()).items()
            if sha256 != daily.hashes()[name]
        }
        assert not differing, {name: (len(rows), rows[:3]) for name, rows in differing.items()}


def test_the_same_day_built_twice_is_identical(
    three_days: Installation, once: Installation, tmp_path: Path
) -> None:
    home = _stores_copied(three_days, tmp_path / "again")
    again = Installation(three_days.world, home, three_days.servers, "2026-07-19T10:00:00+08:00")
    again.build(date(2026, 7, 1))
    assert again.hashes() == once.hashes()


@pytest.mark.drawn("days", 1)
def test_marts_after_a_replay_equal_those_before(
    three_days: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every load of Salesforce is typed anew, with a column that no mart reads."""
    connector = CONNECTORS["salesforce"]
    typed_anew = tuple(
        replace(resource, columns=(*resource.columns, Column("self_link", "json", "attributes")))
        for resource in connector.resources
    )
    monkeypatch.setitem(CONNECTORS, "salesforce", replace(connector, resources=typed_anew))
    home = _stores_copied(three_days, tmp_path / "replayed")
    made = Installation(three_days.world, home, three_days.servers, DAYS[-1])
    done = list(replay(made.landing, made.clock, Selection("salesforce")))
    assert {entry.why_not for entry in done} == {""}
    assert sum(entry.load is not None for entry in done) >= len(connector.resources)
    assert made.build().outcome == "published"
    replayed, before = _tables(made.hashes()), _tables(three_days.hashes())
    for of_single_loads in ("fct_load_attempt", "mart_schema_drift_by_tenant_resource_column"):
        assert replayed.pop(of_single_loads) != before.pop(of_single_loads), "it names loads"
    assert replayed == before


def test_a_build_with_nothing_new_is_skipped(three_days: Installation) -> None:
    before = three_days.hashes()
    assert three_days.build().outcome == "skipped"
    assert three_days.hashes() == before


OF_SINGLE_LOADS = {
    "gate_result": "counts the loads of the build",
    "fct_load_attempt": "has a row for each load",
    "mart_freshness_by_source_tenant_resource": "says when the last load was",
    "mart_schema_drift_by_tenant_resource_column": "names the loads",
}
"""Tables that change because something was read, whatever it was, each with the reason."""


@pytest.mark.drawn("days", 1)
def test_a_correction_after_45_days_changes_its_rows_and_no_past_date(
    three_days: Installation, tmp_path: Path
) -> None:
    """Corrected at four on 1 July and read at five: of everything else nothing happened between."""
    late = timedelta(days=45)
    world = tmp_path / "world"
    correction = correct(three_days.world, world, LAST, LAST + timedelta(hours=1), late)
    read_at = (LAST + timedelta(hours=2)).isoformat()
    with on_world(world, tmp_path / "corrected", read_at) as made:
        for store in ("landing", "policy", "decisions", "warehouse", "published"):
            shutil.copytree(
                three_days.home.root / store, made.home.root / store, symlinks=True,
                dirs_exist_ok=True,
            )  # fmt: skip
        for resource in ("opportunity", "opportunity_history", "opportunity_field_history"):
            _read(made, resource)
        # A corrected row of a history is not news to the CRM: its range is read again.
        hour = timedelta(hours=1)
        entered = correction.entered_at
        _read(made, "opportunity_history", Window(entered - hour, entered + hour, {"run": "one"}))
        result = made.build()
        assert result.outcome == "published", result.message

        before, after = three_days.answers(), made.answers()
        changed = {name: _rows_changed(three_days, made, name) for name in made.hashes()}
        for name, grain in GRAINS.items():
            expected = _changes(before[name], after[name], grain)
            assert {_named(row, grain) for row in changed[name]} == expected, name
        assert {
            "fct_stage_interval",
            "mart_headline_by_month",
            "mart_stage_transition_by_month",
            "mart_win_rate_by_close_month",
        } <= {name for name in GRAINS if changed[name]}
        for name in changed.keys() - GRAINS.keys() - OF_SINGLE_LOADS.keys():
            for row in changed[name]:
                assert row.get("tenant", TENANT) == TENANT, f"{name}: {row}"
                deal = row.get("opportunity_source_id")
                assert deal is None or deal in correction.deals, f"{name}: {row}"

        past = made.copy(tmp_path / "past", built=False)
        past.build(date(2026, 6, 30))
        (published,) = (kept for kept in versions(made.home) if kept.as_of_date == "2026-06-30")
        then = {name: table["sha256"] for name, table in published.tables.items()}
        assert _tables(past.hashes()) == _tables(then)


def _read(made: Installation, resource: str, window: Window | None = None) -> None:
    connection = made.connection("salesforce", TENANT)
    ingest("salesforce", TENANT, resource, connection, made.landing, made.clock, window=window)


def _rows_changed(one: Installation, other: Installation, table: str) -> list[dict[str, Any]]:
    """The rows of either that the other does not have as they are."""
    if one.hashes()[table] == other.hashes()[table]:
        return []
    rows = [made.table(table) for made in (one, other)]
    known = [set(map(repr, side)) for side in rows]
    return [
        row
        for side, elsewhere in zip(rows, reversed(known), strict=True)
        for row in side
        if repr(row) not in elsewhere
    ]


def _changes(
    before: list[dict[str, Any]], after: list[dict[str, Any]], grain: Sequence[str]
) -> set[tuple[str, ...]]:
    """The names of the rows that one side has otherwise than the other, or not at all."""
    sides = [
        {
            # What begins with _ is the answer key's own, and no column.
            _named(row, grain): {name: row[name] for name in row if not name.startswith("_")}
            for row in side
        }
        for side in (before, after)
    ]
    return {
        name
        for name in sides[0].keys() | sides[1].keys()
        if sides[0].get(name) != sides[1].get(name)
    }


def _named(row: dict[str, Any], grain: Sequence[str]) -> tuple[str, ...]:
    return tuple(str(row[column]) for column in grain)


def test_one_extract_of_the_last_state_gives_the_same_current_numbers(
    three_days: Installation, demo: Installation
) -> None:
    assert demo.now == three_days.now == DAYS[-1]
    assert len(list(demo.landing.loads())) < len(list(three_days.landing.loads()))
    of_loads = {
        "mart_freshness_by_source_tenant_resource",
        "mart_schema_drift_by_tenant_resource_column",
    }
    marts = {name for name in demo.hashes() if name.startswith("mart_")} - of_loads
    assert marts
    for name in sorted(marts):
        assert demo.hashes()[name] == three_days.hashes()[name], name


def test_the_load_log_has_every_load_of_every_day(three_days: Installation) -> None:
    logged = three_days.table("fct_load_attempt")
    landed = {load.load_id for load in three_days.landing.loads()}
    assert {row["attempt_id"] for row in logged if row["store"] == "landing"} == landed
    assert {row["outcome"] for row in logged} == {"loaded"}
    delivered = [row for row in logged if row["delivered_row_count"] and row["newest_modified_at"]]
    assert delivered and all(row["byte_count"] and row["gzipped_byte_count"] for row in delivered)


def test_every_source_is_within_its_service_level(three_days: Installation) -> None:
    fresh = three_days.table("mart_freshness_by_source_tenant_resource")
    assert {row["state"] for row in fresh} == {"within"}
    configured = [row for row in fresh if row["source_system"] != "files"]
    assert {(row["source_system"], row["tenant"]) for row in configured} == {
        (source, tenant)
        for source in ("salesforce", "stripe", "zendesk")
        for tenant in ("aurora", "borealis")
    }
    # 1 July ends 21 hours after the last run, 03:00 in Shanghai.
    assert {row["load_age_seconds"] for row in configured} == {21 * 3600}


def test_the_answer_key_agrees_after_three_days(three_days: Installation) -> None:
    answers = three_days.answers()
    for table in ("mart_headline_by_month", "mart_commission_statement"):
        total = "cash_collected_amount" if "headline" in table else "payable_amount"
        assert sum(row[total] or 0 for row in three_days.table(table)) == sum(
            row[total] or 0 for row in answers[table]
        )


def test_no_published_row_is_later_than_the_as_of_date(three_days: Installation) -> None:
    ahead = {"mart_activity_requirement_by_rep_month"}  # what the targets to come ask for
    late = [
        f"{table}.{name}: {value}"
        for table, rows in three_days.published().items()
        if table.startswith(("mart_", "fct_")) and table not in ahead
        for row in rows
        for name, value in row.items()
        if name.endswith(("_month", "paid_date", "month"))
        and type(value) is date
        and value > date(2026, 7, 1)
    ]
    assert not late, late[:5]
