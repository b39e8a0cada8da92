"""Policy lands whole or not at all, every fault is named, and the past does not change."""

from __future__ import annotations

import shutil
from datetime import UTC, date, datetime, time
from pathlib import Path

import duckdb
import pytest

from ingestion.clock import FixedClock
from ingestion.landing import Landing
from warehouse.decisions import decide
from warehouse.errors import PolicyError
from warehouse.home import Home
from warehouse.policy import (
    PolicyReport,
    check_policy,
    house_timezone,
    land_policy,
    setting,
)
from warehouse.policy_rows import PolicyProblem
from warehouse.policy_tables import POLICY_TABLES

DEMO_POLICY = Path(__file__).parents[2] / "company" / "policy"
LATER = FixedClock(datetime(2026, 7, 10, 3, tzinfo=UTC))


class House:
    """A folder of policy files to edit, and the stores that they land in."""

    def __init__(self, folder: Path, home: Home) -> None:
        self.folder, self.home = folder, home
        self.store, self.decisions = Landing(home.policy), Landing(home.decisions)

    def edit(self, table: str, old: str, new: str) -> None:
        path = self.folder / f"{table}.csv"
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {path.name}"
        path.write_text(text.replace(old, new), encoding="utf-8")

    def append(self, table: str, line: str) -> int:
        """Adds a line; returns its number."""
        path = self.folder / f"{table}.csv"
        text = path.read_text(encoding="utf-8") + line + "\n"
        path.write_text(text, encoding="utf-8")
        return text.count("\n")

    def land(self, clock: FixedClock) -> PolicyReport:
        return land_policy(self.folder, self.store, self.decisions, clock)

    def problems(self, clock: FixedClock) -> tuple[PolicyProblem, ...]:
        with pytest.raises(PolicyError) as refusal:
            check_policy(self.folder, self.store, self.decisions, clock)
        return refusal.value.problems

    def rows(self, table: str) -> list[tuple[object, ...]]:
        last = self.store.latest("policy", "house", table)
        assert last is not None
        with duckdb.connect() as connection:
            rows: list[tuple[object, ...]] = connection.execute(
                "select valid_from, _recorded_at, _is_backfilled from read_parquet(?)",
                [[str(self.store.root / file.path) for file in last.files]],
            ).fetchall()
        return rows


def _target(**values: str) -> str:
    """A line of target.csv that is sound but for the given values."""
    row = {
        "target_id": "T1", "tenant": "aurora", "scope_kind": "tenant", "scope_id": "*",
        "metric_id": "won_amount", "period_type": "year", "period_start": "2026-01-01",
        "target_value": "1.00", "currency_code": "CNY", "baseline_value": "", "growth_rate": "",
        "owner": "sales", "method": "working_days", "version": "9", "valid_from": "2026-01-01",
        "valid_to": "",
    }  # fmt: skip
    return ",".join((row | values).values())


def _milestone(**values: str) -> str:
    """A line of process_milestone.csv that is sound but for the given values."""
    row = {
        "pipeline_id": "default", "stage_id": "proposal", "milestone_id": "m",
        "milestone_order": "9", "milestone_name_en": "M", "milestone_name_zh": "M",
        "evidence": "activity:call", "is_required": "true", "weight": "1",
        "valid_from": "2026-01-01", "valid_to": "",
    }  # fmt: skip
    return ",".join((row | values).values())


@pytest.fixture
def house(tmp_path: Path, home: Home) -> House:
    folder = tmp_path / "policy"
    shutil.copytree(DEMO_POLICY, folder)
    return House(folder, home)


def test_a_file_with_another_separator_is_told_so(house: House, clock: FixedClock) -> None:
    path = house.folder / "pay_code.csv"
    path.write_text(path.read_text().replace("BASE,false,2023-01-01,", "BASE;false;2023-01-01;"))
    (problem,) = house.problems(clock)
    assert problem.fix == "Separate values by commas, in this line and in the header"


def test_the_demo_companys_policy_lands_whole(house: House, clock: FixedClock) -> None:
    report = house.land(clock)
    assert {load.resource for load in report.landed} == set(POLICY_TABLES)
    assert setting(house.store, "payroll_lag_months", date(2026, 6, 30)) == "1"
    assert house_timezone(house.store, date(2026, 6, 30)).key == "Asia/Shanghai"


def test_what_has_not_changed_does_not_land_again(house: House, clock: FixedClock) -> None:
    house.land(clock)
    seq = house.store.last_seq()
    assert house.land(LATER).landed == ()
    assert house.store.last_seq() == seq


def test_another_order_of_rows_is_no_change(house: House, clock: FixedClock) -> None:
    house.land(clock)
    path = house.folder / "pay_code.csv"
    header, *rows = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join([header, *reversed(rows)]) + "\n", encoding="utf-8")
    assert house.land(LATER).landed == ()


def test_the_first_landing_is_recorded_as_of_each_rows_own_start(
    house: House, clock: FixedClock
) -> None:
    house.land(clock)
    for valid_from, recorded_at, is_backfilled in house.rows("quota"):
        assert isinstance(valid_from, date)
        assert recorded_at == min(
            datetime.combine(valid_from, time()), clock.now().replace(tzinfo=None)
        )
        assert is_backfilled is True


def test_a_later_landing_is_recorded_when_it_is_committed(house: House, clock: FixedClock) -> None:
    house.land(clock)
    house.append("pay_code", "SPIFF,true,2026-08-01,")
    (load,) = house.land(LATER).landed
    assert load.resource == "pay_code"
    assert {row[1:] for row in house.rows("pay_code")} == {
        (LATER.now().replace(tzinfo=None), False)
    }


def test_every_fault_of_every_file_is_named_at_once(house: House, clock: FixedClock) -> None:
    house.edit("fx_rate", "7.050000", "seven")
    house.edit("process_stage", "Discovery,需求调研,3,open", "Discovery,需求调研,3,opened")
    (house.folder / "quotas.csv").write_text("a\n")
    (house.folder / "pay_code.csv").unlink()
    line = house.append("tenant", "cirrus,Cirrus,Mars/Olympus,usd,2026-01-01,")
    found = {(p.file, p.row, p.field, p.value) for p in house.problems(clock)}
    assert found == {
        ("fx_rate.csv", 2, "rate", "seven"),
        ("process_stage.csv", 4, "kind", "opened"),
        ("quotas.csv", 0, "", ""),
        ("pay_code.csv", 0, "", ""),
        ("tenant.csv", line, "reporting_timezone", "Mars/Olympus"),
        ("tenant.csv", line, "currency_code", "usd"),
    }
    assert house.store.last_seq() == 0


def test_an_optional_table_lands_with_its_first_file_and_knows_its_rows_from_their_start(
    house: House, clock: FixedClock
) -> None:
    path = house.folder / "working_day.csv"
    text = path.read_text(encoding="utf-8")
    path.unlink()
    assert {load.resource for load in house.land(clock).landed} == set(POLICY_TABLES) - {
        "working_day"
    }
    assert house.land(LATER).landed == ()
    path.write_text(text, encoding="utf-8")
    assert [load.resource for load in house.land(LATER).landed] == ["working_day"]
    assert {row[2] for row in house.rows("working_day")} == {True}


def test_an_optional_table_that_has_landed_may_not_vanish(house: House, clock: FixedClock) -> None:
    house.land(clock)
    (house.folder / "working_day.csv").unlink()
    assert {problem.file for problem in house.problems(LATER)} == {"working_day.csv"}


@pytest.mark.parametrize(
    ("table", "line", "field", "why"),
    [
        ("pay_code", "X,yes,2026-01-01,", "is_commission", "true or false"),
        ("working_day", "aurora,2026-08-01,true,Fair,2026-08-02,", "valid_from", "later than"),
        ("target_season", "aurora,0,1.00,2026-01-01,", "month_number", "no month"),
        ("target_season", "aurora,13,1.00,2026-01-01,", "month_number", "no month"),
        ("target_season", "aurora,4,0,2026-01-01,", "weight", "no day weighs that"),
        ("target_season", "aurora,4,-1.00,2026-01-01,", "weight", "no day weighs that"),
        ("target_season", "aurora,4,120,2026-01-01,", "weight", "no day weighs that"),
        ("target_season", "aurora,4,1.005,2026-01-01,", "weight", "at most 2 decimals"),
        ("target_season", "aurora,June,1.00,2026-01-01,", "month_number", "a whole number"),
        ("target_season", "*,4,1.00,2026-01-01,", "tenant", "one tenant's"),
        ("working_day", "*,2026-08-01,true,Fair,2026-01-01,", "tenant", "one tenant's"),
        ("rep_assignment", "*,E9,T,R,,2026-01-01,", "tenant", "one tenant's"),
        ("target_season", "cirrus,4,1.00,2026-01-01,", "tenant", "no such"),
        ("target_season", "aurora,2,1.00,2026-01-01,", "valid_from", "overlaps line"),
        ("rep_assignment", "aurora,E9,T,R,E999,2026-01-01,", "manager_employee_number", "no such"),
        ("target", _target(scope_kind="country"), "scope_kind", "not a value"),
        ("target", _target(period_type="week"), "period_type", "not a value"),
        ("target", _target(method="by_feel"), "method", "not a value"),
        ("target", _target(tenant="cirrus"), "tenant", "no such"),
        ("target", _target(tenant="*"), "tenant", "one tenant's"),
        ("target", _target(scope_kind="region"), "scope_id", "does not fit"),
        ("target", _target(scope_id="East China"), "scope_id", "does not fit"),
        ("target", _target(growth_rate="15"), "growth_rate", "grows like that"),
        ("target", _target(growth_rate="-1"), "growth_rate", "grows like that"),
        ("target", _target(version="0"), "version", "from 1"),
        ("target", _target(period_start="2206-01-01"), "period_start", "far from"),
        ("stage_probability", "*,proposal,50,2026-01-01,", "probability_rate", "between 0 and 1"),
        ("stage_probability", "*,gone,0.5,2026-01-01,", "stage_id", "no such"),
        ("traffic_light", "*,proposal,amber,2026-01-01,", "light", "not a value"),
        ("traffic_light", "*,gone,red,2026-01-01,", "stage_id", "no such"),
        ("pipeline", "*,All,全部,growth,2026-01-01,", "pipeline_id", "of one pipeline"),
        ("pipeline", "gone,Gone,无,growth,2026-01-01,", "pipeline_id", "no such"),
        ("process_milestone", _milestone(evidence="signed"), "evidence", "nothing shows it"),
        ("process_milestone", _milestone(evidence="activity:"), "evidence", "nothing shows it"),
        ("process_milestone", _milestone(evidence="call:activity"), "evidence", "nothing shows"),
        ("process_milestone", _milestone(weight="0"), "weight", "weighs nothing"),
        ("process_milestone", _milestone(stage_id="gone"), "stage_id", "no such"),
        ("process_step", "default,gone,s,1,S,S,call,true,2026-01-01,", "milestone_id", "no such"),
        ("pay_code", "X,,2026-01-01,", "is_commission", "missing"),
        ("pay_code", ",true,2026-01-01,", "pay_code", "missing"),
        ("pay_code", "X,true,,", "valid_from", "missing"),
        ("pay_code", "X,true,01.02.2026,", "valid_from", "YYYY-MM-DD"),
        ("pay_code", "X,true,2026-02-30,", "valid_from", "YYYY-MM-DD"),
        ("pay_code", "X,true,2026-01-01,2026-01-01", "valid_to", "not after valid_from"),
        ("pay_code", "X,true,2026-01-01", "", "3 values for 4 columns"),
        ("pay_code", "COMM,true,2026-01-01,", "valid_from", "overlaps line 2"),
        ("quota", "aurora,E1,1.005,CNY,2026-01-01,", "quota_amount", "at most 2 decimals"),
        ("quota", "zephyr,E1,1.00,CNY,2026-01-01,", "tenant", "no such tenant"),
        ("rate_tier", "nothing,9,1,,0.01,2026-01-01,", "component_id", "no such component_id"),
        ("stage_map", "salesforce,*,default,lead,Old,gone,2026-01-01,", "stage_id", "no such"),
        ("commission_plan", "p,P,P,month,cash,,,2026-01-01,", "approved_at", "not approved"),
        (
            "commission_plan",
            "p,P,P,month,cash,ana,2025-12-31 16:00:00,2026-01-01,",
            "approved_at",
            "approved after it began",
        ),
    ],
)
def test_a_fault_names_its_line_field_and_reason(
    house: House, clock: FixedClock, table: str, line: str, field: str, why: str
) -> None:
    number = house.append(table, line)
    (problem,) = house.problems(clock)
    assert (problem.file, problem.row, problem.field) == (f"{table}.csv", number, field)
    assert why in problem.why
    assert problem.fix


def test_a_plan_approved_just_before_it_begins_is_accepted(house: House, clock: FixedClock) -> None:
    house.append("commission_plan", "p,P,P,month,cash,ana,2025-12-31 15:59:59,2026-01-01,")
    house.land(clock)


@pytest.mark.parametrize(
    "predicate",
    [
        '" "',
        "amount >",
        "amount > 0) or (1",
        "amount_at_entry > 0",
        "amount > 0; drop table x",
        "amount > (select 1)",
        "1 from quality.quarantine",
        "stolen > 0",
    ],
)
def test_a_rule_is_one_condition(house: House, clock: FixedClock, predicate: str) -> None:
    house.edit("stage_entry_rule", "proposal,amount > 0,", f"proposal,{predicate},")
    problems = house.problems(clock)
    assert {(p.file, p.row, p.field) for p in problems} == {
        ("stage_entry_rule.csv", 2, "predicate")
    }


def test_a_renamed_column_is_unknown_and_the_old_one_missing(
    house: House, clock: FixedClock
) -> None:
    house.edit("pay_code", "is_commission", "commission")
    assert {(p.row, p.field, p.why) for p in house.problems(clock)} == {
        (1, "commission", "pay_code has no such column"),
        (1, "is_commission", "the column is missing"),
    }


def test_a_file_that_is_not_utf_8_names_the_line(house: House, clock: FixedClock) -> None:
    path = house.folder / "pay_code.csv"
    path.write_bytes(path.read_bytes() + "PRÄMIE,true,2026-01-01,\n".encode("latin-1"))
    (problem,) = house.problems(clock)
    assert (problem.row, problem.why) == (7, "this line is not UTF-8")


def test_ending_a_row_today_and_starting_the_next_is_no_change_of_the_past(
    house: House, clock: FixedClock
) -> None:
    house.land(clock)
    house.edit("pay_code", "BASE,false,2023-01-01,", "BASE,false,2023-01-01,2026-07-10")
    house.append("pay_code", "BASE,true,2026-07-10,")
    assert [load.resource for load in house.land(LATER).landed] == ["pay_code"]


@pytest.mark.parametrize(
    ("old", "new", "was", "becomes"),
    [
        (
            "BASE,false,2023-01-01,", "BASE,true,2023-01-01,",
            "pay_code=BASE, is_commission=False", "pay_code=BASE, is_commission=True",
        ),
        ("BASE,false,2023-01-01,\n", "", "pay_code=BASE", "removed"),
        ("BASE,false,2023-01-01,\n", "BASE,false,2023-01-01,\nX,true,2026-07-09,\n",
         "there was no row", "pay_code=X"),
        ("BASE,false,2023-01-01,", "BASE,false,2023-01-01,2026-07-09",
         "valid_to=)", "valid_to=2026-07-09)"),
        ("BASE,false,2023-01-01,", "BASE,false,2023-01-02,",
         "valid_from=2023-01-01", "valid_from=2023-01-02"),
    ],
)  # fmt: skip
def test_a_changed_past_is_refused_with_both_rows(
    house: House, clock: FixedClock, old: str, new: str, was: str, becomes: str
) -> None:
    house.land(clock)
    house.edit("pay_code", old, new)
    (problem,) = house.problems(LATER)
    assert was in problem.why.partition("it would be")[0]
    assert becomes in problem.why.partition("it would be")[2]


def test_a_pipeline_keeps_its_type(house: House, clock: FixedClock) -> None:
    house.edit("pipeline", "opportunity,2023-01-01,", "opportunity,2023-01-01,2026-07-10")
    line = house.append("pipeline", "default,Growth,增长,growth,2026-07-10,")
    (problem,) = house.problems(clock)
    assert (problem.row, problem.field, problem.value) == (line, "pipeline_type", "growth")
    assert "was of type opportunity" in problem.why


def test_the_process_of_the_past_is_not_edited_but_ended(house: House, clock: FixedClock) -> None:
    """Deals were measured against it: a milestone changes from a day on, or a decision says so."""
    house.land(clock)
    row = "default,proposal,customer_committed,3,Customer committed to buy,客户承诺采购,"
    house.edit(
        "process_milestone", f"{row}customer_committed_at,true,3", f"{row}activity:call,true,3"
    )
    (problem,) = house.problems(LATER)
    assert "the past changed" in problem.why and "evidence=activity:call" in problem.why
    house.edit("process_milestone", f"{row}activity:call,true,3,2023-01-01,",
               f"{row}customer_committed_at,true,3,2023-01-01,2026-07-10")  # fmt: skip
    house.append("process_milestone", f"{row}activity:call,true,3,2026-07-10,")
    assert [load.resource for load in house.land(LATER).landed] == ["process_milestone"]


def test_a_changed_past_lands_when_a_decision_allows_that_very_file(
    house: House, clock: FixedClock
) -> None:
    house.land(clock)
    house.edit("pay_code", "BASE,false,2023-01-01,", "BASE,true,2023-01-01,")
    (problem,) = house.problems(LATER)
    file_hash = problem.fix.partition("--hash ")[2].partition(" ")[0]
    decide(house.decisions, LATER, kind="allow_policy_change", subject="pay_code", actor="ana",
           reason="it always was", subject_hash=file_hash)  # fmt: skip
    assert [load.resource for load in house.land(LATER).landed] == ["pay_code"]


def test_a_decision_on_another_content_allows_nothing(house: House, clock: FixedClock) -> None:
    house.land(clock)
    house.edit("pay_code", "BASE,false,2023-01-01,", "BASE,true,2023-01-01,")
    decide(house.decisions, LATER, kind="allow_policy_change", subject="pay_code", actor="ana",
           reason="it always was", subject_hash="0" * 64)  # fmt: skip
    assert house.problems(LATER)


def test_today_is_the_houses_today(house: House, clock: FixedClock) -> None:
    """At 17:00 UTC it is tomorrow in Shanghai: a row that starts today in UTC is in the past."""
    house.land(clock)
    house.append("pay_code", "X,true,2026-07-10,")
    assert house.problems(FixedClock(datetime(2026, 7, 10, 17, tzinfo=UTC)))
    assert house.land(FixedClock(datetime(2026, 7, 10, 15, tzinfo=UTC))).landed
