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
        gross_amount,
        commissionable_amount,
        cumulative_amount,
        previous_cumulative_amount,
        quota_amount,
        attainment_rate,
        line_amount as earning_amount,
        currency_code,
        fx_rate_id,
        calculation_status
    from {{ ref('int_commission_earnings') }}
),

attainment as (
    select
        tenant,
        employee_number,
        plan_id,
        period_month,
        tier_number,
        rate
    from {{ ref('int_commission_attainment') }}
    where point_id = 'period'
),

restated as (
    select
        earnings.tenant,
        earnings.period_month,
        earnings.employee_number,
        earnings.plan_id,
        earnings.component_id,
        earnings.credit_id,
        earnings.opportunity_source_id,
        earnings.payment_source_id,
        earnings.invoice_source_id,
        'tier_trueup' as line_type,
        earnings.gross_amount,
        earnings.commissionable_amount,
        earnings.cumulative_amount,
        earnings.previous_cumulative_amount,
        earnings.quota_amount,
        earnings.attainment_rate,
        attainment.tier_number,
        attainment.rate,
        cast(
            {{ rd_rate('earnings.cumulative_amount', 'attainment.rate') }}
            - {{ rd_rate('earnings.previous_cumulative_amount', 'attainment.rate') }}
            - earnings.earning_amount
            as decimal(18, 2)
        ) as line_amount,
        earnings.currency_code,
        earnings.fx_rate_id,
        earnings.calculation_status
    from earnings
    inner join attainment
        on
            earnings.tenant = attainment.tenant
            and earnings.employee_number = attainment.employee_number
            and earnings.plan_id = attainment.plan_id
            and earnings.period_month = attainment.period_month
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
        line_type,
        gross_amount,
        commissionable_amount,
        cumulative_amount,
        previous_cumulative_amount,
        quota_amount,
        attainment_rate,
        tier_number,
        rate,
        line_amount,
        currency_code,
        fx_rate_id,
        calculation_status
    from restated
    where line_amount <> 0
)

select * from final
