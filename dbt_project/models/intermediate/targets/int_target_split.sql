with

periods as (
    select
        tenant,
        calendar_id,
        period_type,
        period_start,
        parent_period_start,
        working_day_count,
        weight_hundredths
    from {{ ref('int_target_periods') }}
),

own_targets as (
    select
        targets.target_id,
        targets.tenant,
        periods.calendar_id,
        targets.scope_kind,
        targets.scope_id,
        targets.metric_id,
        targets.period_type,
        targets.period_start,
        targets.version,
        targets.target_value,
        cast(null as string) as parent_period_type,
        cast(null as date) as parent_period_start,
        periods.working_day_count,
        periods.weight_hundredths,
        targets.method,
        cast(0 as decimal(18, 2)) as rounding_adjustment,
        case when targets.metric_id = 'won_amount' then targets.currency_code end
            as currency_code
    from {{ ref('int_target_checks') }} as targets
    left join {{ ref('int_target_calendars') }} as calendars
        on
            targets.target_id = calendars.target_id
            and targets.version = calendars.version
    inner join periods
        on
            targets.tenant = periods.tenant
            and coalesce(calendars.calendar_id, '*') = periods.calendar_id
            and targets.period_type = periods.period_type
            and targets.period_start = periods.period_start
    where targets.is_sound
),

years as (
    select * from own_targets
    where period_type = 'year'
),

quarters_of_years as (
    {{ split_over('years', 'quarter', 4) }}
),

-- A child with a target of its own keeps it; its siblings are what they would be without.
quarters as (
    select * from own_targets
    where period_type = 'quarter'

    union all

    select quarters_of_years.*
    from quarters_of_years
    left join own_targets
        on
            quarters_of_years.tenant = own_targets.tenant
            and quarters_of_years.scope_kind = own_targets.scope_kind
            and quarters_of_years.scope_id = own_targets.scope_id
            and quarters_of_years.metric_id = own_targets.metric_id
            and quarters_of_years.version = own_targets.version
            and quarters_of_years.period_type = own_targets.period_type
            and quarters_of_years.period_start = own_targets.period_start
    where own_targets.target_id is null
),

months_of_quarters as (
    {{ split_over('quarters', 'month', 3) }}
),

months as (
    select * from own_targets
    where period_type = 'month'

    union all

    select months_of_quarters.*
    from months_of_quarters
    left join own_targets
        on
            months_of_quarters.tenant = own_targets.tenant
            and months_of_quarters.scope_kind = own_targets.scope_kind
            and months_of_quarters.scope_id = own_targets.scope_id
            and months_of_quarters.metric_id = own_targets.metric_id
            and months_of_quarters.version = own_targets.version
            and months_of_quarters.period_type = own_targets.period_type
            and months_of_quarters.period_start = own_targets.period_start
    where own_targets.target_id is null
),

final as (
    select * from years
    union all
    select * from quarters
    union all
    select * from months
)

select * from final
