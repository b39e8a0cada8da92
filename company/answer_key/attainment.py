"""What was won of each target, and how much of it where."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from math import ceil

from company.answer_key.contracts import multi_year_deals
from company.answer_key.deals import Deal
from company.answer_key.facts import (
    CENT,
    MILLIONTH,
    Facts,
    Row,
    add_months,
    half_away,
    known_sum,
    month_of,
)
from company.answer_key.places import employee_number, working_days
from company.answer_key.process import is_new_business
from company.answer_key.targets import BY_SEASON, MONTHS, end_of, first_of, weights, with_latest

NOTHING = Decimal("0.00")
METRICS = ("won_amount", "won_count")
ENOUGH_WINS = 10
FIRST_DAYS = 3
Scope = tuple[str, str, str]
"""tenant, scope_kind, scope_id"""


@dataclass(frozen=True)
class Win:
    """A won deal, and what it counts for."""

    day: date
    region: str
    employee_number: str | None
    amount: Decimal | None
    is_qualified: bool
    is_new_business: bool
    is_multi_year: bool

    def counts_for(self, scope_kind: str, scope_id: str) -> bool:
        if scope_kind == "tenant":
            return True
        return scope_id == (self.region if scope_kind == "region" else self.employee_number)


def wins(facts: Facts, deals: list[Deal], tenant: str) -> list[Win]:
    found = []
    multi_year = multi_year_deals(facts, tenant)
    for deal in deals:
        if deal.tenant == tenant and deal.outcome == "won" and deal.closed_on:
            number = employee_number(facts, tenant, deal.owner)
            amount = deal.worth(facts, deal.closed_on)
            is_new = is_new_business(facts, deal.pipeline_id)
            found.append(
                Win(
                    day=deal.closed_on,
                    region=deal.region,
                    employee_number=number,
                    amount=amount,
                    is_qualified=deal.is_qualified,
                    is_new_business=is_new,
                    is_multi_year=deal.source_id in multi_year,
                )
            )
    return [win for win in found if win.day <= facts.as_of_date]


def _actual(metric_id: str, found: list[Win]) -> Decimal | None:
    if metric_id == "won_count":
        return Decimal(sum(win.is_new_business for win in found))
    return known_sum(win.amount for win in found) if found else NOTHING


def by_scope_month(facts: Facts, deals: list[Deal], plan: list[Row]) -> list[Row]:
    """`mart_attainment_by_scope_month`."""
    rows = []
    for tenant in facts.tenants:
        won = wins(facts, deals, tenant)
        planned = [row for row in plan if row["tenant"] == tenant and row["period_type"] in MONTHS]
        for row in [*planned, *_without_target(won, planned)]:
            if row["period_start"] <= facts.as_of_date:
                rows.append(_attained(facts, tenant, row, won))
    return with_latest(rows)


def _without_target(won: list[Win], planned: list[Row]) -> Iterable[Row]:
    """The periods in which a tenant or region won something, and no plan says a word of them."""
    grain = ("scope_kind", "scope_id", "metric_id", "period_type", "period_start")
    has_plan = {tuple(row[name] for name in grain) for row in planned}
    found = {
        (*scope, metric_id, period_type, first_of(period_type, win.day))
        for win in won
        for scope in (("tenant", "*"), ("region", win.region))
        for metric_id in METRICS
        if metric_id == "won_amount" or win.is_new_business
        for period_type in MONTHS
    }
    for key in found - has_plan:
        yield {**dict(zip(grain, key, strict=True)), "version": 0, "target_value": None}


@dataclass(frozen=True)
class Season:
    """What a tenant won in a period a year before, in all and by the same point of it; or what the
    days of the period weigh that a plan by season counts."""

    whole: Decimal
    so_far: Decimal
    is_planned: bool = False


def _planned_season(facts: Facts, tenant: str, planned: Row, working: list[date]) -> Season | None:
    """None but for a plan by season."""
    if planned.get("method") != BY_SEASON:
        return None
    by_day = weights(facts, tenant, BY_SEASON, working)
    gone = [weight for day, weight in by_day.items() if day <= facts.as_of_date]
    return Season(sum(by_day.values(), NOTHING), sum(gone, NOTHING), is_planned=True)


def _season_before(
    facts: Facts, tenant: str, planned: Row, won: list[Win], worked: int, elapsed: int
) -> Season | None:
    """None where a year before tells too little, or the row is not one of the tenant's calendar."""
    start, metric_id = planned["period_start"], planned["metric_id"]
    after_last = end_of(planned["period_type"], start)
    if not worked or worked != len(working_days(facts, tenant, start, after_last)):
        return None
    first, after = add_months(start, -12), add_months(after_last, -12)
    counted = [win for win in won if first <= win.day < after and _tells(metric_id, win)]
    whole = _actual(metric_id, counted)
    if len(counted) < ENOUGH_WINS or whole is None or whole <= 0:
        return None
    working = sorted(working_days(facts, tenant, first, after))
    n = ceil(Fraction(elapsed * len(working), worked))
    until = working[n] if n < len(working) else after
    so_far = _actual(metric_id, [win for win in counted if win.day < until])
    return Season(whole, so_far or NOTHING)


def _tells(metric_id: str, win: Win) -> bool:
    """Whether a deal says something: new business of the count, an amount of the sum."""
    return win.is_new_business if metric_id == "won_count" else win.amount is not None


def _days_of(facts: Facts, tenant: str, planned: Row) -> list[date]:
    """The working days of a row: of a rep who came in its course, only the last so many."""
    start = planned["period_start"]
    working = sorted(working_days(facts, tenant, start, end_of(planned["period_type"], start)))
    count = planned.get("working_day_count", len(working))
    return working[len(working) - count :]


def _attained(facts: Facts, tenant: str, planned: Row, won: list[Win]) -> Row:
    metric_id, start = planned["metric_id"], planned["period_start"]
    after_last = end_of(planned["period_type"], start)
    counted = [
        win
        for win in won
        if start <= win.day < after_last
        if win.counts_for(planned["scope_kind"], planned["scope_id"])
    ]
    actual, target = _actual(metric_id, counted), planned["target_value"]
    working = _days_of(facts, tenant, planned)
    elapsed = len([day for day in working if day <= facts.as_of_date])
    is_partial = after_last - timedelta(days=1) > facts.as_of_date
    season = _planned_season(facts, tenant, planned, working) or _season_before(
        facts, tenant, planned, won, len(working), elapsed
    )
    standing = Standing(
        actual=actual,
        target=target,
        worked=len(working),
        elapsed=elapsed,
        season=season,
        is_vacant=planned.get("is_vacant", False),
        is_too_early=is_partial and elapsed <= FIRST_DAYS,
    )
    return {
        "tenant": tenant,
        "scope_kind": planned["scope_kind"],
        "scope_id": planned["scope_id"],
        "metric_id": metric_id,
        "period_type": planned["period_type"],
        "period_start": start,
        "version": planned["version"],
        "actual_value": actual,
        "qualified_actual_value": _actual(metric_id, [win for win in counted if win.is_qualified]),
        "multi_year_value": _actual(metric_id, [win for win in counted if win.is_multi_year]),
        "target_value": target,
        "attainment_rate": quotient(actual, target, MILLIONTH),
        "gap_value": None if actual is None or target is None else actual - target,
        **_pace(standing),
        "status": _status(standing),
        "working_day_count": len(working),
        "elapsed_working_day_count": elapsed,
        "is_partial": is_partial,
        "currency_code": facts.currency(tenant) if metric_id == "won_amount" else None,
    }


@dataclass(frozen=True)
class Standing:
    """How far a target has come, and how much of its time has gone."""

    actual: Decimal | None
    target: Decimal | None
    worked: int
    elapsed: int
    season: Season | None
    is_vacant: bool
    is_too_early: bool

    @property
    def clock(self) -> tuple[Decimal, Decimal]:
        """How much is gone, of how much in all: of the season, or of the working days."""
        if self.season:
            return self.season.so_far, self.season.whole
        return Decimal(self.elapsed), Decimal(self.worked)


def quotient(part: Decimal | None, whole: Decimal | int | None, unit: Decimal) -> Decimal | None:
    """part / whole to a unit; None when either is unknown or the whole is 0."""
    if part is None or not whole:
        return None
    return half_away(Fraction(part) / Fraction(whole), unit)


def _times(value: Decimal | None, by: Decimal | int) -> Decimal | None:
    return None if value is None else value * by


def _pace(standing: Standing) -> Row:
    actual, target, season = standing.actual, standing.target, standing.season
    worked, elapsed = standing.worked, standing.elapsed
    missing = None if actual is None or target is None else max(NOTHING, target - actual)
    pace = {
        "pace_rate": quotient(_times(actual, worked), _times(target, elapsed), MILLIONTH),
        "projected_value": quotient(_times(actual, worked), elapsed, CENT),
        **_seasonal_pace(actual, target, season),
    }
    return {
        **(dict.fromkeys(pace) if standing.is_too_early else pace),
        "seasonal_elapsed_rate": season and quotient(season.so_far, season.whole, MILLIONTH),
        "pace_method": _pace_method(season),
        "required_per_working_day": quotient(missing, worked - elapsed, CENT),
    }


def _pace_method(season: Season | None) -> str:
    if season is None:
        return "working_days"
    return "planned_season" if season.is_planned else "seasonal"


def _seasonal_pace(actual: Decimal | None, target: Decimal | None, season: Season | None) -> Row:
    """Null without a season, and where nothing or less was won by the point."""
    if season is None or season.so_far <= 0:
        return {"seasonal_pace_rate": None, "seasonal_projected_value": None}
    in_all = _times(actual, season.whole)
    return {
        "seasonal_pace_rate": quotient(in_all, _times(target, season.so_far), MILLIONTH),
        "seasonal_projected_value": quotient(in_all, season.so_far, CENT),
    }


def _status(standing: Standing) -> str:
    """The first that applies."""
    actual, target = standing.actual, standing.target
    if not target:
        return "no_target"
    if actual is not None and actual >= target:
        return "target_met"
    if standing.is_vacant:
        return "vacant"
    if standing.is_too_early:
        return "too_early"
    gone, in_all = standing.clock
    return "on_pace" if actual is not None and actual * in_all >= target * gone else "behind"


def by_region_month(facts: Facts, attained: list[Row]) -> list[Row]:
    """`mart_region_attainment_by_month`."""
    versions: dict[tuple[str, date, str], list[Row]] = defaultdict(list)
    for row in attained:
        if (row["scope_kind"], row["metric_id"], row["period_type"]) == (
            "region", "won_amount", "month",
        ):  # fmt: skip
            versions[row["tenant"], row["period_start"], row["scope_id"]].append(row)
    latest = {key: max(rows, key=lambda row: row["version"]) for key, rows in versions.items()}
    rows = []
    for (tenant, month, region), row in latest.items():
        gap = row["gap_value"]
        team_gap = known_sum(
            other["gap_value"] for key, other in latest.items() if key[:2] == (tenant, month)
        )
        attainment = row["attainment_rate"]
        rows.append(
            {
                "tenant": tenant,
                "region": region,
                "month": month,
                "actual_amount": row["actual_value"],
                "target_amount": row["target_value"],
                "attainment_rate": attainment,
                "gap_amount": gap,
                "gap_points": None if attainment is None else attainment - 1,
                "team_gap_amount": team_gap,
                "share_of_team_gap_rate": quotient(gap, team_gap, MILLIONTH),
                "currency_code": facts.currency(tenant),
            }
        )
    return rows


def concentration(facts: Facts, deals: list[Deal]) -> list[Row]:
    """`mart_region_concentration_by_month`."""
    rows = []
    for tenant in facts.tenants:
        months: dict[date, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
        for win in wins(facts, deals, tenant):
            if win.amount is not None:
                months[month_of(win.day)][win.region] += win.amount
        for month, amounts in months.items():
            rows.append(
                {
                    "tenant": tenant,
                    "month": month,
                    **_concentrated(sorted(amounts.values())),
                    "currency_code": facts.currency(tenant),
                }
            )
    return rows


def _concentrated(amounts: list[Decimal]) -> Row:
    """The measures of some amounts, the smallest first."""
    total, n = sum(amounts, NOTHING), len(amounts)
    squares = sum((amount * amount for amount in amounts), Decimal(0))
    ranked = sum((2 * i - n - 1) * amount for i, amount in enumerate(amounts, start=1))
    whole = None if amounts[0] < 0 or total == 0 else total
    top3 = quotient(sum(amounts[-3:], NOTHING), whole, MILLIONTH)
    bottom2 = quotient(sum(amounts[:2], NOTHING), whole, MILLIONTH)
    is_top_heavy = whole is not None and sum(amounts[-3:]) * 10 >= 6 * whole
    is_thin_below = whole is not None and sum(amounts[:2]) * 100 < 15 * whole
    return {
        "region_count": n,
        "total_amount": total,
        "top3_share_rate": top3,
        "bottom2_share_rate": bottom2,
        "herfindahl_rate": quotient(squares, whole and whole * whole, MILLIONTH),
        "gini_rate": quotient(Decimal(ranked), whole and n * whole, MILLIONTH),
        "is_meaningful": n >= 5,
        "is_alert": n >= 5 and is_top_heavy and is_thin_below,
    }
