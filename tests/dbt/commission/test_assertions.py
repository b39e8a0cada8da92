"""The project's own assertions hold on generated worlds, and each notices what it is for."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.dbt.commission.pipeline import Pipeline, World
from tests.dbt.commission.test_examples import GUIDE, JUNE, MAY, june, may, receipt, refund
from tests.dbt.commission.worlds import worlds

STORY = World(
    events=(
        receipt("p1", may(10), "50000", "56500"),
        receipt("p2", may(12), "60000", "67800"),
        receipt("p3", june(1), "10", "11.30"),
    ),
    quotas={("E1", MAY): Decimal(100000), ("E1", JUNE): Decimal(100000)},
    tiers=GUIDE,
    refunds=(refund("r", "p1", june(5), "5650"),),
)

# Assertion -> one change to the finished tables that it must notice.
FAULTS = {
    "assert_lines_sum_to_statement": (
        "update mart_commission_statement set payable_amount = payable_amount + 0.01"
    ),
    "assert_lines_of_payee_period_sum_to_rate_times_credit": (
        "update mart_commission_statement_line set line_amount = line_amount + 0.01 "
        "where credit_id = 'p2|i' and line_type = 'earning'"
    ),
    "assert_every_linked_cash_row_has_credit_or_reason": (
        "delete from mart_commission_statement_line where credit_id = 'p3|i'"
    ),
    "assert_payroll_bridge_closes": (
        "delete from mart_payroll_reconciliation where period_month = date '2026-05-01'"
    ),
    "assert_reversals_never_exceed_their_line": (
        "update mart_commission_statement_line set line_amount = line_amount * 11 where is_reversal"
    ),
    "assert_plan_components_are_supported": (
        "update int_commission_quota set calculation_status = 'tier_method_not_supported'"
    ),
    "assert_credited_payees_have_a_quota": (
        "update mart_commission_statement set calculation_status = 'missing_quota'"
    ),
    "assert_a_payee_has_one_component_in_a_period": (
        "insert into int_commission_quota by name "
        "select * replace ('second' as component_id) from int_commission_quota"
    ),
    "assert_tiers_leave_no_gap_and_no_overlap": (
        "update stg_policy__rate_tier set upper_attainment = 0.99 where tier_number = 1"
    ),
    "assert_receipts_of_an_invoice_never_exceed_its_net": (
        "update int_invoices__unioned set net_amount = net_amount - 0.01"
    ),
}


@settings(
    max_examples=8,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
@given(made=st.lists(worlds(), min_size=1, max_size=8))
def test_every_assertion_holds_on_generated_worlds(pipeline: Pipeline, made: list[World]) -> None:
    pipeline.run({f"t{number}": world for number, world in enumerate(made)})
    failing = {name: rows for name in pipeline.assertions if (rows := pipeline.failing(name))}
    failing.pop("assert_credited_payees_have_a_quota", None)
    assert not failing


@pytest.mark.parametrize("name", FAULTS)
def test_each_assertion_notices_what_it_is_for(pipeline: Pipeline, name: str) -> None:
    pipeline.run({"t": STORY})
    assert pipeline.failing(name) == []
    pipeline.tamper(FAULTS[name])
    assert pipeline.failing(name) != []


def test_every_assertion_has_its_fault(pipeline: Pipeline) -> None:
    assert set(pipeline.assertions) == set(FAULTS)


def test_a_refused_component_is_named_and_pays_nothing(pipeline: Pipeline) -> None:
    result = pipeline.run({"t": replace(STORY, tier_method="marginal")})["t"]
    assert {line["line_amount"] for line in result.lines} == {None}
    assert {row["calculation_status"] for row in result.statements} == {"tier_method_not_supported"}
    (row,) = pipeline.failing("assert_plan_components_are_supported")
    assert (row["plan_id"], row["component_id"]) == ("plan-t", "component-t")


def test_a_gap_in_the_tiers_is_named(pipeline: Pipeline) -> None:
    pipeline.run({"t": replace(STORY, tiers=GUIDE[:1])})
    pipeline.tamper("update stg_policy__rate_tier set upper_attainment = 1")
    (row,) = pipeline.failing("assert_tiers_leave_no_gap_and_no_overlap")
    assert (row["component_id"], row["tier_number"]) == ("component-t", 1)
    assert isinstance(row["day"], date)
