with

events as (
    select
        tenant,
        employee_number,
        plan_id,
        period_month,
        credit_id,
        opportunity_source_id,
        payment_source_id,
        invoice_source_id,
        paid_at,
        gross_amount,
        commissionable_amount,
        currency_code,
        fx_rate_id
    from {{ ref('int_commission_events') }}
    where reason_code is null
),

accumulated as (
    select
        tenant,
        employee_number,
        plan_id,
        period_month,
        credit_id,
        opportunity_source_id,
        payment_source_id,
        invoice_source_id,
        paid_at,
        gross_amount,
        commissionable_amount,
        -- The complete order: an instant shared by two receipts never depends on arrival.
        cast(
            sum(commissionable_amount) over (
                partition by tenant, employee_number, plan_id, period_month
                order by paid_at, payment_source_id, invoice_source_id
                rows between unbounded preceding and current row
            ) as decimal(18, 2)
        ) as cumulative_amount,
        currency_code,
        fx_rate_id
    from events
),

final as (
    select
        tenant,
        employee_number,
        plan_id,
        period_month,
        credit_id,
        opportunity_source_id,
        payment_source_id,
        invoice_source_id,
        paid_at,
        gross_amount,
        commissionable_amount,
        cumulative_amount,
        cast(cumulative_amount - commissionable_amount as decimal(18, 2))
            as previous_cumulative_amount,
        currency_code,
        fx_rate_id
    from accumulated
)

select * from final
