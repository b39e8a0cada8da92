"""Worlds made up by hypothesis: small amounts, near the bounds of tiers and of half cents."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from hypothesis import strategies as st

from tests.dbt.commission.pipeline import AS_OF_DATE, MONTHS, World
from tests.dbt.commission.protocol import BoundaryOperator, Event, Refund, Tier

PAYEES = ("E1", "E2")
CENT = Decimal("0.01")
QUOTAS = (Decimal("100.00"), Decimal("333.33"), Decimal("1000.00"), None)
LOWERS = tuple(map(Decimal, ("0", "0.333333", "0.8", "1", "1.2", "2.5")))
RATES = tuple(map(Decimal, ("0", "0.005", "0.01", "0.012345", "0.015", "0.02", "0.333333")))
OPERATORS: tuple[BoundaryOperator, ...] = ("lower_inclusive", "lower_exclusive")


def cents(least: int, most: int) -> st.SearchStrategy[Decimal]:
    """Amounts between so many cents and so many."""
    return st.integers(least, most).map(lambda units: units * CENT)


def amounts() -> st.SearchStrategy[Decimal]:
    """Net amounts: half cents of common rates, thirds, and what lands on a tier's bound."""
    telling = map(Decimal, ("0.00", "0.01", "0.50", "33.33", "33.34", "50.00", "80.00", "100.00"))
    return st.sampled_from(tuple(telling)) | cents(0, 150_00)


@st.composite
def tier_tables(draw: st.DrawFn, rising: bool = False) -> tuple[Tier, ...]:
    """One to four tiers with distinct lower bounds; `rising`: rates never fall."""
    lowers = sorted(draw(st.sets(st.sampled_from(LOWERS), min_size=1, max_size=4)))
    rates = draw(
        st.lists(st.sampled_from(RATES), min_size=len(lowers), max_size=len(lowers)).map(
            lambda found: sorted(found) if rising else found
        )
    )
    return tuple(
        Tier(tier_number=number, lower_attainment=lower, rate=rate)
        for number, (lower, rate) in enumerate(zip(lowers, rates, strict=True), start=1)
    )


@st.composite
def payments(draw: st.DrawFn, name: str) -> list[Event]:
    """The allocation rows of one payment: one to three, perhaps with an unapplied rest."""
    month = draw(st.sampled_from(MONTHS))
    hour = draw(st.integers(0, 20 * 24) | st.just(10))
    paid_at = datetime.combine(month, time()) + timedelta(hours=hour)
    events = []
    invoices = draw(
        st.lists(st.sampled_from("abcd"), min_size=1, max_size=3, unique=True)
        | st.just(["a", None])
    )
    for invoice in invoices:
        net = draw(amounts())
        payee = None if invoice is None else draw(st.sampled_from((*PAYEES, "E1", None)))
        events.append(
            Event(
                payment_source_id=name,
                invoice_source_id=invoice,
                paid_at=paid_at,
                period_month=month,
                gross_amount=net + draw(cents(1, 20_00)),
                employee_number=payee,
                commissionable_amount=None if payee is None else net,
            )
        )
    return events


@st.composite
def refunds_of(draw: st.DrawFn, rows: list[Event]) -> list[Refund]:
    """Up to three refunds of one payment, that sum to at most the payment."""
    paid = sum((row["gross_amount"] for row in rows), Decimal(0))
    payment, paid_at = rows[0]["payment_source_id"], rows[0]["paid_at"]
    made: list[Refund] = []
    left = int(paid / CENT)
    for number in range(draw(st.integers(0, 3))):
        units = draw(st.integers(1, left) | st.just(left)) if left else 0
        if not units:
            break
        left -= units
        refunded_at = min(
            paid_at + timedelta(hours=draw(st.integers(1, 60 * 24))),
            datetime.combine(AS_OF_DATE, time(12)),
        )
        made.append(
            Refund(
                refund_source_id=f"r{number}-{payment}",
                payment_source_id=payment,
                amount=units * CENT,
                refunded_at=refunded_at,
                period_month=date(refunded_at.year, refunded_at.month, 1),
            )
        )
    return made


@st.composite
def worlds(
    draw: st.DrawFn, rising: bool = False, refunded: bool = True, max_payments: int = 6
) -> World:
    """A tenant with two payees, three months of cash, and the plan that pays on it."""
    names = [f"p{number}" for number in range(draw(st.integers(1, max_payments)))]
    made = [draw(payments(name)) for name in names]
    return World(
        events=tuple(event for rows in made for event in rows),
        quotas={
            (payee, month): draw(st.sampled_from(QUOTAS)) for payee in PAYEES for month in MONTHS
        },
        tiers=draw(tier_tables(rising=rising)),
        boundary_operator=draw(st.sampled_from(OPERATORS)),
        refunds=tuple(refund for rows in made if refunded for refund in draw(refunds_of(rows))),
    )


def refunded_in_full(world: World) -> World:
    """The same world, with whatever is left of every payment given back at the end."""
    left: dict[str, Decimal] = defaultdict(Decimal)
    for event in world.events:
        left[event["payment_source_id"]] += event["gross_amount"]
    for refund in world.refunds:
        left[refund["payment_source_id"]] -= refund["amount"]
    rest = tuple(
        Refund(
            refund_source_id=f"rest-{payment}",
            payment_source_id=payment,
            amount=amount,
            refunded_at=datetime.combine(AS_OF_DATE, time(13)),
            period_month=MONTHS[-1],
        )
        for payment, amount in left.items()
        if amount
    )
    return replace(world, refunds=(*world.refunds, *rest))
