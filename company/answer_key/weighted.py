"""What the open pipeline is worth, by three opinions of how likely a deal is to be won."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from math import isqrt

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
from company.answer_key.states import State, changes

PRIOR_DEALS = 20


@dataclass(frozen=True)
class Odds:
    """How many of the deals that were ever in a stage closed, and how many of them were won."""

    closed: int
    won: int


@dataclass(frozen=True)
class Open:
    """An open deal on as_of_date."""

    state: State
    is_qualified: bool
    amount: Decimal | None
    """In the tenant's currency, at the rate of as_of_date."""
    given: Decimal | None
    """The probability that the CRM holds."""

    def is_past_due(self, day: date) -> bool:
        return self.state.close_date is not None and self.state.close_date < day


def by_owner_stage(facts: Facts, deals: list[Deal]) -> list[Row]:
    """`mart_weighted_pipeline_by_owner_stage`."""
    rows = []
    for tenant in facts.tenants:
        own = [deal for deal in deals if deal.tenant == tenant]
        groups: dict[tuple[str | None, str], list[Open]] = defaultdict(list)
        for deal in own:
            now = changes(facts, tenant, deal.source_id)[-1][1]
            if now.outcome == "open":
                groups[now.owner, now.stage_id].append(_open(facts, deal, now))
        for (owner, stage_id), there in groups.items():
            rows.append(
                {
                    "tenant": tenant,
                    "pipeline_id": "default",
                    "owner_source_id": owner,
                    "stage_id": stage_id,
                    **_cell(facts, there, _stage_probability(facts, stage_id)),
                    **_calibrated(facts, there, own, stage_id),
                    "currency_code": facts.currency(tenant),
                }
            )
    return rows


def _open(facts: Facts, deal: Deal, now: State) -> Open:
    given = facts.of("opportunity", deal.tenant)[deal.source_id]["Probability"]
    return Open(
        now,
        deal.is_qualified,
        facts.converted(now.amount, deal.tenant, now.currency, facts.as_of_date),
        None if given is None else Decimal(given) / 100,
    )


def _stage_probability(facts: Facts, stage_id: str) -> Decimal | None:
    rows = facts.valid("stage_probability", facts.as_of_date, stage_id=stage_id)
    rows = [row for row in rows if row["pipeline_id"] == "default"]
    return Decimal(rows[0]["probability_rate"]) if rows else None


def _cell(facts: Facts, there: list[Open], of_stage: Decimal | None) -> Row:
    past_due = [deal for deal in there if deal.is_past_due(facts.as_of_date)]
    ahead = [deal for deal in there if not deal.is_past_due(facts.as_of_date)]
    qualified = [deal for deal in ahead if deal.is_qualified]
    return {
        "open_count": len(ahead),
        "open_amount": known_sum(deal.amount for deal in ahead),
        "past_due_count": len(past_due),
        "past_due_amount": known_sum(deal.amount for deal in past_due),
        "given_weighted_amount": known_sum(_times(deal.amount, deal.given) for deal in ahead),
        "given_missing_count": sum(deal.given is None for deal in ahead),
        "stage_weighted_amount": known_sum(_times(deal.amount, of_stage) for deal in ahead),
        "qualified_open_count": len(qualified),
        "qualified_open_amount": known_sum(deal.amount for deal in qualified),
    }


def _times(amount: Decimal | None, probability: Decimal | None) -> Decimal | None:
    if amount is None or probability is None:
        return None
    return half_away(Fraction(amount) * Fraction(probability))


def _odds(facts: Facts, own: list[Deal], stage_id: str | None = None) -> Odds:
    """Of a tenant's deals closed in the year before the as-of month that were ever in a stage."""
    first = add_months(facts.as_of_month, -12)
    closed = [
        deal
        for deal in own
        if deal.closed_on and first <= month_of(deal.closed_on) < facts.as_of_month
        if stage_id is None or any(stay.first.stage_id == stage_id for stay in deal.path)
    ]
    return Odds(len(closed), sum(deal.outcome == "won" for deal in closed))


def _calibrated(facts: Facts, there: list[Open], own: list[Deal], stage_id: str) -> Row:
    every, here = _odds(facts, own), _odds(facts, own, stage_id)
    amounts = [deal.amount for deal in there if not deal.is_past_due(facts.as_of_date)]
    if every.closed == 0:
        p = None
    else:
        prior = Fraction(every.won, every.closed) * PRIOR_DEALS
        p = half_away((here.won + prior) / (here.closed + PRIOR_DEALS), MILLIONTH)
    known = [amount for amount in amounts if amount is not None]
    variance = None
    if p is not None and known:
        variance = half_away(sum(Fraction(a) ** 2 * Fraction(p * (1 - p)) for a in known))
    return {
        "calibrated_weighted_amount": known_sum(_times(amount, p) for amount in amounts),
        "calibrated_probability_rate": p,
        "calibrated_deal_count": here.closed,
        "weighted_variance": variance,
        "weighted_standard_deviation": None if variance is None else _root(variance),
    }


def _root(value: Decimal) -> Decimal:
    """The square root to the nearest cent, in whole numbers."""
    cents_squared = int(value / CENT / CENT)
    floor = isqrt(cents_squared)
    # (floor + 1/2)^2 = floor^2 + floor + 1/4: beyond it the next cent is nearer.
    return (floor + (cents_squared > floor * floor + floor)) * CENT
