with

final as (
    select
        tenant,
        '*' as calendar_id,
        cast(null as string) as target_id,
        cast(null as int) as version,
        cast(null as date) as period_start,
        cast(null as date) as next_period_start,
        cast(null as date) as first_day
    from {{ ref('dim_tenant') }}

    union all

    select
        targets.tenant,
        targets.target_id || ' ' || cast(targets.version as string) as calendar_id,
        targets.target_id,
        targets.version,
        targets.period_start,
        targets.next_period_start,
        employments.first_day
    from {{ ref('int_target_checks') }} as targets
    inner join {{ ref('int_rep_employments') }} as employments
        on
            targets.tenant = employments.tenant
            and targets.scope_id = employments.employee_number
            and targets.period_start < employments.first_day
            and targets.next_period_start > employments.first_day
    where targets.is_sound and targets.scope_kind = 'rep'
)

select * from final
