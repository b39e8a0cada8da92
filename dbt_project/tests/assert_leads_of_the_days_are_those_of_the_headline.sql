-- A failing row is a month whose days hold more or fewer leads than its headline.
with

days as (
    select
        tenant,
        {{ month_of('created_date') }} as month,
        sum(leads_count) as leads_count
    from {{ ref('mart_leads_by_day_source_owner') }}
    group by
        tenant,
        {{ month_of('created_date') }}
)

select
    headline.tenant,
    headline.month
from {{ ref('mart_headline_by_month') }} as headline
left join days
    on
        headline.tenant = days.tenant
        and headline.month = days.month
where headline.leads_created_count <> coalesce(days.leads_count, 0)
