"""A plan follows from the stores alone; a warehouse file that does not match them is rebuilt."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pytest

from ingestion.clock import FixedClock
from ingestion.landing import Landing, Manifest
from tests.warehouse.conftest import TABLES, fill_warehouse
from warehouse import meta
from warehouse.build import build, dbt_variables, plan_build, run_step
from warehouse.decisions import decide
from warehouse.errors import BuildBusyError, NothingLandedError, WarehouseError
from warehouse.home import Home
from warehouse.landed import Columns, declared, write_load
from warehouse.lock import build_lock
from warehouse.plan import BuildPlan, load_plan
from warehouse.policy import land_policy
from warehouse.publish import current_version, publish, rollback

DEMO_POLICY = Path(__file__).parents[2] / "company" / "policy"
REFUND: Columns = (("id", "string"), ("amount", "bigint"))


def at(text: str) -> FixedClock:
    return FixedClock(datetime.fromisoformat(text))


def land_refunds(home: Home, recorded_at: str, tenant: str = "aurora") -> int:
    """Commits a load of one refund; returns its sequence number."""
    with Landing(home.landing).open_load("stripe", tenant, "refund") as load:
        row = ("re_1", 100)
        return write_load(load, REFUND, [row], now=datetime.fromisoformat(recorded_at)).commit_seq


@pytest.fixture
def fed(home: Home, clock: FixedClock) -> Home:
    """A home with the demo company's policy, and one load at 03:00 on 1 July in Shanghai."""
    land_policy(DEMO_POLICY, Landing(home.policy), Landing(home.decisions), clock)
    land_refunds(home, "2026-06-30T19:00:00+00:00")
    return home


def stage(home: Home, plan: BuildPlan) -> None:
    """Leaves the warehouse file as a build leaves it that got as far as staging."""
    meta.begin_build(home.database, plan.build_id, plan.definitions, plan.date)
    meta.record_loads(home.database, plan.loads)
    meta.record_staged(home.database, plan.watermarks)


def test_nothing_landed_says_what_to_run(home: Home, clock: FixedClock) -> None:
    with pytest.raises(NothingLandedError, match="closebook run"):
        plan_build(home, clock)


def test_no_policy_says_what_to_run(home: Home, clock: FixedClock) -> None:
    land_refunds(home, "2026-06-30T19:00:00+00:00")
    with pytest.raises(NothingLandedError, match="closebook policy land"):
        plan_build(home, clock)


def test_the_date_is_the_houses_date_of_the_latest_load(fed: Home) -> None:
    plan = plan_build(fed, at("2026-07-05T00:00:00+00:00"))
    assert (plan.as_of_date, plan.as_of_at) == ("2026-07-01", "2026-07-01 16:00:00")
    assert plan.house_timezone == "Asia/Shanghai"


def test_a_refused_load_does_not_move_the_date(fed: Home, clock: FixedClock) -> None:
    Landing(fed.landing).reject(land_refunds(fed, "2026-07-02T19:00:00+00:00"), {"reason": "x"})
    plan = plan_build(fed, at("2026-07-05T00:00:00+00:00"))
    assert plan.as_of_date == "2026-07-01"
    assert plan.watermarks["landing"] == 2
    assert [load.commit_seq for load in plan.loads if load.store == "landing"] == [1]


def test_a_date_in_the_future_is_refused(fed: Home, clock: FixedClock) -> None:
    with pytest.raises(WarehouseError, match="future"):
        plan_build(fed, clock, date(2026, 7, 2))


def test_the_plan_on_disk_is_the_plan(fed: Home, clock: FixedClock) -> None:
    plan = plan_build(fed, clock)
    assert load_plan(fed) == plan


def test_what_lands_while_a_build_is_planned_belongs_to_the_next(
    fed: Home, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    accepted = Landing.accepted

    def and_one_more(store: Landing, until: int | None = None) -> list[Manifest]:
        if store.root == fed.landing:
            land_refunds(fed, "2026-06-30T19:00:00+00:00")
        return accepted(store, until)

    monkeypatch.setattr(Landing, "accepted", and_one_more)
    plan = plan_build(fed, clock)
    planned = [load.commit_seq for load in plan.loads if load.store == "landing"]
    assert planned == list(range(1, plan.watermarks["landing"] + 1))
    assert Landing(fed.landing).last_seq() > plan.watermarks["landing"]


def test_every_resource_has_an_empty_file_before_its_own(fed: Home, clock: FixedClock) -> None:
    landed = dbt_variables(fed, plan_build(fed, clock))["landed"]
    assert set(landed) == {name for name, _ in declared()}
    assert len(landed["stripe.refund"]) == 2
    with duckdb.connect() as connection:
        for empty, *_ in landed.values():
            assert connection.read_parquet(empty).shape[0] == 0
        columns = connection.execute(
            "describe select * from read_parquet(?)", [landed["policy.quota"][0]]
        ).fetchall()
    assert [(row[0], row[1]) for row in columns][:5] == [
        ("tenant", "VARCHAR"),
        ("employee_number", "VARCHAR"),
        ("quota_amount", "DECIMAL(18,2)"),
        ("currency_code", "VARCHAR"),
        ("valid_from", "DATE"),
    ]


def test_a_staged_file_is_continued_with_the_new_loads_only(fed: Home, clock: FixedClock) -> None:
    stage(fed, plan_build(fed, clock))
    seq = land_refunds(fed, "2026-07-01T19:00:00+00:00")
    plan = plan_build(fed, at("2026-07-01T19:00:00+00:00"))
    assert plan.rebuild == ""
    assert [(load.store, load.commit_seq) for load in plan.loads] == [("landing", seq)]


def test_a_build_that_died_while_staging_is_continued_from_where_it_began(
    fed: Home, clock: FixedClock
) -> None:
    first = plan_build(fed, clock)
    meta.begin_build(fed.database, first.build_id, first.definitions, first.date)
    meta.record_loads(fed.database, first.loads)
    again = plan_build(fed, clock)
    assert again.rebuild == ""
    assert again.loads == first.loads


def break_seq(home: Home) -> None:
    shutil.rmtree(home.landing)
    land_refunds(home, "2026-06-30T19:00:00+00:00")


def break_definitions(home: Home) -> None:
    with duckdb.connect(str(home.database)) as connection:
        connection.execute("update meta.staged set definitions = 'older'")


def break_date(home: Home) -> None:
    with duckdb.connect(str(home.database)) as connection:
        connection.execute("update meta.staged set as_of_date = date '2026-07-02'")


def break_file(home: Home) -> None:
    home.database.write_bytes(b"not a database" * 1000)


@pytest.mark.parametrize(
    ("break_it", "why"),
    [
        (break_seq, "other loads than the stores"),
        (lambda home: Landing(home.landing).reject(1, {}), "other loads than the stores"),
        (break_definitions, "models or expectations changed"),
        (break_date, "after 2026-07-01"),
        (break_file, "does not say what it holds"),
        (lambda home: home.database.unlink(), "no warehouse file"),
    ],
    ids=["stores restored", "load refused since", "definitions", "date", "damaged", "deleted"],
)
def test_a_file_that_does_not_match_is_rebuilt(
    fed: Home, clock: FixedClock, break_it: object, why: str
) -> None:
    land_refunds(fed, "2026-06-30T19:00:00+00:00", tenant="borealis")
    stage(fed, plan_build(fed, clock))
    assert callable(break_it)
    break_it(fed)
    plan = plan_build(fed, clock)
    assert why in plan.rebuild
    assert {load.store for load in plan.loads} == {"landing", "policy"}


def publish_plan(home: Home, plan: BuildPlan, clock: FixedClock) -> str:
    fill_warehouse(home)
    return publish(home, plan.basis, TABLES, [], 0, clock).version


def built(home: Home) -> None:
    """Leaves the warehouse file as a build of 1 July leaves it that came as far as its marts."""
    plan = plan_build(home, at("2026-06-30T19:00:00+00:00"))
    stage(home, plan)
    with duckdb.connect(str(home.database)) as connection:
        connection.execute(
            "create schema intermediate; create table intermediate.int_case_fingerprints as "
            "from meta.case_fingerprint; create schema staging; "
            "create table staging.stg_policy_landed__stage_map "
            "(valid_from date, valid_to date, _recorded_at timestamp);"
            "create table staging.stg_policy_landed__quota (valid_from date)"
        )
    meta.record_built(home.database, plan.date, plan.instant, plan.watermarks)


def land_policy_with(home: Home, folder: Path, table: str, row: str) -> None:
    """Lands the demo company's policy with one more row."""
    shutil.copytree(DEMO_POLICY, folder)
    with (folder / f"{table}.csv").open("a", encoding="utf-8") as file:
        file.write(f"{row}\n")
    land_policy(folder, Landing(home.policy), Landing(home.decisions), at("2026-07-01T20:00+00:00"))


def test_a_first_build_is_of_every_case(fed: Home, clock: FixedClock) -> None:
    assert plan_build(fed, clock).whole == "there is no warehouse file yet"


def test_a_build_that_died_before_its_marts_is_of_every_case_again(
    fed: Home, clock: FixedClock
) -> None:
    stage(fed, plan_build(fed, clock))
    plan = plan_build(fed, clock)
    assert (plan.rebuild, plan.whole) == ("", "no build of this file came as far as its marts")
    assert plan.notes[-1] == f"every case is built anew: {plan.whole}"


def test_new_loads_are_of_the_cases_that_they_change(fed: Home) -> None:
    built(fed)
    land_refunds(fed, "2026-07-01T19:00:00+00:00")
    plan = plan_build(fed, at("2026-07-01T19:00:00+00:00"))
    assert (plan.as_of_date, plan.whole) == ("2026-07-02", "")
    assert dbt_variables(fed, plan)["is_whole_build"] is False


@pytest.mark.parametrize(
    ("table", "row", "why"),
    [
        (
            "stage_map",
            "salesforce,*,default,lead,Parked,lead_acquired,2026-09-01,",
            "stage_map of the policy landed anew",
        ),
        ("quota", "borealis,E1001,21500.00,USD,2026-09-01,", ""),
    ],
    ids=["of cases", "of pay"],
)
def test_policy_that_cases_are_made_with_makes_a_build_of_every_case(
    fed: Home, tmp_path: Path, table: str, row: str, why: str
) -> None:
    built(fed)
    land_policy_with(fed, tmp_path / "policy", table, row)
    land_refunds(fed, "2026-07-01T19:00:00+00:00")
    assert plan_build(fed, at("2026-07-01T21:00:00+00:00")).whole == why


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("'2026-07-01', null, '2026-01-01'", ""),
        ("'2026-07-02', null, '2026-01-01'", "stage_map.valid_from 2026-07-02"),
        ("'2026-07-03', null, '2026-01-01'", ""),
        ("'2026-01-01', '2026-07-02', '2026-01-01'", "stage_map.valid_to 2026-07-02"),
        ("'2026-01-01', null, '2026-07-01 15:59:59'", ""),
        ("'2026-01-01', null, '2026-07-01 16:00'", "stage_map._recorded_at 2026-07-01 16:00:00"),
        ("'2026-01-01', null, '2026-07-02 16:00'", ""),
    ],
)
def test_a_date_of_policy_that_is_passed_makes_a_build_of_every_case(
    fed: Home, row: str, why: str
) -> None:
    built(fed)
    with duckdb.connect(str(fed.database)) as connection:
        connection.execute(f"insert into staging.stg_policy_landed__stage_map values ({row})")
        connection.execute("insert into staging.stg_policy_landed__quota values ('2026-07-02')")
    land_refunds(fed, "2026-07-01T19:00:00+00:00")
    plan = plan_build(fed, at("2026-07-01T19:00:00+00:00"))
    assert plan.whole == (why and f"policy turns: {why}")


def test_nothing_new_is_skipped(fed: Home, clock: FixedClock) -> None:
    version = publish_plan(fed, plan_build(fed, clock), clock)
    result = build(fed, clock)
    assert (result.outcome, result.version) == ("skipped", version)
    assert version in result.message


@pytest.mark.parametrize("news", ["load", "decision"])
def test_anything_new_is_not_skipped(fed: Home, clock: FixedClock, news: str) -> None:
    land_refunds(fed, "2026-06-30T19:00:00+00:00")
    publish_plan(fed, plan_build(fed, clock), clock)
    if news == "load":
        land_refunds(fed, "2026-06-30T19:00:00+00:00")
    else:
        decide(Landing(fed.decisions), clock, kind="waiver", subject="s", actor="a", reason="r")
    assert plan_build(fed, clock).skip == ""


def test_switching_a_source_brings_nothing(fed: Home, clock: FixedClock) -> None:
    publish_plan(fed, plan_build(fed, clock), clock)
    decide(Landing(fed.decisions), clock, kind="source", subject="stripe/aurora", actor="ana",
           reason="moved", payload={"action": "disable"})  # fmt: skip
    assert "nothing has landed or changed" in plan_build(fed, clock).skip


def test_a_load_without_rows_and_a_refused_one_bring_nothing(fed: Home, clock: FixedClock) -> None:
    land_refunds(fed, "2026-06-30T19:00:00+00:00")
    publish_plan(fed, plan_build(fed, clock), clock)
    for refuse in (False, True):
        with Landing(fed.landing).open_load("stripe", "aurora", "charge") as load:
            landed = write_load(load, REFUND, [], now=clock.now())
        if refuse:
            Landing(fed.landing).reject(landed.commit_seq, {"reason": "x"})
        assert "nothing has landed or changed since v000001" in plan_build(fed, clock).skip


def test_what_was_rolled_back_is_not_published_again(fed: Home, clock: FixedClock) -> None:
    first = publish_plan(fed, plan_build(fed, clock), clock)
    land_refunds(fed, "2026-06-30T19:00:00+00:00")
    second = publish_plan(fed, plan_build(fed, clock), clock)
    rollback(fed, Landing(fed.decisions), first, "ana", "wrong refunds", clock)
    skip = plan_build(fed, clock).skip
    assert second in skip and "ana" in skip and "wrong refunds" in skip
    land_refunds(fed, "2026-06-30T19:00:00+00:00")
    assert plan_build(fed, clock).skip == ""


def test_policy_landed_after_the_date_is_said_to_be_unknown(fed: Home) -> None:
    with Landing(fed.policy).open_load("policy", "house", "pay_code") as load:
        write_load(load, (("pay_code", "string"),), [], now=datetime(2026, 7, 3, tzinfo=UTC))
    plan = plan_build(fed, at("2026-07-05T00:00:00+00:00"))
    assert any("1 policy load" in note and "2026-07-01" in note for note in plan.notes)


def test_two_builds_never_overlap(fed: Home, clock: FixedClock) -> None:
    hold = (
        "import sys, time; from pathlib import Path; from warehouse.home import Home;"
        "from warehouse.lock import build_lock\n"
        "with build_lock(Home(Path(sys.argv[1]))): print('held', flush=True); time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", hold, str(fed.root)], stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None and other.stdout.readline() == "held\n"
        with pytest.raises(BuildBusyError, match=f"process {other.pid} is building"):
            plan_build(fed, clock)
        other.kill()
    plan_build(fed, clock)


def test_the_lock_names_this_process(home: Home) -> None:
    with build_lock(home), pytest.raises(BuildBusyError, match=str(os.getpid())), build_lock(home):
        pass


def test_a_step_of_a_replaced_plan_is_refused(fed: Home, clock: FixedClock) -> None:
    first = plan_build(fed, clock)
    plan_build(fed, clock)
    with pytest.raises(WarehouseError, match="superseded"):
        run_step(fed, "raw_gate", first.build_id, clock)


@pytest.mark.parametrize("step", ["staging", "marts", "publish"])
def test_no_step_runs_before_those_it_needs(fed: Home, clock: FixedClock, step: str) -> None:
    plan = plan_build(fed, clock)
    with pytest.raises(WarehouseError, match=r"cannot run before .*raw_gate"):
        run_step(fed, step, plan.build_id, clock)
    assert current_version(fed) is None


def test_a_step_that_does_not_exist_names_those_that_do(fed: Home, clock: FixedClock) -> None:
    plan = plan_build(fed, clock)
    with pytest.raises(WarehouseError, match="mart_gate"):
        run_step(fed, "martgate", plan.build_id, clock)


def test_a_load_of_an_undeclared_resource_is_named(fed: Home, clock: FixedClock) -> None:
    with Landing(fed.landing).open_load("stripe", "aurora", "dispute") as load:
        write_load(load, REFUND, [], now=clock.now())
    with pytest.raises(WarehouseError, match=r"stripe\.dispute"):
        plan_build(fed, clock)
