with

lines as (
    select
        tenant,
        period_month,
        employee_number,
        plan_id,
        component_id,
        credit_id,
        opportunity_source_id,
        payment_source_id,
        invoice_source_id,
        refund_source_id,
        line_type,
        is_reversal,
        commissionable_amount,
        cumulative_amount,
        quota_amount,
        attainment_rate,
        tier_number,
        rate,
        line_amount,
        currency_code,
        fx_rate_id,
        origin_period_month,
        calculation_status
    from {{ ref('int_commission_lines') }}
),

final as (
    select
        tenant,
        period_month,
        employee_number,
        plan_id,
        component_id,
        credit_id,
        opportunity_source_id,
        payment_source_id,
        invoice_source_id,
        refund_source_id,
        line_type,
        is_reversal,
        commissionable_amount,
        cumulative_amount,
        quota_amount,
        attainment_rate,
        tier_number,
        cast(rate as decimal(9, 6)) as rate,
        line_amount,
        currency_code,
        fx_rate_id,
        origin_period_month,
        calculation_status
    from lines
)

select * from final
