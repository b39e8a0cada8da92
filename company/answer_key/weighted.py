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
from company.answer_key.states import Histories, State, day_ends

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


def by_owner_stage(facts: Facts, deals: list[Deal], histories: Histories) -> list[Row]:
    """`mart_weighted_pipeline_by_owner_stage`."""
    rows = []
    for tenant in facts.tenants:
        own = [deal for deal in deals if deal.tenant == tenant]
        groups: dict[tuple[str, str | None, str], list[Open]] = defaultdict(list)
        for deal in own:
            now = day_ends(facts, tenant, histories[tenant, deal.source_id])[-1][1]
            if now.is_open:
                groups[deal.pipeline_id, now.owner, now.stage_id].append(_open(facts, deal, now))
        for (pipeline_id, owner, stage_id), there in groups.items():
            of_pipeline = [deal for deal in own if deal.pipeline_id == pipeline_id]
            rows.append(
                {
                    "tenant": tenant,
                    "pipeline_id": pipeline_id,
                    "owner_source_id": owner,
                    "stage_id": stage_id,
                    **_cell(facts, there, _stage_probability(facts, pipeline_id, stage_id)),
                    **_calibrated(facts, there, of_pipeline, stage_id),
                    "currency_code": facts.currency(tenant),
                }
            )
    return rows


def _open(facts: Facts, deal: Deal, now: State) -> Open:
    given = facts.of("opportunity", deal.tenant)[deal.source_id]["Probability"]
    return Open(
        now,
        deal.is_qualified,
        deal.worth(facts, facts.as_of_date),
        None if given is None else Decimal(given) / 100,
    )


def _stage_probability(facts: Facts, pipeline_id: str, stage_id: str) -> Decimal | None:
    rows = facts.valid(
        "stage_probability", facts.as_of_date, pipeline_id=pipeline_id, stage_id=stage_id
    )
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


def _odds(facts: Facts, of_pipeline: list[Deal], stage_id: str | None = None) -> Odds:
    """Of a pipeline's deals closed in the year before the as-of month that were ever in a stage."""
    first = add_months(facts.as_of_month, -12)
    closed = [
        deal
        for deal in of_pipeline
        if deal.closed_on and first <= month_of(deal.closed_on) < facts.as_of_month
        if stage_id is None or any(stay.first.stage_id == stage_id for stay in deal.path)
    ]
    return Odds(len(closed), sum(deal.outcome == "won" for deal in closed))


def _calibrated(facts: Facts, there: list[Open], of_pipeline: list[Deal], stage_id: str) -> Row:
    every, here = _odds(facts, of_pipeline), _odds(facts, of_pipeline, stage_id)
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
