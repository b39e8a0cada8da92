"""The reference: statement lines worked out one event at a time, from `docs/marts.md` alone.

Shares no code with the models; rounding and shares are the answer key's.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction

from company.answer_key.cash import share_of
from company.answer_key.facts import half_away, rate
from tests.dbt.commission.protocol import BoundaryOperator, Event, Line, Quotas, Refund, Tier

NOTHING = Decimal("0.00")


def statement_lines(
    events: Sequence[Event],
    quotas: Quotas,
    tiers: Sequence[Tier],
    boundary_operator: BoundaryOperator,
    refunds: Sequence[Refund] = (),
) -> list[Line]:
    """Every line of every payee and period; see `StatementLines`."""
    periods: dict[tuple[str, date], list[Event]] = defaultdict(list)
    for event in events:
        if event["employee_number"] is not None:
            periods[(event["employee_number"], event["period_month"])].append(event)
    lines: list[Line] = []
    for key, own in periods.items():
        quota = quotas.get(key) or None
        for original, event in _originals(own, quota, tiers, boundary_operator):
            lines.append(original)
            if original["line_amount"] is not None:
                lines.extend(_taken_back(original, event, events, refunds))
    return lines


def _originals(
    own: Sequence[Event],
    quota: Decimal | None,
    tiers: Sequence[Tier],
    boundary_operator: BoundaryOperator,
) -> Iterator[tuple[Line, Event]]:
    """The earning and true-up lines of one payee and period."""
    in_order = sorted(
        own,
        key=lambda e: (e["paid_at"], e["payment_source_id"], e["invoice_source_id"] or ""),
    )
    total = sum((_credit(event) for event in in_order), NOTHING)

    def reached(credited: Decimal) -> tuple[int | None, Decimal]:
        found: tuple[int | None, Decimal] = (None, Decimal(0))
        for tier in sorted(tiers, key=lambda t: t["lower_attainment"]):
            bound = Fraction(tier["lower_attainment"]) * Fraction(quota or 0)
            above = Fraction(credited) - bound
            if above > 0 or (above == 0 and boundary_operator == "lower_inclusive"):
                found = (tier["tier_number"], tier["rate"])
        return found

    before = NOTHING
    for event in in_order:
        after = before + _credit(event)
        number, own_rate = reached(after) if quota else (None, None)
        earning: Line = {
            "employee_number": str(event["employee_number"]),
            "period_month": event["period_month"],
            "origin_period_month": event["period_month"],
            "credit_id": f"{event['payment_source_id']}|{event['invoice_source_id']}",
            "refund_source_id": None,
            "line_type": "earning",
            "is_reversal": False,
            "commissionable_amount": _credit(event),
            "cumulative_amount": after,
            "quota_amount": quota,
            "attainment_rate": rate(total, quota),
            "tier_number": number,
            "rate": own_rate,
            "line_amount": None if own_rate is None else _slice(own_rate, before, after),
        }
        yield earning, event
        if own_rate is not None:
            final_number, final_rate = reached(total)
            gained = _slice(final_rate, before, after) - _slice(own_rate, before, after)
            if gained != 0:
                trueup = earning.copy()
                trueup["line_type"] = "tier_trueup"
                trueup["tier_number"] = final_number
                trueup["rate"] = final_rate
                trueup["line_amount"] = gained
                yield trueup, event
        before = after


def _credit(event: Event) -> Decimal:
    amount = event["commissionable_amount"]
    if amount is None:
        raise ValueError(f"payment {event['payment_source_id']}: a payee without an amount")
    return amount


def _slice(at_rate: Decimal, low: Decimal, high: Decimal) -> Decimal:
    """What [low, high) of the cumulative credit earns at one rate."""
    upper = half_away(Fraction(at_rate) * Fraction(high))
    return upper - half_away(Fraction(at_rate) * Fraction(low))


def _taken_back(
    original: Line, event: Event, events: Sequence[Event], refunds: Sequence[Refund]
) -> Iterator[Line]:
    """One reversal of a line for each refund of its payment."""
    # The unapplied rest comes last.
    rows = sorted(
        (e for e in events if e["payment_source_id"] == event["payment_source_id"]),
        key=lambda e: (e["invoice_source_id"] is None, e["invoice_source_id"] or ""),
    )
    payment = sum((row["gross_amount"] for row in rows), NOTHING)
    ahead = sum((row["gross_amount"] for row in rows[: rows.index(event)]), NOTHING)
    given_back = share_before = NOTHING
    amount = original["line_amount"] or NOTHING
    own = (r for r in refunds if r["payment_source_id"] == event["payment_source_id"])
    for refund in sorted(own, key=lambda r: (r["refunded_at"], r["refund_source_id"])):
        given_back += refund["amount"]
        share = share_of(given_back, ahead, event["gross_amount"], payment)
        taken = share_of(amount, share_before, share - share_before, event["gross_amount"])
        reversal = original.copy()
        reversal["period_month"] = refund["period_month"]
        reversal["refund_source_id"] = refund["refund_source_id"]
        reversal["is_reversal"] = True
        reversal["line_amount"] = -taken
        yield reversal
        share_before = share
