with

calendars as (
    select * from {{ ref('int_target_calendars') }}
),

seasons as (
    select
        weights.tenant,
        weights.month_number,
        {{ hundredths('weights.weight') }} as day_hundredths
    from {{ ref('stg_policy__target_season') }} as weights
    where {{ is_valid_on(as_of_date(), 'weights') }}
),

calendar_days as (
    select
        dates.*,
        calendars.calendar_id,
        coalesce(seasons.day_hundredths, 100) as day_hundredths,
        dates.is_working_day
        and (calendars.first_day is null or dates.day >= calendars.first_day) as is_counted
    from {{ ref('dim_date') }} as dates
    inner join calendars
        on
            dates.tenant = calendars.tenant
            and (calendars.period_start is null or dates.day >= calendars.period_start)
            and (calendars.next_period_start is null or dates.day < calendars.next_period_start)
    left join seasons
        on
            dates.tenant = seasons.tenant
            and extract(month from dates.day) = seasons.month_number
),

days as (
    select
        *,
        case when is_counted then 1 else 0 end as working_day_count,
        case when is_counted and day <= {{ as_of_date() }} then 1 else 0 end as elapsed_count
    from calendar_days
),

lengths as (
    select kinds.period_type
    from (values ('year'), ('quarter'), ('month'), ('week'), ('day')) as kinds (period_type)
),

placed as (
    select
        days.tenant,
        days.calendar_id,
        lengths.period_type,
        case lengths.period_type
            when 'year' then days.year_start_date
            when 'quarter' then days.quarter_start_date
            when 'month' then days.month
            when 'week' then days.week_part_start_date
            else days.day
        end as period_start,
        case lengths.period_type
            when 'quarter' then days.year_start_date
            when 'month' then days.quarter_start_date
            when 'week' then days.month
            when 'day' then days.week_part_start_date
        end as parent_period_start,
        days.day,
        days.working_day_count,
        days.elapsed_count,
        days.day_hundredths
    from days
    cross join lengths
),

final as (
    select
        tenant,
        calendar_id,
        period_type,
        period_start,
        parent_period_start,
        max(day) as last_date,
        cast(sum(working_day_count) as int) as working_day_count,
        cast(sum(elapsed_count) as int) as elapsed_working_day_count,
        cast(sum(working_day_count * day_hundredths) as int) as weight_hundredths,
        cast(sum(elapsed_count * day_hundredths) as int) as elapsed_weight_hundredths
    from placed
    group by
        tenant,
        calendar_id,
        period_type,
        period_start,
        parent_period_start
)

select * from final
