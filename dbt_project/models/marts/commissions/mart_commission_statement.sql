with

payee_periods as (
    select
        tenant,
        employee_number,
        period_month,
        plan_id,
        currency_code
    from {{ ref('int_commission_payee_periods') }}
),

attainment as (
    select
        tenant,
        employee_number,
        plan_id,
        period_month,
        credited_amount,
        quota_amount,
        attainment_rate,
        tier_number,
        rate,
        calculation_status
    from {{ ref('int_commission_attainment') }}
    where point_id = 'period'
),

sums as (
    select
        tenant,
        employee_number,
        period_month,
        credit_count,
        earning_amount,
        trueup_amount,
        reversal_amount
    from {{ ref('int_commission_statement_sums') }}
),

reps as (
    select
        tenant,
        employee_number,
        max(name) as rep_name
    from {{ ref('dim_rep') }}
    group by tenant, employee_number
),

-- Zero is "nothing due", null is "not known for lack of a quota": nothing credited earns nothing.
known as (
    select
        payee_periods.tenant,
        payee_periods.employee_number,
        payee_periods.period_month,
        reps.rep_name,
        payee_periods.plan_id,
        attainment.credited_amount,
        attainment.quota_amount,
        attainment.attainment_rate,
        attainment.tier_number,
        attainment.rate,
        case
            when attainment.calculation_status = 'calculated' or coalesce(sums.credit_count, 0) = 0
                then coalesce(sums.earning_amount, 0)
        end as earning_amount,
        case
            when attainment.calculation_status = 'calculated' or coalesce(sums.credit_count, 0) = 0
                then coalesce(sums.trueup_amount, 0)
        end as trueup_amount,
        coalesce(sums.reversal_amount, 0) as reversal_amount,
        payee_periods.currency_code,
        coalesce(sums.credit_count, 0) as credit_count,
        attainment.calculation_status
    from payee_periods
    inner join attainment
        on
            payee_periods.tenant = attainment.tenant
            and payee_periods.employee_number = attainment.employee_number
            and payee_periods.plan_id = attainment.plan_id
            and payee_periods.period_month = attainment.period_month
    left join sums
        on
            payee_periods.tenant = sums.tenant
            and payee_periods.employee_number = sums.employee_number
            and payee_periods.period_month = sums.period_month
    left join reps
        on
            payee_periods.tenant = reps.tenant
            and payee_periods.employee_number = reps.employee_number
),

final as (
    select
        tenant,
        employee_number,
        period_month,
        rep_name,
        plan_id,
        credited_amount,
        quota_amount,
        attainment_rate,
        tier_number,
        cast(rate as decimal(9, 6)) as rate,
        cast(earning_amount as decimal(18, 2)) as earning_amount,
        cast(trueup_amount as decimal(18, 2)) as trueup_amount,
        cast(reversal_amount as decimal(18, 2)) as reversal_amount,
        cast(earning_amount + trueup_amount + reversal_amount as decimal(18, 2))
            as payable_amount,
        currency_code,
        cast(credit_count as int) as credit_count,
        calculation_status
    from known
)

select * from final
