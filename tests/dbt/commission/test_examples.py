"""Worked examples, from cash to statement, that a reader can check by hand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time
from decimal import Decimal

import pytest

from tests.dbt.commission.pipeline import Pipeline, Statement, World
from tests.dbt.commission.protocol import BoundaryOperator, Event, Refund, Tier

MAY, JUNE = date(2026, 5, 1), date(2026, 6, 1)
GUIDE = (
    Tier(tier_number=1, lower_attainment=Decimal("0.80"), rate=Decimal("0.010")),
    Tier(tier_number=2, lower_attainment=Decimal("1.00"), rate=Decimal("0.015")),
    Tier(tier_number=3, lower_attainment=Decimal("1.20"), rate=Decimal("0.020")),
)


def receipt(name: str, day: datetime, net: str, gross: str | None = None) -> Event:
    return Event(
        payment_source_id=name,
        invoice_source_id="i",
        paid_at=day,
        period_month=date(day.year, day.month, 1),
        gross_amount=Decimal(gross or net),
        employee_number="E1",
        commissionable_amount=Decimal(net),
    )


def refund(name: str, payment: str, day: datetime, amount: str) -> Refund:
    return Refund(
        refund_source_id=name,
        payment_source_id=payment,
        amount=Decimal(amount),
        refunded_at=day,
        period_month=date(day.year, day.month, 1),
    )


def june(day: int) -> datetime:
    return datetime.combine(JUNE.replace(day=day), time(10))


def may(day: int) -> datetime:
    return datetime.combine(MAY.replace(day=day), time(10))


def run(
    pipeline: Pipeline,
    events: Sequence[Event],
    refunds: Sequence[Refund] = (),
    quota: str = "100000",
    operator: BoundaryOperator = "lower_inclusive",
) -> Statement:
    quotas = {("E1", month): Decimal(quota) for month in (MAY, JUNE)}
    return pipeline.run({"t": World(tuple(events), quotas, GUIDE, operator, tuple(refunds))})["t"]


def payable(result: Statement, month: date = JUNE) -> Decimal:
    (row,) = (row for row in result.statements if row["period_month"] == month)
    amount = row["payable_amount"]
    assert isinstance(amount, Decimal)
    return amount


def amounts(result: Statement) -> list[tuple[str, str, str, str]]:
    """(credit's payment, line type, refund or "", amount) of every line, in order."""
    return sorted(
        (
            line["credit_id"].split("|")[0],
            line["line_type"],
            line["refund_source_id"] or "",
            str(line["line_amount"]),
        )
        for line in result.lines
    )


@pytest.mark.parametrize(
    ("collected", "operator", "expected"),
    [
        ("110000", "lower_inclusive", "1650.00"),
        ("95000", "lower_inclusive", "950.00"),
        ("79999.99", "lower_inclusive", "0.00"),
        ("80000", "lower_inclusive", "800.00"),
        ("80000", "lower_exclusive", "0.00"),
        ("80000.01", "lower_exclusive", "800.00"),
        ("100000", "lower_inclusive", "1500.00"),
        ("120000", "lower_inclusive", "2400.00"),
    ],
)
def test_the_guides_tiers_on_a_target_of_100_000(
    pipeline: Pipeline, collected: str, operator: BoundaryOperator, expected: str
) -> None:
    result = run(pipeline, [receipt("p", june(1), collected)], operator=operator)
    assert payable(result) == Decimal(expected)


def test_thirty_credits_of_33_33_end_at_the_rounded_whole(pipeline: Pipeline) -> None:
    events = [receipt(f"p{day:02}", june(day), "33.33") for day in range(1, 31)]
    result = run(pipeline, events, quota="1000")
    # 999.90 is 99.99% of the quota: 1%. Thirty roundings of 0.3333 would pay 9.90.
    assert payable(result) == Decimal("10.00")
    assert len([line for line in result.lines if line["line_type"] == "earning"]) == 30


def test_one_receipt_that_crosses_two_tiers_restates_every_earlier_one(
    pipeline: Pipeline,
) -> None:
    result = run(
        pipeline,
        [
            receipt("p1", june(1), "50000"),
            receipt("p2", june(2), "40000"),
            receipt("p3", june(3), "30000"),
        ],
    )
    assert amounts(result) == [
        ("p1", "earning", "", "0.00"),
        ("p1", "tier_trueup", "", "1000.00"),
        ("p2", "earning", "", "400.00"),
        ("p2", "tier_trueup", "", "400.00"),
        ("p3", "earning", "", "600.00"),
    ]
    assert payable(result) == Decimal("2400.00")


def test_a_refund_in_the_same_month_takes_back_the_line_and_its_trueup(
    pipeline: Pipeline,
) -> None:
    result = run(
        pipeline,
        [receipt("p1", june(1), "90000", "101700"), receipt("p2", june(2), "20000", "22600")],
        [refund("r", "p1", june(3), "50850")],
    )
    # p1 earned 900 at 1%, and 450 more when p2 brought the month to 1.5%; half comes back.
    assert amounts(result) == [
        ("p1", "earning", "", "900.00"),
        ("p1", "earning", "r", "-450.00"),
        ("p1", "tier_trueup", "", "450.00"),
        ("p1", "tier_trueup", "r", "-225.00"),
        ("p2", "earning", "", "300.00"),
    ]
    assert payable(result) == Decimal("975.00")


def test_a_refund_in_a_later_month_is_at_its_own_rate_and_moves_no_tier(
    pipeline: Pipeline,
) -> None:
    events = [receipt("p1", may(10), "120000"), receipt("p2", june(10), "100000")]
    result = run(pipeline, events, [refund("r", "p1", june(20), "60000")])
    assert payable(result, MAY) == Decimal("2400.00")
    # 1,500 of June at 1.5%, less half of May's 2,400 at May's 2%.
    assert payable(result) == Decimal("300.00")
    (reversal,) = (line for line in result.lines if line["is_reversal"])
    assert (reversal["period_month"], reversal["origin_period_month"]) == (JUNE, MAY)
    assert reversal["rate"] == Decimal("0.02")


def test_two_partial_refunds_take_back_exactly_everything(pipeline: Pipeline) -> None:
    result = run(
        pipeline,
        [receipt("p1", may(10), "100000.01", "113000.01")],
        [refund("r1", "p1", may(11), "37666.67"), refund("r2", "p1", june(1), "75333.34")],
    )
    assert sum(line["line_amount"] or 0 for line in result.lines) == 0
    assert payable(result, MAY) + payable(result) == 0


def test_receipts_of_one_instant_are_ordered_by_payment_then_invoice(
    pipeline: Pipeline,
) -> None:
    events = [receipt("b", june(1), "20000"), receipt("a", june(1), "90000")]
    result = run(pipeline, events)
    assert [
        (line["credit_id"], line["cumulative_amount"])
        for line in sorted(result.lines, key=lambda line: line["cumulative_amount"])
        if line["line_type"] == "earning"
    ] == [("a|i", Decimal("90000.00")), ("b|i", Decimal("110000.00"))]


def test_a_payee_without_a_quota_is_listed_with_unknown_amounts(pipeline: Pipeline) -> None:
    world = World((receipt("p", june(1), "100"),), {("E1", MAY): Decimal(100)}, GUIDE)
    result = pipeline.run({"t": world})["t"]
    (row,) = (row for row in result.statements if row["period_month"] == JUNE)
    assert row["calculation_status"] == "missing_quota"
    assert row["credited_amount"] == Decimal("100.00")
    assert row["payable_amount"] is None
    assert [line["line_amount"] for line in result.lines] == [None]
