with

allocations as (
    select
        tenant,
        payment_source_id,
        invoice_source_id,
        opportunity_key,
        opportunity_source_id,
        paid_at,
        paid_date,
        gross_amount,
        net_amount,
        currency_code,
        unlinked_reason
    from {{ ref('fct_payment_allocation') }}
),

tenants as (
    select
        tenant,
        currency_code
    from {{ ref('dim_tenant') }}
),

final as (
    select
        allocations.tenant,
        allocations.payment_source_id,
        allocations.invoice_source_id,
        allocations.opportunity_key,
        allocations.opportunity_source_id,
        allocations.paid_at,
        allocations.paid_date,
        {{ month_of('allocations.paid_date') }} as period_month,
        allocations.gross_amount,
        {{ rd_rate('allocations.net_amount', 'plan_rates.rate') }} as commissionable_amount,
        tenants.currency_code,
        plan_rates.fx_rate_id,
        allocations.unlinked_reason,
        case
            when allocations.net_amount is null then 'no_net_amount'
            when plan_rates.rate is null then 'no_fx_rate'
        end as amount_reason
    from allocations
    inner join tenants
        on allocations.tenant = tenants.tenant
    {{ join_plan_rate(
        'allocations.currency_code', 'tenants.currency_code', 'allocations.paid_date'
    ) }}
)

select * from final
