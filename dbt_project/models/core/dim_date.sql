with

weeks as (
    select
        tenant,
        day,
        {{ week_of('day') }} as week_start_date,
        {{ month_of('day') }} as month,
        least(day, {{ as_of_date() }}) as policy_date
    from {{ ref('int_calendar_days') }}
),

-- Of a day to come, what is decided on the as-of date holds.
final as (
    select
        weeks.tenant,
        weeks.day,
        weeks.week_start_date,
        greatest(weeks.week_start_date, weeks.month) as week_part_start_date,
        weeks.month,
        {{ quarter_of('weeks.day') }} as quarter_start_date,
        {{ year_of('weeks.day') }} as year_start_date,
        coalesce(
            special.is_working_day, weeks.day < {{ add_days('weeks.week_start_date', '5') }}
        ) as is_working_day
    from weeks
    left join {{ ref('stg_policy__working_day') }} as special
        on
            weeks.tenant = special.tenant
            and weeks.day = special.day
            and {{ is_valid_on('weeks.policy_date', 'special') }}
)

select * from final
