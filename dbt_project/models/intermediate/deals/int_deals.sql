with

deals as (
    select
        opportunity_key,
        tenant,
        source_system,
        source_id,
        case_id,
        pipeline_id,
        pipeline_type,
        account_key,
        customer_source_id,
        owner_source_id,
        owner_source_id_at_close,
        opportunity_type,
        lead_source,
        loss_reason,
        close_date,
        probability_rate,
        next_step,
        created_at,
        created_date,
        created_month,
        outcome,
        case when outcome <> 'open' then closed_at end as closed_at,
        case when outcome <> 'open' then closed_date end as closed_date,
        case when outcome <> 'open' then closed_month end as closed_month,
        is_qualified,
        new_or_repeat,
        amount,
        currency_code
    from {{ ref('int_deal_outcomes') }}
),

places as (
    select
        opportunity_key,
        responsible_source_id,
        employee_number,
        team,
        region
    from {{ ref('int_deal_places') }}
),

tenants as (
    select
        tenant,
        currency_code
    from {{ ref('dim_tenant') }}
),

final as (
    select
        deals.opportunity_key,
        deals.tenant,
        deals.source_system,
        deals.source_id as opportunity_source_id,
        deals.case_id,
        deals.pipeline_id,
        deals.pipeline_type,
        deals.account_key,
        deals.customer_source_id,
        deals.owner_source_id,
        deals.owner_source_id_at_close,
        places.responsible_source_id,
        places.employee_number,
        places.team,
        places.region,
        deals.new_or_repeat,
        deals.opportunity_type,
        deals.lead_source,
        deals.loss_reason,
        deals.close_date,
        deals.probability_rate,
        deals.next_step,
        deals.created_at,
        deals.created_date,
        deals.created_month,
        deals.closed_at,
        deals.closed_date,
        deals.closed_month,
        deals.outcome,
        deals.is_qualified,
        deals.amount,
        deals.currency_code as amount_currency_code,
        {{ rd_rate('deals.amount', 'rates_at_created.rate') }} as amount_at_created,
        {{ rd_rate('deals.amount', 'rates_at_close.rate') }} as amount_at_close,
        {{ rd_rate('deals.amount', 'rates_now.rate') }} as amount_at_as_of,
        tenants.currency_code
    from deals
    left join places
        on deals.opportunity_key = places.opportunity_key
    left join tenants
        on deals.tenant = tenants.tenant
    {{ join_plan_rate(
        'deals.currency_code', 'tenants.currency_code', 'deals.created_date', 'rates_at_created'
    ) }}
    {{ join_plan_rate(
        'deals.currency_code', 'tenants.currency_code', 'deals.closed_date', 'rates_at_close'
    ) }}
    {{ join_plan_rate('deals.currency_code', 'tenants.currency_code', as_of_date(), 'rates_now') }}
)

select * from final
