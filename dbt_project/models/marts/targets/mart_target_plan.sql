with

periods as (
    select * from {{ ref('int_target_periods') }}
),

split as (
    select * from {{ ref('int_target_split') }}
),

months_by_days as (
    select * from split
    where period_type = 'month' and method <> 'guide_4x5'
),

weeks as (
    {{ split_over('months_by_days', 'week', 4) }}
),

days as (
    {{ split_over('weeks', 'day', 5) }}
),

-- The guide's month has four weeks of five days, whatever the calendar says.
guide_weeks as (
    select
        *,
        {{ rd_ratio('target_value', 1, 4) }} as week_value
    from split
    where period_type = 'month' and method = 'guide_4x5'
),

guide_parts as (
    select
        *,
        'guide_week' as part_type,
        'month' as whole_type,
        week_value as part_value,
        5 as part_day_count
    from guide_weeks

    union all

    select
        *,
        'guide_day' as part_type,
        'guide_week' as whole_type,
        {{ rd_ratio('week_value', 1, 5) }} as part_value,
        1 as part_day_count
    from guide_weeks
),

unioned as (
    select * from split
    union all
    select * from weeks
    union all
    select * from days
    union all
    select
        target_id,
        tenant,
        calendar_id,
        scope_kind,
        scope_id,
        metric_id,
        part_type as period_type,
        period_start,
        version,
        part_value as target_value,
        whole_type as parent_period_type,
        period_start as parent_period_start,
        part_day_count as working_day_count,
        cast(null as int) as weight_hundredths,
        method,
        cast(0 as decimal(18, 2)) as rounding_adjustment,
        currency_code
    from guide_parts
),

final as (
    select
        unioned.tenant,
        unioned.scope_kind,
        unioned.scope_id,
        unioned.metric_id,
        unioned.period_type,
        unioned.period_start,
        unioned.version,
        unioned.version = max(unioned.version) over (
            partition by
                unioned.tenant,
                unioned.scope_kind,
                unioned.scope_id,
                unioned.metric_id,
                unioned.period_type,
                unioned.period_start
        ) as is_latest_version,
        unioned.target_id,
        unioned.target_value,
        unioned.parent_period_type,
        unioned.parent_period_start,
        unioned.working_day_count,
        coalesce(employments.ended_on <= unioned.period_start, false) as is_vacant,
        unioned.method,
        unioned.rounding_adjustment,
        unioned.currency_code
    from unioned
    left join {{ ref('int_rep_employments') }} as employments
        on
            unioned.tenant = employments.tenant
            and unioned.scope_kind = 'rep'
            and unioned.scope_id = employments.employee_number
)

select * from final
