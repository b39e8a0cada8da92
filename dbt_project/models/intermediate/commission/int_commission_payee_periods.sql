with

quotas as (
    select
        tenant,
        employee_number,
        plan_id,
        period_month,
        is_assigned,
        currency_code
    from {{ ref('int_commission_quota') }}
),

lines as (
    select
        tenant,
        employee_number,
        plan_id,
        period_month,
        is_reversal
    from {{ ref('int_commission_lines') }}
),

line_counts as (
    select
        tenant,
        employee_number,
        plan_id,
        period_month,
        sum(case when is_reversal then 0 else 1 end) as original_count
    from lines
    group by tenant, employee_number, plan_id, period_month
),

-- One plan stands on a statement: the one that was credited, else the one assigned, else the
-- one whose lines are taken back.
ranked as (
    select
        quotas.tenant,
        quotas.employee_number,
        quotas.plan_id,
        quotas.period_month,
        quotas.currency_code,
        row_number() over (
            partition by quotas.tenant, quotas.employee_number, quotas.period_month
            order by
                case when line_counts.original_count > 0 then 0 else 1 end,
                case when quotas.is_assigned then 0 else 1 end,
                quotas.plan_id
        ) as plan_rank
    from quotas
    left join line_counts
        on
            quotas.tenant = line_counts.tenant
            and quotas.employee_number = line_counts.employee_number
            and quotas.plan_id = line_counts.plan_id
            and quotas.period_month = line_counts.period_month
    where quotas.is_assigned or line_counts.original_count is not null
),

final as (
    select
        tenant,
        employee_number,
        period_month,
        plan_id,
        currency_code
    from ranked
    where plan_rank = 1
)

select * from final
