"""The committed policy is the one of the default world, and fits the declared tables."""

from __future__ import annotations

import csv
import re
from datetime import date
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest

from company.world import build_world
from company.world.build import DEFAULT_SCALE, DEFAULT_SEED
from company.world.people import build_roster
from company.world.policy import policy_tables
from company.world.tenants import SCALES, TENANTS, WORLD_END, WORLD_START
from warehouse.policy_tables import POLICY_TABLES

POLICY = Path(__file__).parents[2] / "company" / "policy"


def rows(table: str) -> list[dict[str, str]]:
    with (POLICY / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_committed_policy_is_that_of_the_default_world() -> None:
    size = SCALES[DEFAULT_SCALE]
    rosters = [build_roster(DEFAULT_SEED, tenant, size) for tenant in TENANTS]
    written = {path.name: path.read_text(encoding="utf-8") for path in POLICY.glob("*.csv")}
    assert written == {
        f"{table}.csv": text for table, text in policy_tables(rosters, size).items()
    }, "run `python -m company.world --out DIR` and copy DIR/policy to company/policy"


def test_a_world_brings_the_policy_that_fits_it(tmp_path: Path) -> None:
    build_world(11, tmp_path, scale="tiny")
    written = {path.stem for path in (tmp_path / "policy").iterdir()}
    assert written == set(POLICY_TABLES)


@pytest.mark.parametrize("table", POLICY_TABLES)
def test_the_header_is_the_declared_columns(table: str) -> None:
    declared = [name for name, _ in POLICY_TABLES[table].columns]
    assert list(rows(table)[0]) == [*declared, "valid_from", "valid_to"]


SHAPES = {
    "int": r"\d+",
    "boolean": r"true|false",
    "date": r"\d{4}-\d\d-\d\d",
    "timestamp": r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d",
    "decimal(18,2)": r"\d+\.\d\d",
    "decimal(18,6)": r"\d+\.\d{1,6}",
    "string": r".*",
}


@pytest.mark.parametrize("table", POLICY_TABLES)
def test_every_value_has_the_shape_of_its_type(table: str) -> None:
    for row in rows(table):
        for name, kind in POLICY_TABLES[table].columns:
            if row[name]:
                assert re.fullmatch(SHAPES[kind], row[name]), f"{table}.{name} = {row[name]!r}"


@pytest.mark.parametrize("table", POLICY_TABLES)
def test_rows_of_one_key_never_overlap(table: str) -> None:
    by_key: dict[tuple[str, ...], list[tuple[str, str]]] = {}
    for row in rows(table):
        key = tuple(row[name] for name in POLICY_TABLES[table].key)
        by_key.setdefault(key, []).append((row["valid_from"], row["valid_to"] or "9999-12-31"))
    for key, spans in by_key.items():
        spans.sort()
        assert all(start < end for start, end in spans), key
        assert all(a[1] <= b[0] for a, b in pairwise(spans)), key


def test_a_payee_has_a_quota_on_the_first_day_of_every_month_of_his_assignment() -> None:
    quotas = rows("quota")
    for held in rows("plan_assignment"):
        month = date.fromisoformat(held["valid_from"]).replace(day=1)
        end = min(date.fromisoformat(held["valid_to"] or WORLD_END.isoformat()), WORLD_END)
        while month < end:
            day = month.isoformat()
            found = [
                quota
                for quota in quotas
                if (quota["tenant"], quota["employee_number"])
                == (held["tenant"], held["employee_number"])
                and quota["valid_from"] <= day < (quota["valid_to"] or "9999")
            ]
            assert len(found) == 1, f"{held} on {day}"
            assert float(found[0]["quota_amount"]) > 0
            month = date(month.year + month.month // 12, month.month % 12 + 1, 1)


def test_everybody_on_the_plan_has_a_place_on_every_day_of_it_and_one_rep_a_tenant_moves() -> None:
    places: dict[tuple[str, str], list[tuple[str, str]]] = {}
    regions: dict[tuple[str, str], set[str]] = {}
    for row in rows("rep_assignment"):
        key = row["tenant"], row["employee_number"]
        places.setdefault(key, []).append((row["valid_from"], row["valid_to"] or "9999-12-31"))
        regions.setdefault(key, set()).add(row["region"])
    for held in rows("plan_assignment"):
        spans = sorted(places[held["tenant"], held["employee_number"]])
        assert spans[0][0] <= held["valid_from"]
        assert spans[-1][1] == (held["valid_to"] or "9999-12-31")
        assert all(a[1] == b[0] for a, b in pairwise(spans))
    movers = [tenant for (tenant, _), names in regions.items() if len(names) > 1]
    assert sorted(movers) == sorted(tenant.name for tenant in TENANTS)


def test_special_days_turn_their_weekday_round_in_every_year_of_the_world() -> None:
    years = set()
    for row in rows("working_day"):
        day = date.fromisoformat(row["day"])
        assert (row["is_working_day"] == "true") == (day.weekday() >= 5), row
        assert row["valid_from"] <= row["day"]
        years.add((row["tenant"], day.year, row["is_working_day"]))
    assert years == {
        (tenant.name, year, works)
        for tenant in TENANTS
        for year in range(WORLD_START.year, WORLD_END.year + 1)
        for works in ("true", "false")
    }


def test_new_business_has_a_probability_in_every_open_stage_and_later_stages_a_higher_one() -> None:
    stages = list(dict.fromkeys(
        row["stage_id"]
        for row in rows("process_stage")
        if row["pipeline_id"] == "default" and row["kind"] == "open"
    ))  # fmt: skip
    for day in (WORLD_START.isoformat(), WORLD_END.isoformat()):
        valid = {
            row["stage_id"]: float(row["probability_rate"])
            for row in rows("stage_probability")
            if row["valid_from"] <= day < (row["valid_to"] or "9999-12-31")
        }
        assert list(valid) == stages
        assert list(valid.values()) == sorted(valid.values())
        assert min(valid.values()) > 0 and max(valid.values()) < 1


def test_tiers_pay_1_percent_from_80_percent_of_quota_and_2_from_120() -> None:
    tiers = [
        (row["lower_attainment"], row["upper_attainment"], row["rate"]) for row in rows("rate_tier")
    ]
    assert tiers == [
        ("0.80", "1.00", "0.010"),
        ("1.00", "1.20", "0.015"),
        ("1.20", "", "0.020"),
    ]


def test_plan_rates_cover_every_day_of_the_world_both_ways() -> None:
    for source, target in (("USD", "CNY"), ("CNY", "USD")):
        spans = sorted(
            (row["valid_from"], row["valid_to"])
            for row in rows("fx_rate")
            if (row["from_currency"], row["to_currency"]) == (source, target)
        )
        assert spans[0][0] <= WORLD_START.isoformat() and spans[-1][1] >= WORLD_END.isoformat()
        assert all(a[1] == b[0] for a, b in pairwise(spans))


def test_each_role_has_one_user_and_the_rep_is_on_the_plan() -> None:
    grants = rows("access_grant")
    assert [row["role"] for row in grants] == ["admin", "finance", "analyst", "manager", "rep"]
    rep = grants[-1]
    on_plan = {(row["tenant"], row["employee_number"]) for row in rows("plan_assignment")}
    assert (rep["tenant"], rep["employee_number"]) in on_plan


def test_every_rule_is_explained_in_both_languages() -> None:
    for rule in rows("stage_entry_rule"):
        for name in ("description_en", "fix_en", "description_zh", "fix_zh"):
            assert rule[name], rule["rule_id"]
        assert re.search(r"[一-鿿]", rule["description_zh"] + rule["fix_zh"])


def test_a_tenants_year_is_the_sum_of_its_regions_unless_one_has_no_target() -> None:
    planned: dict[tuple[str, str], dict[str, list[Decimal]]] = {}
    for row in rows("target"):
        kinds = planned.setdefault((row["tenant"], row["period_start"]), {})
        if row["metric_id"] == "won_amount" and (row["period_type"], row["version"]) == (
            "year",
            "1",
        ):
            kinds.setdefault(row["scope_kind"], []).append(Decimal(row["target_value"]))
    for tenant in TENANTS:
        for year in (2024, 2025, 2026):
            kinds = planned[tenant.name, f"{year}-01-01"]
            missing = len(tenant.regions) - len(kinds["region"])
            assert missing == (1 if year == 2024 else 0)
            assert (kinds["tenant"] == [sum(kinds["region"])]) == (missing == 0)


def test_targets_hold_what_a_target_can_be() -> None:
    """Versions that stand side by side and one that was ended, each method, every kind of flaw."""
    found = rows("target")
    second = {row["target_id"] for row in found if row["version"] == "2"}
    first = [row for row in found if row["target_id"] in second and row["version"] == "1"]
    assert {bool(row["valid_to"]) for row in first} == {True, False}
    methods = {"working_days", "seasonal_working_days", "guide_4x5"}
    assert {row["method"] for row in found} == methods
    assert {row["period_type"] for row in found} == {"year", "quarter", "month"}
    assert {row["scope_kind"] for row in found} == {"tenant", "region", "rep"}
    assert any(not row["target_value"] for row in found)
    assert any(not row["owner"] for row in found)
    assert any(row["growth_rate"] and not row["baseline_value"] for row in found)
    assert any(not row["period_start"].endswith("-01") for row in found)


def test_reps_with_a_target_come_and_leave_in_the_course_of_it() -> None:
    """A year or a quarter that began before a rep did, one after, and years of who has left."""
    size, found = SCALES[DEFAULT_SCALE], set()
    reps = {
        (tenant.name, rep.employee_number): rep
        for tenant in TENANTS
        for rep in build_roster(DEFAULT_SEED, tenant, size).reps
    }
    for row in rows("target"):
        if row["scope_kind"] == "rep":
            rep = reps[row["tenant"], row["scope_id"]]
            start, kind = date.fromisoformat(row["period_start"]), row["period_type"]
            month = start.month + {"year": 12, "quarter": 3}[kind]
            after_last = date(start.year + (month - 1) // 12, (month - 1) % 12 + 1, 1)
            if start < rep.hired_on < after_last:
                found.add(f"{kind} begun before he came")
            if start >= rep.hired_on and rep.hired_on.year == start.year and kind == "quarter":
                found.add("quarter after he came")
            if rep.ended_on and start < rep.ended_on < after_last:
                found.add("left, and it ended" if row["valid_to"] else "left, and it stands")
    assert found == {
        "year begun before he came",
        "quarter begun before he came",
        "quarter after he came",
        "left, and it ended",
        "left, and it stands",
    }


def test_the_process_is_revised_and_edited_for_nothing_and_has_a_revision_to_come() -> None:
    differences: list[set[str]] = []
    for before, after in pairwise([*rows("process_stage"), *rows("process_milestone")]):
        if before["valid_to"] == after["valid_from"]:
            differ = {name for name in before if before[name] != after[name]}
            differences.append(differ - {"valid_from", "valid_to"})
    assert {"stage_name_en", "stage_name_zh"} in differences
    assert {"milestone_name_en", "milestone_name_zh"} in differences
    assert {"weight"} in differences
    assert set() in differences
    milestones = rows("process_milestone")
    assert any(row["valid_from"] > WORLD_END.isoformat() for row in milestones)
    answered = [row["is_required"] for row in milestones if row["stage_id"] == "lead_acquired"]
    assert answered == ["false"]
