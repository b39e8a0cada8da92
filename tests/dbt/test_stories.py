"""Two landed days on the real models: what must stay, what must change, and what must not meet."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.dbt.conftest import Told


def test_two_tenants_with_the_same_ids_stay_apart(told: Told) -> None:
    """Museum 4: totals across tenants."""
    rows = told.story.query(
        "select tenant, amount, count(*) over (partition by opportunity_key)"
        " from core.fct_opportunity where source_id = '006A' order by tenant"
    )
    assert rows == [("aurora", Decimal("100.00"), 1), ("borealis", Decimal("900.00"), 1)]


def test_the_same_id_in_two_sources_is_two_keys_and_no_fan_out(told: Told) -> None:
    """Museum 5: aurora's CRM account and finance customer are both called 001A."""
    first_day = told.first_day["core.dim_account"]
    keys = {row[0] for row in first_day if row[1] == "aurora" and row[3] == "001A"}
    assert len(keys) == 2
    assert len([row for row in first_day if row[1] == "aurora"]) == 3
    assert len(told.first_day["core.fct_invoice"]) == 2


def test_a_late_event_changes_no_existing_key(told: Told) -> None:
    """Museum 15: an entry of 10 May arrives a day after its successor."""
    before = {row[0] for row in told.first_day["core.fct_stage_event"]}
    after = {row[0] for row in told.second_day["core.fct_stage_event"]}
    assert before < after
    assert len(after - before) == 1


def test_a_record_without_its_match_survives_as_unknown(told: Told) -> None:
    """Museum 10: the deal's account is in no system, and the deal is in the funnel all the same."""
    rows = told.story.query(
        "select count(*), count(a.account_key) from core.fct_stage_event e"
        " join core.fct_opportunity o using (opportunity_key)"
        " left join core.dim_account a on o.account_key = a.account_key"
        " where o.source_id = '006X' and e.tenant = 'aurora'"
    )
    assert rows == [(1, 0)]


def test_a_deleted_accounts_revenue_survives_under_its_finance_customer(told: Told) -> None:
    """Museum 23: on the second day the CRM account is gone; the invoice and its cohort are not."""
    invoiced = (
        "select customer_id, net_amount_in_tenant_currency from core.fct_invoice"
        " where source_id = 'in_1'"
    )
    assert told.story.query(invoiced) == [("finance:001A", Decimal("100.00"))]
    cohort = told.story.query(
        "select cohort_size, invoiced_net_amount"
        " from marts.mart_retention_triangle_by_first_invoice_month where month_number = 0"
    )
    assert cohort == [(1, Decimal("100.00"))]


def test_a_row_delivered_again_changes_no_row_count(told: Told) -> None:
    """Museum 18: both versions are kept in staging, one of them counts."""
    staged = told.story.query("select count(*) from staging.stg_stripe__charge where id = 'ch_1'")
    counted = told.story.query("select count(*) from core.fct_payment where source_id = 'ch_1'")
    assert (staged, counted) == ([(2,)], [(1,)])


def test_minor_units_are_converted_once_and_by_currency(told: Told) -> None:
    """Museum 3: 11,300 fen are 113.00, and 500 yen are 500.00."""
    rows = told.story.query("select currency_code, amount from core.fct_payment order by amount")
    assert rows == [("CNY", Decimal("113.00")), ("JPY", Decimal("500.00"))]


def test_a_row_that_the_raw_gate_set_aside_is_in_no_model(told: Told) -> None:
    assert told.story.query("select * from staging.stg_stripe__charge where id = 'ch_3'") == []


def test_probability_is_a_rate_from_staging_on(told: Told) -> None:
    """Museum 26: the source says 75 percent."""
    (rates,) = told.story.query("select distinct probability_rate from core.fct_opportunity")
    assert rates == (Decimal("0.750000"),)


def test_an_invoice_voided_later_leaves_the_marts_and_not_the_history(told: Told) -> None:
    versions = told.story.query(
        "select status from staging.stg_stripe__invoice where id = 'in_2' order by _commit_seq"
    )
    assert versions == [("open",), ("void",)]
    assert told.story.query("select is_issued from core.fct_invoice where source_id = 'in_2'") == [
        (False,)
    ]


@pytest.mark.parametrize("table", ["core.fct_stage_event", "core.fct_payment_allocation"])
def test_the_story_reaches_the_table(told: Told, table: str) -> None:
    assert told.second_day[table]
