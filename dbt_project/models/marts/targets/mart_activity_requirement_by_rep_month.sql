with

plan as (
    select * from {{ ref('mart_target_plan') }}
    where
        scope_kind = 'rep' and metric_id = 'won_amount' and period_type = 'month'
        and period_start >= {{ as_of_month() }}
        and is_latest_version
),

reps as (
    select
        tenant,
        employee_number,
        max(region) as region
    from {{ ref('dim_rep') }}
    group by tenant, employee_number
),

bases as (
    select * from {{ ref('int_requirement_basis') }}
    where is_enough
),

months as (
    select
        plan.tenant,
        plan.scope_id as employee_number,
        coalesce(assignments.region, reps.region) as region,
        plan.period_start as month,
        plan.target_value,
        plan.currency_code
    from plan
    left join reps
        on
            plan.tenant = reps.tenant
            and plan.scope_id = reps.employee_number
    left join {{ ref('stg_policy__rep_assignment') }} as assignments
        on
            plan.tenant = assignments.tenant
            and plan.scope_id = assignments.employee_number
            and {{ is_valid_on(as_of_date(), 'assignments') }}
    where not plan.is_vacant
),

-- The nearest scope that tells enough: the rep, his region, the tenant.
ranked as (
    select
        months.*,
        bases.scope_kind,
        bases.won_count,
        bases.known_amount_count,
        bases.won_amount,
        bases.median_cycle_seconds,
        bases.case_count,
        bases.won_case_count,
        row_number() over (
            partition by months.tenant, months.employee_number, months.month
            order by
                case bases.scope_kind when 'rep' then 1 when 'region' then 2 else 3 end
        ) as basis_rank
    from months
    left join bases
        on
            months.tenant = bases.tenant
            and bases.scope_id = case bases.scope_kind
                when 'rep' then months.employee_number
                when 'region' then months.region
                else '*'
            end
),

final as (
    select
        tenant,
        employee_number,
        month,
        target_value,
        {{ rd_ratio('won_amount', 1, 'known_amount_count') }} as average_won_value,
        {{ ratio_rate('won_case_count', 'case_count') }} as conversion_rate,
        {{ days_of('median_cycle_seconds') }} as median_cycle_days,
        {{ ratio_rate(wide('target_value') ~ ' * known_amount_count', 'won_amount', 18) }}
            as deals_needed,
        {{ ratio_rate(
            wide('target_value') ~ ' * known_amount_count * case_count',
            wide('won_amount') ~ ' * won_case_count', 18
        ) }} as prospects_needed,
        {{ ratio_rate(
            wide('target_value') ~ ' * known_amount_count * case_count',
            wide('won_amount') ~ ' * (4 * won_case_count)', 18
        ) }} as prospects_per_week,
        {{ ratio_rate(
            wide('target_value') ~ ' * known_amount_count * case_count',
            wide('won_amount') ~ ' * (20 * won_case_count)', 18
        ) }} as prospects_per_day,
        {{ add_days('month', '-((median_cycle_seconds + 86399) // 86400)') }} as needed_by_date,
        coalesce(won_count, 0) as basis_count,
        coalesce(case_count, 0) as basis_case_count,
        coalesce(scope_kind, 'no_basis') as basis_status,
        currency_code
    from ranked
    where basis_rank = 1
)

select * from final
