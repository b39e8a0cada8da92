with

leads as (
    select
        tenant,
        created_month as month,
        coalesce(lead_source, '(none)') as lead_source
    from {{ ref('fct_lead') }}
),

counted as (
    select
        tenant,
        month,
        lead_source,
        count(*) as leads_count
    from leads
    group by
        tenant,
        month,
        lead_source

    union all

    select
        tenant,
        month,
        '(all)' as lead_source,
        count(*) as leads_count
    from leads
    group by
        tenant,
        month
),

sources as (
    select
        tenant,
        lead_source,
        min(month) as first_month
    from counted
    group by
        tenant,
        lead_source
),

days as (
    select
        tenant,
        month,
        count(case when day <= {{ as_of_date() }} then 1 end) as calendar_day_count,
        count(case when day <= {{ as_of_date() }} and is_working_day then 1 end)
            as working_day_count,
        max(day) > {{ as_of_date() }} as is_partial
    from {{ ref('dim_date') }}
    where month <= {{ as_of_month() }}
    group by
        tenant,
        month
),

-- A source that brought nothing in a month still has the month: its average is 0.
spread as (
    select
        sources.tenant,
        days.month,
        sources.lead_source,
        coalesce(counted.leads_count, 0) as leads_count,
        days.calendar_day_count,
        days.working_day_count,
        days.is_partial
    from sources
    inner join days
        on
            sources.tenant = days.tenant
            and sources.first_month <= days.month
    left join counted
        on
            sources.tenant = counted.tenant
            and sources.lead_source = counted.lead_source
            and days.month = counted.month
),

final as (
    select
        tenant,
        month,
        lead_source,
        leads_count,
        calendar_day_count,
        working_day_count,
        {{ ratio_rate('leads_count', 'calendar_day_count', 18) }} as leads_per_calendar_day,
        {{ ratio_rate('leads_count', 'working_day_count', 18) }} as leads_per_working_day,
        is_partial
    from spread
)

select * from final
