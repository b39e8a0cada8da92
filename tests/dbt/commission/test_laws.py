"""Laws of the commission models: what must hold whatever was sold, paid and given back.

The compiled SQL runs on worlds made up by hypothesis. No law repeats the models' formulas: each
compares two worlds, or adds up what one world came to.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, cast

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.dbt.commission.pipeline import MONTHS, Pipeline, Statement, World
from tests.dbt.commission.protocol import Event, Line
from tests.dbt.commission.worlds import CENT, PAYEES, amounts, refunded_in_full, tier_tables, worlds

# Eight worlds a run: a run costs the same for one tenant or for sixteen.
LAW = settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
        HealthCheck.large_base_example,
    ],
)


def many(one: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    return st.lists(one, min_size=1, max_size=8)


def run_all(pipeline: Pipeline, rows: Sequence[tuple[World, ...]]) -> list[list[Statement]]:
    """Runs rows of worlds in one pass; the results in the same places."""
    named = {f"t{n}-{side}": world for n, row in enumerate(rows) for side, world in enumerate(row)}
    results = pipeline.run(named)
    return [[results[f"t{n}-{side}"] for side in range(len(row))] for n, row in enumerate(rows)]


def told(lines: Iterable[Line]) -> list[tuple[tuple[str, str], ...]]:
    """Lines as comparable rows, without what names the tenant and its plan."""
    own = ("tenant", "plan_id", "component_id")
    return sorted(
        tuple((name, str(value)) for name, value in line.items() if name not in own)
        for line in lines
    )


def total(lines: Iterable[Line]) -> Decimal:
    return sum((line["line_amount"] or Decimal(0) for line in lines), Decimal(0))


def by(lines: Iterable[Line], key: Callable[[Line], Any]) -> dict[Any, list[Line]]:
    grouped: dict[Any, list[Line]] = defaultdict(list)
    for line in lines:
        grouped[key(line)].append(line)
    return grouped


def rounded(value: Decimal) -> Decimal:
    return value.quantize(CENT, ROUND_HALF_UP)


def sold(world: World) -> list[int]:
    """Where the receipts with a payee stand."""
    return [n for n, event in enumerate(world.events) if event["employee_number"]]


def rate_at(world: World, credited: Decimal, quota: Decimal) -> Decimal:
    """The rate of the highest tier whose lower bound is reached; 0 below all of them."""
    inclusive = world.boundary_operator == "lower_inclusive"
    reached = {
        tier["lower_attainment"]: tier["rate"]
        for tier in world.tiers
        if credited > tier["lower_attainment"] * quota
        or (inclusive and credited == tier["lower_attainment"] * quota)
    }
    return reached[max(reached)] if reached else Decimal(0)


def credit_of(line: Line) -> tuple[str, str, str]:
    return line["employee_number"], line["credit_id"], line["line_type"]


def payee_period(row: Any) -> tuple[Any, Any]:
    return row["employee_number"], row["period_month"]


@LAW
@given(made=many(worlds()))
def test_lines_add_up_to_the_statement(pipeline: Pipeline, made: list[World]) -> None:
    for (result,) in run_all(pipeline, [(world,) for world in made]):
        lines = by(result.lines, payee_period)
        statements = {payee_period(row): row for row in result.statements}
        assert set(lines) <= set(statements)
        for key, row in statements.items():
            if row["payable_amount"] is not None:
                assert row["payable_amount"] == total(lines[key]), key


@LAW
@given(made=many(worlds()))
def test_lines_before_refunds_are_the_rate_times_the_credit(
    pipeline: Pipeline, made: list[World]
) -> None:
    for world, (result,) in zip(made, run_all(pipeline, [(w,) for w in made]), strict=True):
        originals = [line for line in result.lines if not line["is_reversal"]]
        lines = by(originals, payee_period)
        credited: dict[Any, Decimal] = defaultdict(Decimal)
        for event in world.events:
            if event["employee_number"]:
                credited[payee_period(event)] += event["commissionable_amount"] or 0
        for row in result.statements:
            key = payee_period(row)
            assert row["credited_amount"] == credited[key]
            quota = world.quotas[key]
            if quota is None:
                assert row["rate"] is None
                assert all(line["line_amount"] is None for line in lines[key])
                continue
            rate = rate_at(world, credited[key], quota)
            assert row["rate"] == rate
            assert total(lines[key]) == rounded(rate * credited[key])


@LAW
@given(made=many(worlds()), random=st.randoms(use_true_random=False))
def test_the_order_of_arrival_changes_nothing(
    pipeline: Pipeline, made: list[World], random: Any
) -> None:
    def shuffled(rows: Sequence[Any]) -> tuple[Any, ...]:
        return tuple(random.sample(rows, len(rows)))

    rows = [
        (
            world,
            replace(
                world,
                events=shuffled(world.events),
                refunds=shuffled(world.refunds),
                tiers=shuffled(world.tiers),
            ),
        )
        for world in made
    ]
    for before, after in run_all(pipeline, rows):
        assert told(before.lines) == told(after.lines)


@LAW
@given(made=many(worlds()))
def test_the_same_input_twice_gives_the_same_lines(pipeline: Pipeline, made: list[World]) -> None:
    rows = [(world,) for world in made]
    for (first,), (second,) in zip(run_all(pipeline, rows), run_all(pipeline, rows), strict=True):
        assert told(first.lines) == told(second.lines)
        assert sorted(map(str, first.statements)) == sorted(map(str, second.statements))


@st.composite
def split_worlds(draw: st.DrawFn) -> tuple[World, World, set[str]]:
    """A world, the same with one invoice split in two, and the credits that this touches."""
    world: World = draw(worlds(refunded=False).filter(sold))
    position = draw(st.sampled_from(sold(world)))
    whole = world.events[position]
    net = whole["commissionable_amount"] or Decimal(0)
    part = draw(st.integers(0, int(net / CENT))) * CENT
    halves = (
        Event(**{**whole, "commissionable_amount": part, "gross_amount": part + CENT}),
        Event(
            **{
                **whole,
                "invoice_source_id": f"{whole['invoice_source_id']}-2",
                "commissionable_amount": net - part,
                "gross_amount": whole["gross_amount"] - part,
            }
        ),
    )
    events = (*world.events[:position], *halves, *world.events[position + 1 :])
    credit = f"{whole['payment_source_id']}|{whole['invoice_source_id']}"
    return world, replace(world, events=events), {credit, f"{credit}-2"}


@LAW
@given(made=many(split_worlds()))
def test_splitting_an_invoice_pays_the_same(
    pipeline: Pipeline, made: list[tuple[World, World, set[str]]]
) -> None:
    rows = [(whole, split) for whole, split, _ in made]
    for (whole, split), (_, _, touched) in zip(run_all(pipeline, rows), made, strict=True):
        paid = [
            sorted((*payee_period(row), str(row["payable_amount"])) for row in side.statements)
            for side in (whole, split)
        ]
        assert paid[0] == paid[1]
        untouched = [
            told(line for line in side.lines if line["credit_id"] not in touched)
            for side in (whole, split)
        ]
        assert untouched[0] == untouched[1]


@st.composite
def larger_worlds(draw: st.DrawFn) -> tuple[World, World, tuple[Any, Any]]:
    """A world whose rates never fall, the same with one receipt larger, and whose it is."""
    world: World = draw(worlds(rising=True, refunded=False).filter(sold))
    position = draw(st.sampled_from(sold(world)))
    more = draw(amounts())
    before = world.events[position]
    larger = Event(
        **{
            **before,
            "commissionable_amount": (before["commissionable_amount"] or Decimal(0)) + more,
            "gross_amount": before["gross_amount"] + more,
        }
    )
    events = (*world.events[:position], larger, *world.events[position + 1 :])
    return world, replace(world, events=events), payee_period(before)


@LAW
@given(made=many(larger_worlds()))
def test_more_sales_never_pay_less_when_rates_do_not_fall(
    pipeline: Pipeline, made: list[tuple[World, World, tuple[Any, Any]]]
) -> None:
    rows = [(less, more) for less, more, _ in made]
    for (less, more), (_, _, key) in zip(run_all(pipeline, rows), made, strict=True):
        assert total(by(more.lines, payee_period)[key]) >= total(by(less.lines, payee_period)[key])


@LAW
@given(made=many(worlds()))
def test_what_is_given_back_in_full_leaves_nothing_of_any_line(
    pipeline: Pipeline, made: list[World]
) -> None:
    for (result,) in run_all(pipeline, [(refunded_in_full(world),) for world in made]):
        for key, lines in by(result.lines, credit_of).items():
            assert total(lines) == 0, key


@LAW
@given(made=many(worlds()))
def test_a_refund_takes_back_no_more_than_the_line_and_never_adds(
    pipeline: Pipeline, made: list[World]
) -> None:
    for (result,) in run_all(pipeline, [(world,) for world in made]):
        for lines in by(result.lines, credit_of).values():
            original = total(line for line in lines if not line["is_reversal"])
            left = total(lines)
            assert abs(left) <= abs(original)
            assert left * original >= 0


@LAW
@given(made=many(worlds()))
def test_a_refund_changes_no_original_line(pipeline: Pipeline, made: list[World]) -> None:
    rows = [(world, replace(world, refunds=())) for world in made]
    for refunded, kept in run_all(pipeline, rows):
        assert told(x for x in refunded.lines if not x["is_reversal"]) == told(kept.lines)


@LAW
@given(made=many(worlds()))
def test_another_payee_changes_nobodys_lines(pipeline: Pipeline, made: list[World]) -> None:
    def alone(world: World) -> World:
        nobody: dict[str, Any] = {"employee_number": None, "commissionable_amount": None}
        return replace(
            world,
            events=tuple(
                event if event["employee_number"] == PAYEES[0] else cast(Event, {**event, **nobody})
                for event in world.events
            ),
        )

    for both, one in run_all(pipeline, [(world, alone(world)) for world in made]):
        assert told(by(both.lines, lambda x: x["employee_number"])[PAYEES[0]]) == told(one.lines)


@LAW
@given(made=many(st.tuples(worlds(), tier_tables())))
def test_a_plan_version_of_the_future_changes_no_earlier_line(
    pipeline: Pipeline, made: list[tuple[World, Any]]
) -> None:
    rows = [(world, replace(world, later_tiers=later)) for world, later in made]
    for before, after in run_all(pipeline, rows):
        assert told(x for x in before.lines if x["origin_period_month"] < MONTHS[-1]) == told(
            x for x in after.lines if x["origin_period_month"] < MONTHS[-1]
        )


@LAW
@given(made=many(worlds()))
def test_every_receipt_with_a_payee_earns_exactly_once(
    pipeline: Pipeline, made: list[World]
) -> None:
    for world, (result,) in zip(made, run_all(pipeline, [(w,) for w in made]), strict=True):
        earned = [
            line["credit_id"]
            for line in result.lines
            if line["line_type"] == "earning" and not line["is_reversal"]
        ]
        assert sorted(earned) == sorted(
            f"{event['payment_source_id']}|{event['invoice_source_id']}"
            for event in world.events
            if event["employee_number"]
        )
    assert len(pipeline.fetch("int_commission_events")) == sum(len(w.events) for w in made)
