"""How many deals, and how many prospects, a rep's targets ask for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from math import ceil

from company.answer_key.deals import Deal
from company.answer_key.facts import MILLIONTH, Facts, Row, add_months, half_away, month_of
from company.answer_key.funnel import COUNTED_KINDS
from company.answer_key.measures import days, percentile, seconds_between
from company.answer_key.places import employee_number, place, place_of_employee
from company.answer_key.process import is_new_business
from company.answer_key.stays import Path

ENOUGH_WINS = 10


@dataclass(frozen=True)
class Case:
    """A case whose first stay in a counted stage began in the year before the as-of month."""

    employee_number: str | None
    region: str
    is_won: bool


@dataclass(frozen=True)
class Basis:
    """What a scope's wins and cases of a year say."""

    scope: str
    won: list[Deal]
    amounts: list[Decimal]
    cases: list[Case]

    @property
    def average(self) -> Fraction:
        return Fraction(sum(self.amounts)) / len(self.amounts) if self.amounts else Fraction(0)

    @property
    def conversion(self) -> Fraction:
        won = sum(case.is_won for case in self.cases)
        return Fraction(won, len(self.cases)) if self.cases else Fraction(0)

    def suffices(self, wins: int) -> bool:
        return len(self.won) >= wins and self.average > 0 and self.conversion > 0


@dataclass(frozen=True)
class Year:
    """All new business of a tenant in the twelve local months before the as-of month."""

    won: list[tuple[Deal, str | None]]
    """With the employee number of the owner at close."""
    cases: list[Case]

    def basis(self, facts: Facts, scope: str, scope_id: str) -> Basis:
        def belongs(number: str | None, region: str) -> bool:
            return {"rep": number, "region": region, "tenant": scope_id}[scope] == scope_id

        won = [deal for deal, number in self.won if belongs(number, deal.region)]
        worth = [deal.worth(facts, deal.closed_on) for deal in won if deal.closed_on]
        amounts = [amount for amount in worth if amount is not None]
        cases = [case for case in self.cases if belongs(case.employee_number, case.region)]
        return Basis(scope, won, amounts, cases)


def _year(facts: Facts, tenant: str, deals: list[Deal], paths: dict[tuple[str, str], Path]) -> Year:
    first = add_months(facts.as_of_month, -12)

    def holds(day: date | None) -> bool:
        return day is not None and first <= month_of(day) < facts.as_of_month

    by_case = {
        f"opportunity:{deal.source_id}": deal
        for deal in deals
        if deal.tenant == tenant and is_new_business(facts, deal.pipeline_id)
    }
    won = [
        (deal, employee_number(facts, tenant, deal.owner))
        for deal in by_case.values()
        if deal.outcome == "won" and holds(deal.closed_on)
    ]
    cases = []
    for (owner_tenant, case_id), path in paths.items():
        if not is_new_business(facts, path[0].first.pipeline_id):
            continue
        counted = [stay.first for stay in path if stay.first.kind in COUNTED_KINDS]
        if owner_tenant == tenant and counted and holds(counted[0].entered_on):
            deal = by_case.get(case_id)
            lead = facts.of("lead", tenant).get(case_id.removeprefix("lead:"), {})
            owner = deal.owner if deal else lead["OwnerId"]
            day = deal.closed_on if deal and deal.closed_on else facts.as_of_date
            region = place(facts, tenant, owner, day)[1]
            is_won = deal is not None and deal.outcome == "won"
            cases.append(Case(employee_number(facts, tenant, owner), region, is_won))
    return Year(won, cases)


def by_rep_month(
    facts: Facts, plan: list[Row], deals: list[Deal], paths: dict[tuple[str, str], Path]
) -> list[Row]:
    """`mart_activity_requirement_by_rep_month`."""
    latest: dict[tuple[str, str, date], Row] = {}
    for row in sorted(plan, key=lambda row: int(row["version"])):
        if (row["scope_kind"], row["metric_id"], row["period_type"]) == (
            "rep", "won_amount", "month",
        ) and row["period_start"] >= facts.as_of_month:  # fmt: skip
            latest[row["tenant"], row["scope_id"], row["period_start"]] = row
    years = {tenant: _year(facts, tenant, deals, paths) for tenant in facts.tenants}
    return [
        {
            "tenant": tenant,
            "employee_number": number,
            "month": month,
            "target_value": row["target_value"],
            **_needed(month, row["target_value"], _basis(facts, years[tenant], tenant, number)),
            "currency_code": facts.currency(tenant),
        }
        for (tenant, number, month), row in latest.items()
        if not row["is_vacant"]
    ]


def _basis(facts: Facts, year: Year, tenant: str, number: str) -> Basis | None:
    """The first of the rep, the region and the tenant that says enough."""
    region = place_of_employee(facts, tenant, number, facts.as_of_date)[1]
    scopes = (("rep", number, ENOUGH_WINS), ("region", region, ENOUGH_WINS), ("tenant", tenant, 1))
    for scope, scope_id, wins in scopes:
        basis = year.basis(facts, scope, scope_id)
        if basis.suffices(wins):
            return basis
    return None


def _needed(month: date, target: Decimal, basis: Basis | None) -> Row:
    names = (
        "average_won_value", "conversion_rate", "median_cycle_days", "deals_needed",
        "prospects_needed", "prospects_per_week", "prospects_per_day", "needed_by_date",
        "basis_count", "basis_case_count",
    )  # fmt: skip
    if basis is None:
        none = {"basis_count": 0, "basis_case_count": 0, "basis_status": "no_basis"}
        return dict.fromkeys(names) | none
    cycles = [seconds_between(d.created_at, d.closed_at) for d in basis.won if d.closed_at]
    cycle = days(percentile(cycles, 50)) or Decimal(0)
    wanted = Fraction(target) / basis.average
    prospects = wanted / basis.conversion
    values = (
        half_away(basis.average),
        half_away(basis.conversion, MILLIONTH),
        cycle,
        half_away(wanted, MILLIONTH),
        half_away(prospects, MILLIONTH),
        half_away(prospects / 4, MILLIONTH),
        half_away(prospects / 20, MILLIONTH),
        month - timedelta(days=ceil(cycle)),
        len(basis.won),
        len(basis.cases),
    )
    return dict(zip(names, values, strict=True)) | {"basis_status": basis.scope}
