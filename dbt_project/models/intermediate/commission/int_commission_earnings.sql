with

credits as (
    select
        tenant,
        employee_number,
        plan_id,
        period_month,
        credit_id,
        opportunity_source_id,
        payment_source_id,
        invoice_source_id,
        gross_amount,
        commissionable_amount,
        cumulative_amount,
        previous_cumulative_amount,
        currency_code,
        fx_rate_id
    from {{ ref('int_commission_credits') }}
),

attainment as (
    select
        tenant,
        employee_number,
        plan_id,
        component_id,
        period_month,
        point_id,
        quota_amount,
        attainment_rate,
        tier_number,
        rate,
        calculation_status
    from {{ ref('int_commission_attainment') }}
),

-- The rate of the cumulative amount after this credit, beside the attainment of the whole period.
priced as (
    select
        credits.tenant,
        credits.period_month,
        credits.employee_number,
        credits.plan_id,
        at_credit.component_id,
        credits.credit_id,
        credits.opportunity_source_id,
        credits.payment_source_id,
        credits.invoice_source_id,
        credits.gross_amount,
        credits.commissionable_amount,
        credits.cumulative_amount,
        credits.previous_cumulative_amount,
        at_credit.quota_amount,
        at_period_end.attainment_rate,
        at_credit.tier_number,
        at_credit.rate,
        credits.currency_code,
        credits.fx_rate_id,
        at_credit.calculation_status
    from credits
    inner join attainment as at_credit
        on
            credits.tenant = at_credit.tenant
            and credits.employee_number = at_credit.employee_number
            and credits.plan_id = at_credit.plan_id
            and credits.period_month = at_credit.period_month
            and credits.credit_id = at_credit.point_id
    inner join attainment as at_period_end
        on
            credits.tenant = at_period_end.tenant
            and credits.employee_number = at_period_end.employee_number
            and credits.plan_id = at_period_end.plan_id
            and credits.period_month = at_period_end.period_month
            and at_period_end.point_id = 'period'
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
        'earning' as line_type,
        gross_amount,
        commissionable_amount,
        cumulative_amount,
        previous_cumulative_amount,
        quota_amount,
        attainment_rate,
        tier_number,
        rate,
        cast(
            {{ rd_rate('cumulative_amount', 'rate') }}
            - {{ rd_rate('previous_cumulative_amount', 'rate') }}
            as decimal(18, 2)
        ) as line_amount,
        currency_code,
        fx_rate_id,
        calculation_status
    from priced
)

select * from final
