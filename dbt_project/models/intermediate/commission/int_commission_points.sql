with

quotas as (
    select
        tenant,
        employee_number,
        plan_id,
        period_month,
        component_id,
        boundary_operator,
        quota_amount,
        calculation_status
    from {{ ref('int_commission_quota') }}
),

credits as (
    select
        tenant,
        employee_number,
        plan_id,
        period_month,
        credit_id,
        commissionable_amount,
        cumulative_amount
    from {{ ref('int_commission_credits') }}
),

totals as (
    select
        tenant,
        employee_number,
        plan_id,
        period_month,
        cast(sum(commissionable_amount) as decimal(18, 2)) as credited_amount
    from credits
    group by tenant, employee_number, plan_id, period_month
),

after_each_credit as (
    select
        quotas.tenant,
        quotas.employee_number,
        quotas.plan_id,
        quotas.component_id,
        quotas.period_month,
        credits.credit_id as point_id,
        credits.cumulative_amount as credited_amount,
        quotas.boundary_operator,
        quotas.quota_amount,
        quotas.calculation_status
    from quotas
    inner join credits
        on
            quotas.tenant = credits.tenant
            and quotas.employee_number = credits.employee_number
            and quotas.plan_id = credits.plan_id
            and quotas.period_month = credits.period_month
),

at_period_end as (
    select
        quotas.tenant,
        quotas.employee_number,
        quotas.plan_id,
        quotas.component_id,
        quotas.period_month,
        'period' as point_id,
        coalesce(totals.credited_amount, cast(0 as decimal(18, 2))) as credited_amount,
        quotas.boundary_operator,
        quotas.quota_amount,
        quotas.calculation_status
    from quotas
    left join totals
        on
            quotas.tenant = totals.tenant
            and quotas.employee_number = totals.employee_number
            and quotas.plan_id = totals.plan_id
            and quotas.period_month = totals.period_month
),

final as (
    select * from after_each_credit
    union all
    select * from at_period_end
)

select * from final
