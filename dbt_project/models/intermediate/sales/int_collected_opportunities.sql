with

links as (
    select
        opportunity_key,
        invoice_key,
        invoice_gross_amount
    from {{ ref('bridge_opportunity_invoice') }}
),

receipts as (
    select
        invoice_key,
        cast(sum(gross_amount - refunded_gross_amount) as decimal(18, 2)) as kept_amount,
        max(last_applied_at) as last_applied_at
    from {{ ref('fct_payment_allocation') }}
    where invoice_key is not null
    group by invoice_key
),

opportunities as (
    select
        opportunity_key,
        tenant,
        source_system,
        source_id,
        case_id,
        pipeline_id
    from {{ ref('fct_opportunity') }}
    where is_won
),

tenants as (
    select
        tenant,
        reporting_timezone
    from {{ ref('dim_tenant') }}
),

-- Every invoice of the deal is paid in full, refunds taken off; the last receipt settles it.
collected as (
    select
        links.opportunity_key,
        max(receipts.last_applied_at) as collected_at
    from links
    left join receipts
        on links.invoice_key = receipts.invoice_key
    group by links.opportunity_key
    having
        min(
            case
                when coalesce(receipts.kept_amount, 0) >= links.invoice_gross_amount then 1
                else 0
            end
        ) = 1
        and max(receipts.last_applied_at) is not null
),

final as (
    select
        opportunities.opportunity_key,
        opportunities.tenant,
        opportunities.source_system,
        opportunities.source_id,
        opportunities.case_id,
        opportunities.pipeline_id,
        collected.collected_at,
        {{ to_reporting_date('collected.collected_at', 'tenants.reporting_timezone') }}
            as collected_date
    from collected
    inner join opportunities
        on collected.opportunity_key = opportunities.opportunity_key
    left join tenants
        on opportunities.tenant = tenants.tenant
)

select * from final
