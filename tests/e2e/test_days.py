"""Days in a row: the same stores give the same marts, however they were built."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from ingestion.catalog import CONNECTORS
from ingestion.replay import replay
from ingestion.resource import Column
from ingestion.selection import Selection
from tests.e2e.installation import Installation, on_world
from warehouse.backup import back_up, restore
from warehouse.home import Home
from warehouse.publish import versions

pytestmark = pytest.mark.e2e

DAYS = (
    "2026-06-29T03:00:00+08:00",
    "2026-06-30T03:00:00+08:00",
    "2026-07-01T03:00:00+08:00",
)


@pytest.fixture(scope="module")
def three_days(
    demo: Installation, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    """Ingested and built on three mornings in a row."""
    with on_world(demo.world, tmp_path_factory.mktemp("days") / "home", DAYS[0]) as made:
        for day in DAYS:
            made.move_to(day)
            result = made.run()
            assert result.outcome == "published", result.message
        yield made


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


def test_the_same_day_built_twice_is_identical(
    three_days: Installation, once: Installation, tmp_path: Path
) -> None:
    home = _stores_copied(three_days, tmp_path / "again")
    again = Installation(three_days.world, home, three_days.servers, "2026-07-19T10:00:00+08:00")
    again.build(date(2026, 7, 1))
    assert again.hashes() == once.hashes()


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


def test_a_past_date_is_rebuilt_as_it_was_published(
    three_days: Installation, tmp_path: Path
) -> None:
    """As of 30 June, rebuilt from stores that know 1 July, equals what 30 June's build said."""
    past = Installation(
        three_days.world,
        _stores_copied(three_days, tmp_path / "past"),
        three_days.servers,
        DAYS[-1],
    )
    past.build(date(2026, 6, 30))
    (then,) = (kept for kept in versions(three_days.home) if kept.as_of_date == "2026-06-30")
    published = {name: table["sha256"] for name, table in then.tables.items()}
    assert _tables(past.hashes()) == _tables(published)


def test_one_extract_of_the_last_state_gives_the_same_current_numbers(
    three_days: Installation, tmp_path: Path
) -> None:
    with on_world(three_days.world, tmp_path / "late", DAYS[-1]) as late:
        assert late.run().outcome == "published"
        of_loads = {
            "mart_freshness_by_source_tenant_resource",
            "mart_schema_drift_by_tenant_resource_column",
        }
        marts = {name for name in late.hashes() if name.startswith("mart_")} - of_loads
        assert marts
        for name in sorted(marts):
            assert late.hashes()[name] == three_days.hashes()[name], name


def test_the_load_log_has_every_load_of_every_day(three_days: Installation) -> None:
    logged = three_days.published()["fct_load_attempt"]
    landed = {load.load_id for load in three_days.landing.loads()}
    assert {row["attempt_id"] for row in logged if row["store"] == "landing"} == landed
    assert {row["outcome"] for row in logged} == {"loaded"}
    delivered = [row for row in logged if row["delivered_row_count"] and row["newest_modified_at"]]
    assert delivered and all(row["byte_count"] and row["gzipped_byte_count"] for row in delivered)


def test_every_source_is_within_its_service_level(three_days: Installation) -> None:
    fresh = three_days.published()["mart_freshness_by_source_tenant_resource"]
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
    published = three_days.published()
    for table in ("mart_headline_by_month", "mart_commission_statement"):
        total = "cash_collected_amount" if "headline" in table else "payable_amount"
        assert sum(row[total] or 0 for row in published[table]) == sum(
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
