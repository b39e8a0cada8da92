"""Funnel, retention, violations and headline: shares in range, the same counts everywhere."""

from __future__ import annotations

from expectations.contract import GateContext, Suite
from expectations.sql import literal
from expectations.suites.marts.building import no_difference, not_after, rate, rows_when_input
from expectations.suites.marts.sources import invoices, latest, payments

_ROWS = "0 rows: both count the same things"


def funnel(context: GateContext) -> Suite:
    """Shares, dates, and one size of a cohort whatever stage it is followed to."""
    label = "tenant || ' ' || cohort_month || ' ' || from_stage_id || ' to ' || to_stage_id"
    return Suite(
        name="marts.mart_funnel_stage_conversion_by_cohort_month",
        query=f"""
            select
                *,
                entered_count - min(entered_count) over (
                    partition by tenant, pipeline_id, cohort_month, from_stage_id
                ) as size_difference,
                greatest(date_diff('day', {literal(context.as_of_date)}, cohort_month), 0)
                    as days_ahead
            from marts.mart_funnel_stage_conversion_by_cohort_month
        """,
        grain="cohort steps",
        label=label,
        checks=(
            rate("conversion_rate", label=label),
            rate("open_rate", label=label),
            rate("qualified_conversion_rate", label=label),
            no_difference(
                "cohort_has_one_size",
                "size_difference",
                label=f"{label} || ': ' || entered_count",
                why="A cohort that grows with the stage it is followed to counts cases twice.",
                fix="count the cohort before joining the stages reached",
                owner="analytics",
                threshold="0 cases: the cohort is fixed by its first entry",
            ),
            not_after("days_ahead", str(context.as_of_date), label=label),
        ),
        input_query="select 0",
    )


def retention(context: GateContext) -> Suite:
    """Shares and dates of the triangle."""
    label = "tenant || ' ' || cohort_month || ' month ' || month_number"
    return Suite(
        name="marts.mart_retention_triangle_by_first_invoice_month",
        query=f"""
            select
                *,
                greatest(
                    date_diff(
                        'month', {literal(context.as_of_date)},
                        cohort_month + to_months(cast(month_number as integer))
                    ), 0
                ) as months_ahead
            from marts.mart_retention_triangle_by_first_invoice_month
        """,
        grain="cells",
        label=label,
        checks=(
            rate("logo_retention_rate", label=label),
            not_after("months_ahead", str(context.as_of_date), label=label),
        ),
        input_query="select 0",
    )


def violations(context: GateContext) -> Suite:
    """The violations that are shown are the verdicts that the stage-entry gate wrote."""
    return Suite(
        name="marts.mart_stage_entry_violation_by_rule_month",
        query="""
            select
                coalesce(mart.rule_id, verdict.rule_id) as rule_id,
                mart.violation_rate_low, mart.violation_rate_high as violation_rate,
                abs(coalesce(mart.entries, 0) - coalesce(verdict.entries, 0)) as entry_difference,
                abs(coalesce(mart.failed, 0) - coalesce(verdict.failed, 0))
                    + abs(coalesce(mart.unknown, 0) - coalesce(verdict.unknown, 0))
                    + abs(coalesce(mart.cured, 0) - coalesce(verdict.cured, 0))
                    + abs(coalesce(mart.violations, 0) - coalesce(verdict.violations, 0))
                    as verdict_difference
            from (
                select
                    rule_id, sum(entry_count) as entries, sum(failed_count) as failed,
                    sum(unknown_count) as unknown, sum(cured_count) as cured,
                    sum(violation_count) as violations,
                    min(violation_rate) as violation_rate_low,
                    max(violation_rate) as violation_rate_high
                from marts.mart_stage_entry_violation_by_rule_month group by rule_id
            ) as mart
            full join (
                select
                    rule_id, count(*) as entries,
                    count(*) filter (where verdict_now = 'fail') as failed,
                    count(*) filter (where verdict_now = 'unknown') as unknown,
                    count(*) filter (where verdict_now = 'cured') as cured,
                    count(*) filter (where verdict_at_entry = 'fail') as violations
                from quality.stage_entry_verdict group by rule_id
            ) as verdict on mart.rule_id = verdict.rule_id
        """,
        grain="rules",
        label="'rule ' || rule_id",
        checks=(
            rate("violation_rate", label="'rule ' || rule_id"),
            no_difference(
                "entries_are_the_judged_ones",
                "entry_difference",
                label="'rule ' || rule_id || ': off by ' || entry_difference || ' entries'",
                why="An entry that was judged and is not shown hides a violation.",
                fix="compare quality.stage_entry_verdict with the mart for this rule",
                owner="analytics",
                threshold=_ROWS,
            ),
            no_difference(
                "verdicts_are_the_written_ones",
                "verdict_difference",
                label="'rule ' || rule_id || ': off by ' || verdict_difference || ' verdicts'",
                why="The page and the gate must not disagree on what failed.",
                fix="compare quality.stage_entry_verdict with the mart for this rule",
                owner="analytics",
                threshold=_ROWS,
            ),
        ),
        input_query="select count(*) from quality.stage_entry_verdict",
    )


def headline(context: GateContext) -> Suite:
    """The first page: shares, dates, and the counts of the sources."""
    label = "tenant || ' ' || month"
    return Suite(
        name="marts.mart_headline_by_month",
        query=f"""
            select *, greatest(date_diff('day', {literal(context.as_of_date)}, month), 0)
                as days_ahead
            from marts.mart_headline_by_month
        """,
        grain="months",
        label=label,
        checks=(
            rate("win_rate_by_close_month", label=label),
            rate("csat_positive_rate", label=label),
            not_after("days_ahead", str(context.as_of_date), label=label),
        ),
        input_query="select 0",
    )


def headline_counts(context: GateContext) -> Suite:
    """Per tenant: leads, wins, losses and tickets of the headline are those of the sources."""
    cut = literal(context.as_of_at)
    leads = _known("lead", "stg_salesforce__lead", context)
    deals = _known("opportunity", "stg_salesforce__opportunity", context)
    tickets = f"""(
        select source_tenant, created_at, id as source_id
        from {latest("stg_zendesk__ticket", "id", context.as_of_at)}
        where coalesce(status, '') <> 'deleted'
        union all
        select source_tenant, created_at, source_id from intermediate.int_tickets__unioned
        where source_system <> 'zendesk' and not is_deleted
    )"""
    return Suite(
        name="marts.headline_counts",
        query=f"""
            select
                tenant.tenant,
                abs(coalesce(headline.leads, 0) - coalesce(lead.n, 0)) as lead_difference,
                abs(coalesce(headline.won, 0) - coalesce(deal.won, 0))
                    + abs(coalesce(headline.lost, 0) - coalesce(deal.lost, 0)) as deal_difference,
                abs(coalesce(headline.tickets, 0) - coalesce(ticket.n, 0)) as ticket_difference
            from staging.stg_policy__tenant as tenant
            left join (
                select
                    tenant, sum(leads_created_count) as leads,
                    sum(opportunities_won_count + other_type_won_count) as won,
                    sum(opportunities_lost_count + other_type_lost_count) as lost,
                    sum(tickets_created_count) as tickets
                from marts.mart_headline_by_month group by tenant
            ) as headline on tenant.tenant = headline.tenant
            left join (
                select source_tenant, count(*) as n from {leads}
                where created_at < {cut} group by source_tenant
            ) as lead on tenant.tenant = lead.source_tenant
            left join (
                select
                    source_tenant, count(*) filter (where is_won) as won,
                    count(*) filter (where is_closed and not is_won) as lost
                from {deals} where closed_at < {cut} group by source_tenant
            ) as deal on tenant.tenant = deal.source_tenant
            left join (
                select source_tenant, count(*) as n from {tickets}
                where created_at < {cut} group by source_tenant
            ) as ticket on tenant.tenant = ticket.source_tenant
        """,
        grain="tenants",
        label="tenant",
        checks=tuple(
            no_difference(
                f"{things}_counted_once",
                f"{thing}_difference",
                label=f"tenant || ': off by ' || {thing}_difference || ' {things}'",
                why=f"Every known {thing} is in exactly one month of the first page.",
                fix=f"compare {things} by month with mart_headline_by_month",
                owner="analytics",
                threshold=_ROWS,
            )
            for thing, things in (("lead", "leads"), ("deal", "deals"), ("ticket", "tickets"))
        ),
        input_query="select count(*) from staging.stg_policy__tenant",
    )


def rows_present(context: GateContext) -> Suite:
    """No family is empty that has input."""
    cut = literal(context.as_of_at)
    families = (
        (
            "marts.mart_funnel_stage_conversion_by_cohort_month",
            "select count(*) from intermediate.int_stage_entries where stage_order is not null",
        ),
        (
            "marts.mart_retention_triangle_by_first_invoice_month",
            f"select count(*) from {invoices(context)} "
            "where coalesce(trim(account_source_id), '') not in ('', '0', 'guest', 'unknown')",
        ),
        ("core.fct_payment_allocation", f"select count(*) from {payments(context)}"),
        (
            "marts.mart_commission_statement",
            "select count(*) from staging.stg_policy__plan_assignment "
            f"where valid_from <= date_trunc('month', {literal(context.as_of_date)})",
        ),
        (
            "marts.mart_stage_entry_violation_by_rule_month",
            "select count(*) from quality.stage_entry_verdict",
        ),
        (
            "marts.mart_headline_by_month",
            "select count(*) from intermediate.int_leads__unioned "
            f"where not is_deleted and created_at < {cut}",
        ),
    )
    counted = " union all ".join(
        f"select '{mart}' as mart, (select count(*) from {mart}) as mart_rows, "
        f"({count}) as input_rows"
        for mart, count in families
    )
    return Suite(
        name="marts.rows_present",
        query=f"""
            select *, case when input_rows > 0 and mart_rows = 0 then 1 else 0 end as is_missing
            from ({counted})
        """,
        grain="marts",
        label="mart",
        checks=(rows_when_input("the mart"),),
        input_query=f"select {len(families)}",
    )


def _known(entity: str, staging_table: str, context: GateContext) -> str:
    """Rows of Salesforce as staged last, and of every other system as conformed; none deleted."""
    plural = {"lead": "leads", "opportunity": "opportunities"}[entity]
    columns = "source_tenant, created_at" + (
        ", closed_at, is_closed, is_won" if entity == "opportunity" else ""
    )
    return f"""(
        select {columns} from {latest(staging_table, "id", context.as_of_at)} where not is_deleted
        union all
        select {columns} from intermediate.int_{plural}__unioned
        where source_system <> 'salesforce' and not is_deleted
    )"""
