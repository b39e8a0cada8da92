with

earnings as (
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
        line_type,
        commissionable_amount,
        cumulative_amount,
        quota_amount,
        attainment_rate,
        tier_number,
        rate,
        line_amount,
        currency_code,
        fx_rate_id,
        calculation_status
    from {{ ref('int_commission_earnings') }}
),

trueups as (
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
        line_type,
        commissionable_amount,
        cumulative_amount,
        quota_amount,
        attainment_rate,
        tier_number,
        rate,
        line_amount,
        currency_code,
        fx_rate_id,
        calculation_status
    from {{ ref('int_commission_trueups') }}
),

final as (
    select * from earnings
    union all
    select * from trueups
)

select * from final
