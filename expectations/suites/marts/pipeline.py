"""The open pipeline: what it ends with on the last day is what the CRM itself calls open."""

from __future__ import annotations

from expectations.contract import GateContext, Suite
from expectations.sql import literal
from expectations.suites.marts.building import no_difference
from expectations.suites.marts.sources import opportunities


def pipeline_today(context: GateContext) -> Suite:
    """Per tenant: the last day of the pipeline is the CRM's open deals, in number and money.

    A deal that was changed after its record was read, for its history is read later, is taken as
    the history has it. Amounts are converted at the rate of the day from which the deal stands so.
    """
    return Suite(
        name="marts.mart_pipeline_by_date_stage",
        query=f"""
            select
                tenant.tenant, tenant.currency_code,
                coalesce(mart.open_count, 0) as mart_count,
                coalesce(source.open_count, 0) as source_count,
                coalesce(mart.open_count, 0) - coalesce(source.open_count, 0) as count_difference,
                coalesce(mart.open_amount, 0) as mart_amount,
                coalesce(source.open_amount, 0) as source_amount,
                coalesce(mart.open_amount, 0) - coalesce(source.open_amount, 0)
                    as amount_difference
            from staging.stg_policy__tenant as tenant
            left join (
                select tenant, sum(open_count) as open_count, sum(open_amount) as open_amount
                from marts.mart_pipeline_by_date_stage
                where as_of_date = {literal(context.as_of_date)} group by tenant
            ) as mart on tenant.tenant = mart.tenant
            left join (
                select
                    tenant, count(*) filter (where is_open) as open_count,
                    sum(amount) filter (where is_open) as open_amount
                from ({_deals(context)}) group by tenant
            ) as source on tenant.tenant = source.tenant
        """,
        grain="tenants",
        label="tenant",
        checks=(
            no_difference(
                "open_deals_are_the_crms",
                "count_difference",
                label=(
                    "tenant || ': ' || source_count || ' deals open in the CRM, ' || mart_count "
                    "|| ' in the pipeline'"
                ),
                why="A deal that the pipeline forgets is in no forecast, one that it keeps in all.",
                fix="compare fct_opportunity_interval without valid_to_date with the open deals",
                owner="sales_operations",
                threshold="0 deals: both count the same deals",
            ),
            no_difference(
                "open_amount_is_the_crms",
                "amount_difference",
                label=(
                    "tenant || ': ' || source_amount || ' open in the CRM, ' || mart_amount "
                    "|| ' in the pipeline ' || currency_code"
                ),
                why="A past amount that still stands today makes every weighted figure wrong.",
                fix="compare fct_opportunity_interval without valid_to_date with the open deals",
                owner="sales_operations",
            ),
        ),
        input_query="select count(*) from staging.stg_policy__tenant",
    )


def _deals(context: GateContext) -> str:
    """(tenant, is_open, amount) of every known deal: by its record, unless history is ahead."""
    return f"""
        select
            deal.tenant,
            case when history.is_ahead then held.tenant is not null else deal.is_open end
                as is_open,
            case
                when history.is_ahead then held.amount
                when deal.currency_code = tenant.currency_code then deal.amount
                else cast(round(deal.amount * fx.rate, 2) as decimal(18, 2))
            end as amount
        from {opportunities(context)} as deal
        inner join staging.stg_policy__tenant as tenant on deal.tenant = tenant.tenant
        left join core.fct_opportunity_interval as held
            on
                deal.tenant = held.tenant
                and deal.opportunity_source_id = held.opportunity_source_id
                and held.valid_to_date is null
        left join (
            select deal.tenant, deal.opportunity_source_id, true as is_ahead
            from {opportunities(context)} as deal
            inner join (
                select source_tenant, record_source_id, entered_at as changed_at
                from intermediate.int_stage_events__unioned where record_type = 'opportunity'
                union all
                select source_tenant, record_source_id, changed_at
                from intermediate.int_field_changes__unioned where record_type = 'opportunity'
            ) as change
                on
                    deal.tenant = change.source_tenant
                    and deal.opportunity_source_id = change.record_source_id
                    and deal.written_at < change.changed_at
                    and change.changed_at < {literal(context.as_of_at)}
            group by deal.tenant, deal.opportunity_source_id
        ) as history
            on
                deal.tenant = history.tenant
                and deal.opportunity_source_id = history.opportunity_source_id
        left join staging.stg_policy__fx_rate as fx
            on
                fx.rate_type = 'plan'
                and fx.from_currency = deal.currency_code
                and fx.to_currency = tenant.currency_code
                and held.valid_from_date >= fx.valid_from
                and (fx.valid_to is null or held.valid_from_date < fx.valid_to)
    """
