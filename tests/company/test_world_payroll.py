"""The payroll register: mostly what is due, with every kind of difference, in two manners."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date, datetime
from fractions import Fraction
from pathlib import Path

import pytest
from test_world_phenomena import PAYROLL_PHENOMENA

from company.world import build_world
from company.world.build import DEFAULT_SEED
from company.world.calendar import add_months, month_start
from company.world.money import simulate_finance
from company.world.payroll import Due, commission_due, round_half_away
from company.world.people import build_roster
from company.world.policy import COMMISSION_PAY_CODES
from company.world.register import PayLine, register_lines
from company.world.sales import simulate_sales
from company.world.tenants import AURORA, BOREALIS, SCALES, TENANTS
from ingestion.clock import FixedClock
from ingestion.files.intake import intake
from ingestion.landing import Landing

SIZES = [pytest.param("tiny"), pytest.param("S", marks=pytest.mark.prove)]


@pytest.fixture(scope="module", params=SIZES)
def registers(request: pytest.FixtureRequest) -> list[tuple[Due, list[PayLine]]]:
    """(due, lines) of each tenant."""
    size = SCALES[request.param]
    found = []
    for tenant in TENANTS:
        roster = build_roster(DEFAULT_SEED, tenant, size)
        sales = simulate_sales(DEFAULT_SEED, roster, size)
        due = commission_due(sales, simulate_finance(DEFAULT_SEED, sales), size)
        found.append((due, register_lines(DEFAULT_SEED, roster, due)))
    return found


def states(due: Due, lines: list[PayLine], currency: str) -> dict[str, int]:
    """How often each phenomenon of the payroll occurs."""
    paid: dict[tuple[str, date], list[PayLine]] = defaultdict(list)
    counts: dict[str, int] = defaultdict(int)
    for line in lines:
        if line.pay_code in COMMISSION_PAY_CODES:
            paid[line.employee_number, add_months(month_start(line.pay_date), -1)].append(line)
        else:
            counts["pay that is not commission"] += 1
    last_period = max(period for _, period in paid)
    for key in {*due, *paid}:
        found, owed = paid.get(key, []), due.get(key, 0)
        if key[1] > last_period:
            continue
        difference = sum(line.cents for line in found) - owed
        counts["commission in two lines"] += len(found) == 2
        counts["commission taken back"] += any(line.cents < 0 for line in found)
        if key not in due:
            counts["commission of somebody on no plan"] += 1
        elif owed and not found:
            counts["commission not paid"] += 1
        elif found and {line.currency for line in found} != {currency}:
            counts["commission in the wrong currency"] += 1
        elif owed and difference == 0:
            counts["commission paid as due"] += 1
        elif difference == 1:
            counts["commission a cent off"] += 1
        elif difference:
            counts["commission amount wrong"] += 1
    return counts


def test_every_kind_of_difference_occurs_and_most_lines_are_right(
    registers: list[tuple[Due, list[PayLine]]],
) -> None:
    totals: dict[str, int] = defaultdict(int)
    for tenant, (due, lines) in zip(TENANTS, registers, strict=True):
        for name, count in states(due, lines, tenant.currency).items():
            totals[name] += count
    assert {name for name in totals if totals[name]} == set(PAYROLL_PHENOMENA)
    differing = [n for n in totals if n.startswith("commission") and "as due" not in n]
    assert totals["commission paid as due"] > sum(totals[name] for name in differing) / 2


@pytest.mark.parametrize(
    ("value", "rounded"),
    [("5/2", 3), ("-5/2", -3), ("7/3", 2), ("-7/3", -2), ("1/2", 1), ("0", 0)],
)
def test_halves_round_away_from_zero(value: str, rounded: int) -> None:
    assert round_half_away(Fraction(value)) == rounded


def test_each_tenant_writes_its_files_in_its_own_manner(tmp_path: Path) -> None:
    build_world(DEFAULT_SEED, tmp_path, scale="tiny")
    payroll = tmp_path / "files" / "payroll"
    aurora = (payroll / AURORA.name / "payroll-2026-06.csv").read_text(encoding="ascii")
    borealis = (payroll / BOREALIS.name / "payroll-2026-06.csv").read_text(encoding="ascii")
    assert aurora.startswith("employee_no,pay_date,pay_code,gross,currency,line_id\nE1001,2026-06")
    assert borealis.startswith("employee_no;pay_date;pay_code;gross;currency;line_id\nE1001;10.06.")
    assert ",00;USD;" in borealis


def test_the_mapping_takes_every_file_in(tmp_path: Path) -> None:
    build_world(DEFAULT_SEED, tmp_path / "world", scale="tiny")
    for tenant in TENANTS:
        folder = tmp_path / "world" / "files" / "payroll" / tenant.name
        landing = Landing(tmp_path / f"landing-{tenant.name}")
        intake(folder, None, landing, FixedClock(datetime(2026, 7, 1, tzinfo=UTC)))
        manifests = list(landing.loads())
        assert len(manifests) == len(list(folder.glob("*.csv")))
        lines = sum(len(p.read_text().splitlines()) - 1 for p in folder.glob("*.csv"))
        assert sum(manifest.rows for manifest in manifests) == lines
        assert sum(manifest.rejected_rows for manifest in manifests) == 0
