with

originals as (
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
        cast(null as string) as refund_source_id,
        line_type,
        false as is_reversal,
        commissionable_amount,
        cumulative_amount,
        quota_amount,
        attainment_rate,
        tier_number,
        rate,
        line_amount,
        currency_code,
        fx_rate_id,
        period_month as origin_period_month,
        calculation_status
    from {{ ref('int_commission_originals') }}
),

reversals as (
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
        true as is_reversal,
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
    from {{ ref('int_commission_reversals') }}
),

final as (
    select * from originals
    union all
    select * from reversals
)

select * from final
