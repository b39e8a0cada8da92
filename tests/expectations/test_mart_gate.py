"""Each mart expectation: good data passes it, one broken row fails exactly it."""

from __future__ import annotations

from pathlib import Path

import pytest

from expectations.contract import GateOutcome
from expectations.gate import run_gate
from expectations.suites.marts import mart_suites
from tests.expectations.gates import context, publish, warehouse

_HEADLINE = "marts.mart_headline_by_month"
_FUNNEL = "marts.mart_funnel_stage_conversion_by_cohort_month"
_RETENTION = "marts.mart_retention_triangle_by_first_invoice_month"
_PIPELINE = "marts.mart_pipeline_by_date_stage"
_VIOLATION = "marts.mart_stage_entry_violation_by_rule_month"

# (suite, check) -> the SQL that breaks one thing, and what the message must name.
CASES: dict[tuple[str, str], tuple[str, str]] = {
    ("marts.landing", "landed_is_staged_or_quarantined"): (
        "update meta.load set row_count = 3 where resource = 'ticket'",
        "zendesk.ticket: landed 3, staged 1, quarantined 0",
    ),
    ("marts.fct_payment_allocation", "allocated_is_received"): (
        "update core.fct_payment_allocation set gross_amount = 39.99 where gross_amount = 40",
        "aurora payment ch_1: received 100.00, allocated 99.99 CNY",
    ),
    ("marts.fct_payment_allocation", "applied_within_received"): (
        "update core.fct_payment_allocation "
        "set gross_amount = case when gross_amount = 40 then -10 else 110 end "
        "where payment_source_id = 'ch_1'",
        "aurora payment ch_1: received 100.00, applied 10.00 more CNY",
    ),
    ("marts.fct_payment_allocation", "nothing_after_as_of"): (
        "update core.fct_payment_allocation set paid_date = date '2026-07-01' "
        "where payment_source_id = 'ch_2'",
        "ch_2",
    ),
    ("marts.cash", "headline_cash_is_received"): (
        f"update {_HEADLINE} set cash_collected_amount = 170.01 where month = date '2026-06-01'",
        "aurora: received 170.00, headline 170.01 CNY",
    ),
    ("marts.invoiced", "retention_plus_excluded_is_invoiced"): (
        f"update {_RETENTION} set invoiced_net_amount = 0.01 where month_number = 1",
        "aurora: invoiced 95.00, in retention 90.01, without a customer 5.00 CNY",
    ),
    ("marts.invoiced", "headline_is_invoiced"): (
        f"update {_HEADLINE} set invoiced_net_amount = 6 where month = date '2026-06-01'",
        "aurora: invoiced 95.00, headline 96.00 CNY",
    ),
    ("marts.bridge_opportunity_invoice", "match_confidence_in_range"): (
        "update core.bridge_opportunity_invoice set match_confidence = 90",
        "aurora invoice in_1: 90.0",
    ),
    ("marts.bridge_opportunity_invoice", "linked_invoice_counts"): (
        "update core.bridge_opportunity_invoice set invoice_source_id = 'in_draft'",
        "aurora invoice in_draft of opportunity o1: off by 90.00",
    ),
    (_FUNNEL, "conversion_rate_in_range"): (
        f"update {_FUNNEL} set conversion_rate = 25 where to_stage_id = 'contract_signed'",
        "aurora 2026-06-01 qualified to contract_signed: 25.0",
    ),
    (_FUNNEL, "open_rate_in_range"): (
        f"update {_FUNNEL} set open_rate = -0.1 where to_stage_id = 'proposal'",
        "qualified to proposal: -0.1",
    ),
    (_FUNNEL, "qualified_conversion_rate_in_range"): (
        f"update {_FUNNEL} set qualified_conversion_rate = 1.01 where to_stage_id = 'proposal'",
        "qualified to proposal: 1.01",
    ),
    (_FUNNEL, "cohort_has_one_size"): (
        f"update {_FUNNEL} set entered_count = 5 where to_stage_id = 'proposal'",
        "qualified to proposal: 5",
    ),
    (_FUNNEL, "nothing_after_as_of"): (
        f"update {_FUNNEL} set cohort_month = date '2026-07-01'",
        "aurora 2026-07-01 qualified to contract_signed",
    ),
    (_RETENTION, "logo_retention_rate_in_range"): (
        f"update {_RETENTION} set logo_retention_rate = 2 where month_number = 1",
        "aurora 2026-05-01 month 1: 2.0",
    ),
    (_RETENTION, "nothing_after_as_of"): (
        f"insert into {_RETENTION} select tenant, cohort_month, 2, cohort_size, 0, 0, 0 "
        f"from {_RETENTION} where month_number = 1",
        "aurora 2026-05-01 month 2",
    ),
    (_VIOLATION, "violation_rate_in_range"): (
        f"update {_VIOLATION} set violation_rate = 2",
        "rule amount_positive: 2.0",
    ),
    (_VIOLATION, "entries_are_the_judged_ones"): (
        f"update {_VIOLATION} set entry_count = 5",
        "rule amount_positive: off by 1 entries",
    ),
    (_VIOLATION, "verdicts_are_the_written_ones"): (
        f"update {_VIOLATION} set failed_count = 0",
        "rule amount_positive: off by 1 verdicts",
    ),
    (_HEADLINE, "win_rate_by_close_month_in_range"): (
        f"update {_HEADLINE} set win_rate_by_close_month = 50 where month = date '2026-06-01'",
        "aurora 2026-06-01: 50.0",
    ),
    (_HEADLINE, "csat_positive_rate_in_range"): (
        f"update {_HEADLINE} set csat_positive_rate = 100 where month = date '2026-06-01'",
        "aurora 2026-06-01: 100.0",
    ),
    (_HEADLINE, "nothing_after_as_of"): (
        f"insert into {_HEADLINE} (tenant, month) values ('aurora', date '2026-07-01')",
        "aurora 2026-07-01",
    ),
    ("marts.headline_counts", "leads_counted_once"): (
        f"update {_HEADLINE} set leads_created_count = 1 where month = date '2026-06-01'",
        "aurora: off by 1 leads",
    ),
    ("marts.headline_counts", "deals_counted_once"): (
        f"update {_HEADLINE} set opportunities_lost_count = 2 where month = date '2026-06-01'",
        "aurora: off by 1 deals",
    ),
    ("marts.headline_counts", "tickets_counted_once"): (
        f"update {_HEADLINE} set tickets_created_count = 0 where month = date '2026-06-01'",
        "aurora: off by 1 tickets",
    ),
    ("marts.rows_present", "rows_when_input"): (
        f"delete from {_FUNNEL}",
        f"{_FUNNEL}: 0 rows of 13 input rows",
    ),
    (_PIPELINE, "open_deals_are_the_crms"): (
        f"update {_PIPELINE} set open_count = 2 where stage_id = 'qualified'",
        "aurora: 2 deals open in the CRM, 3 in the pipeline",
    ),
    (_PIPELINE, "open_amount_is_the_crms"): (
        f"update {_PIPELINE} set open_amount = 70.01 where open_amount = 70",
        "aurora: 130.00 open in the CRM, 130.01 in the pipeline CNY",
    ),
    ("marts.mart_commission_statement", "payable_is_sum_of_lines"): (
        "update marts.mart_commission_statement_line set line_amount = 3.01 where line_amount = 3",
        "aurora E1 2026-05-01: payable 8.00, lines 8.01",
    ),
    ("marts.mart_commission_statement", "nothing_after_as_of"): (
        "update marts.mart_commission_statement set period_month = date '2026-07-01'; "
        "update marts.mart_commission_statement_line set period_month = date '2026-07-01'",
        "aurora E1 2026-07-01",
    ),
    ("marts.mart_payroll_reconciliation", "bridge_closes"): (
        "update marts.mart_payroll_reconciliation set difference_amount = 0",
        "aurora CNY: payroll 7.00, statements 8.00, differences 0.00",
    ),
    ("marts.mart_payroll_reconciliation", "payroll_is_the_register"): (
        "update intermediate.int_payroll_lines__unioned set gross_amount = 9",
        "aurora CNY: mart 7.00, register 9.00",
    ),
    ("marts.mart_payroll_reconciliation", "statements_are_compared"): (
        "insert into marts.mart_commission_statement "
        "values ('aurora', 'E2', date '2026-05-01', 4, 'CNY'); "
        "insert into marts.mart_commission_statement_line "
        "values ('aurora', 'E2', date '2026-05-01', 4)",
        "aurora CNY: mart 8.00, due 12.00",
    ),
    ("marts.history.mart_headline_by_month", "closed_months_unchanged"): (
        f"update {_HEADLINE} set won_amount = 1 where month = date '2026-05-01'",
        "aurora 2026-05-01: won_amount none -> 1.00",
    ),
    (
        "marts.history.mart_retention_triangle_by_first_invoice_month",
        "closed_months_unchanged",
    ): (
        f"update {_RETENTION} set cohort_size = 2 where month_number = 0",
        "aurora 2026-05-01 0: cohort_size 1 -> 2",
    ),
    ("marts.history.mart_pipeline_by_date_stage", "closed_days_unchanged"): (
        f"update {_PIPELINE} set open_count = 4 where as_of_date = date '2026-06-29'",
        "aurora default 2026-06-29 proposal: open_count 3 -> 4",
    ),
    ("marts.history.mart_pipeline_movement_by_week", "closed_weeks_unchanged"): (
        "update marts.mart_pipeline_movement_by_week set amount = deal_count",
        "aurora default 2026-06-22 closing: amount 220.00 -> 3.00",
    ),
    ("marts.history.mart_win_rate_by_close_month", "closed_months_unchanged"): (
        "delete from marts.mart_win_rate_by_close_month where close_month = date '2026-05-01'",
        "aurora default all (all) 2026-05-01: won_count 1 -> none; lost_count 2 -> none",
    ),
}


def _broken(outcome: GateOutcome) -> list[tuple[str, str]]:
    return [(check.suite, check.check_name) for check in outcome.checks if not check.success]


def test_every_expectation_of_the_mart_gate_has_a_case(tmp_path: Path) -> None:
    connection = warehouse()
    suites = mart_suites(context(publish(connection, tmp_path)))
    assert {(suite.name, check.name) for suite in suites for check in suite.checks} == set(CASES)


def test_good_data_passes_every_expectation(tmp_path: Path) -> None:
    connection = warehouse()
    outcome = run_gate("marts", connection, context(publish(connection, tmp_path)))
    assert outcome.passed, outcome.message
    assert _broken(outcome) == []
    assert len(outcome.checks) == len(CASES)


@pytest.mark.parametrize(("expected", "case"), CASES.items(), ids=[".".join(key) for key in CASES])
def test_a_broken_row_fails_exactly_its_expectation(
    expected: tuple[str, str], case: tuple[str, str], tmp_path: Path
) -> None:
    statement, named = case
    connection = warehouse()
    version = publish(connection, tmp_path)
    connection.execute(statement)
    outcome = run_gate("marts", connection, context(version))
    assert _broken(outcome) == [expected], outcome.message
    (found,) = (*outcome.failed, *outcome.warned)
    assert named in found.message
    assert "\n" not in found.message
    assert outcome.passed == (found.severity == "warning")
