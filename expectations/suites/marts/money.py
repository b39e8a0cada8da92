"""Cash and invoices: what was staged is allocated, retained or excluded, to the cent."""

from __future__ import annotations

from expectations.contract import GateContext, Suite
from expectations.sql import literal
from expectations.suites.marts.building import no_difference, not_after, rate
from expectations.suites.marts.sources import in_tenant_currency, invoices, payments

_NOT_A_CUSTOMER = "coalesce(lower(trim(account_source_id)), '') in ('', '0', 'guest', 'unknown')"


def payment_allocation(context: GateContext) -> Suite:
    """Each payment's rows sum to the payment that was staged."""
    source = payments(context)
    return Suite(
        name="marts.fct_payment_allocation",
        query=f"""
            select
                coalesce(source.tenant, mart.tenant) as tenant,
                coalesce(source.payment_source_id, mart.payment_source_id) as payment_source_id,
                coalesce(source.currency_code, mart.currency_code) as currency_code,
                coalesce(source.amount, 0) as source_amount,
                coalesce(mart.amount, 0) as allocated_amount,
                coalesce(mart.amount, 0) - coalesce(source.amount, 0) as difference_amount,
                coalesce(mart.over_applied_amount, 0) as over_applied_amount,
                greatest(date_diff('day', {literal(context.as_of_date)}, mart.paid_date), 0)
                    as days_ahead
            from {source} as source
            full join (
                select
                    tenant, payment_source_id, currency_code, max(paid_date) as paid_date,
                    sum(gross_amount) as amount,
                    -sum(least(gross_amount, 0)) as over_applied_amount
                from core.fct_payment_allocation
                group by tenant, payment_source_id, currency_code
            ) as mart
                on
                    source.tenant = mart.tenant
                    and source.payment_source_id = mart.payment_source_id
                    and source.currency_code = mart.currency_code
        """,
        grain="payments",
        label="tenant || ' payment ' || payment_source_id",
        checks=(
            no_difference(
                "allocated_is_received",
                "difference_amount",
                label=(
                    "tenant || ' payment ' || payment_source_id || ': received ' || source_amount "
                    "|| ', allocated ' || allocated_amount || ' ' || currency_code"
                ),
                why="Cash that is allocated twice or not at all pays wrong commissions.",
                fix="read fct_payment_allocation for this payment beside the staged charge",
            ),
            no_difference(
                "applied_within_received",
                "over_applied_amount",
                label=(
                    "tenant || ' payment ' || payment_source_id || ': received ' || source_amount "
                    "|| ', applied ' || over_applied_amount || ' more ' || currency_code"
                ),
                why="More applied to invoices than was received would earn commission on no cash.",
                fix="correct the payment's applications in the finance system",
                threshold="0.00: a payment cannot pay more than itself",
            ),
            not_after("days_ahead", str(context.as_of_date), label="payment_source_id"),
        ),
        input_query=f"select count(*) from {source}",
    )


def cash(context: GateContext) -> Suite:
    """Per tenant: cash received in tenant currency = the headline's cash of all months."""
    source = in_tenant_currency(payments(context), "paid_at", "amount")
    return Suite(
        name="marts.cash",
        query=f"""
            select
                tenant.tenant, tenant.currency_code,
                coalesce(source.amount, 0) as source_amount,
                coalesce(headline.amount, 0) as headline_amount,
                coalesce(headline.amount, 0) - coalesce(source.amount, 0) as difference_amount
            from staging.stg_policy__tenant as tenant
            left join (
                select tenant, sum(tenant_amount) as amount from {source} group by tenant
            ) as source on tenant.tenant = source.tenant
            left join (
                select tenant, sum(cash_collected_amount) as amount
                from marts.mart_headline_by_month group by tenant
            ) as headline on tenant.tenant = headline.tenant
        """,
        grain="tenants",
        label="tenant",
        checks=(
            no_difference(
                "headline_cash_is_received",
                "difference_amount",
                label=(
                    "tenant || ': received ' || source_amount || ', headline ' || headline_amount "
                    "|| ' ' || currency_code"
                ),
                why="The cash on the first page must be the cash that came in.",
                fix="compare payments by month with mart_headline_by_month.cash_collected_amount",
            ),
        ),
        input_query=f"select count(*) from {payments(context)}",
    )


def invoiced(context: GateContext) -> Suite:
    """Per tenant: invoiced = in the retention triangle + without a customer = headline."""
    source = in_tenant_currency(invoices(context), "issued_at", "net_amount")
    return Suite(
        name="marts.invoiced",
        query=f"""
            select
                tenant.tenant, tenant.currency_code,
                coalesce(source.amount, 0) as invoiced_amount,
                coalesce(source.excluded_amount, 0) as excluded_amount,
                coalesce(retention.amount, 0) as retention_amount,
                coalesce(headline.amount, 0) as headline_amount,
                coalesce(retention.amount, 0) + coalesce(source.excluded_amount, 0)
                    - coalesce(source.amount, 0) as retention_difference,
                coalesce(headline.amount, 0) - coalesce(source.amount, 0) as headline_difference
            from staging.stg_policy__tenant as tenant
            left join (
                select
                    tenant, sum(tenant_amount) as amount,
                    sum(tenant_amount) filter (where {_NOT_A_CUSTOMER}) as excluded_amount
                from {source} group by tenant
            ) as source on tenant.tenant = source.tenant
            left join (
                select tenant, sum(invoiced_net_amount) as amount
                from marts.mart_retention_triangle_by_first_invoice_month group by tenant
            ) as retention on tenant.tenant = retention.tenant
            left join (
                select tenant, sum(invoiced_net_amount) as amount
                from marts.mart_headline_by_month group by tenant
            ) as headline on tenant.tenant = headline.tenant
        """,
        grain="tenants",
        label="tenant",
        checks=(
            no_difference(
                "retention_plus_excluded_is_invoiced",
                "retention_difference",
                label=(
                    "tenant || ': invoiced ' || invoiced_amount || ', in retention ' "
                    "|| retention_amount || ', without a customer ' || excluded_amount "
                    "|| ' ' || currency_code"
                ),
                why="An invoice that is in no cohort makes retention look worse than it is.",
                fix="find the invoices whose customer is in no cohort",
            ),
            no_difference(
                "headline_is_invoiced",
                "headline_difference",
                label=(
                    "tenant || ': invoiced ' || invoiced_amount || ', headline ' "
                    "|| headline_amount || ' ' || currency_code"
                ),
                why="The invoiced amount on the first page must be what was invoiced.",
                fix="compare invoices by month with mart_headline_by_month.invoiced_net_amount",
            ),
        ),
        input_query=f"select count(*) from {invoices(context)}",
    )


def invoice_links(context: GateContext) -> Suite:
    """The bridge from deals to invoices."""
    return Suite(
        name="marts.bridge_opportunity_invoice",
        query=f"""
            select
                bridge.tenant, bridge.invoice_source_id, bridge.opportunity_source_id,
                bridge.match_confidence,
                coalesce(bridge.invoice_net_amount, 0) - coalesce(source.net_amount, 0)
                    as difference_amount
            from core.bridge_opportunity_invoice as bridge
            left join {invoices(context)} as source
                on
                    bridge.tenant = source.tenant
                    and bridge.invoice_source_id = source.invoice_source_id
        """,
        grain="links",
        label="tenant || ' invoice ' || invoice_source_id",
        checks=(
            rate("match_confidence", label="tenant || ' invoice ' || invoice_source_id"),
            no_difference(
                "linked_invoice_counts",
                "difference_amount",
                label=(
                    "tenant || ' invoice ' || invoice_source_id || ' of opportunity ' "
                    "|| opportunity_source_id || ': off by ' || difference_amount"
                ),
                why="A link to a draft, void or unknown invoice would turn into commission.",
                fix="read bridge_opportunity_invoice for this invoice beside the staged one",
            ),
        ),
        input_query="select 0",
    )
