-- The running sums of every month's last day, counted anew from the intervals. A difference means
-- that an account was added to a light and not taken away, or the other way round.
with

shown as (
    select
        intervals.tenant,
        months.last_date as as_of_date,
        intervals.owner_source_id,
        count(case when intervals.light = 'red' then 1 end) as red_follow_up_count,
        count(case when intervals.light = 'yellow' then 1 end) as yellow_negotiating_count,
        count(case when intervals.light = 'green' then 1 end) as green_won_count,
        count(case when intervals.open_deal_count > 0 then 1 end) as open_account_count
    from {{ ref('fct_account_light_interval') }} as intervals
    inner join {{ ref('int_months') }} as months
        on
            intervals.valid_from_date <= months.last_date
            and (intervals.valid_to_date is null or intervals.valid_to_date > months.last_date)
    where months.last_date <= {{ as_of_date() }}
    group by intervals.tenant, months.last_date, intervals.owner_source_id
),

published as (
    select lights.*
    from {{ ref('mart_traffic_light_by_date_owner') }} as lights
    inner join {{ ref('int_months') }} as months
        on lights.as_of_date = months.last_date
)

select
    coalesce(shown.tenant, published.tenant) as tenant,
    coalesce(shown.as_of_date, published.as_of_date) as as_of_date,
    coalesce(shown.owner_source_id, published.owner_source_id) as owner_source_id,
    shown.open_account_count as shown_count,
    published.open_account_count
from shown
full outer join published
    on
        shown.tenant = published.tenant
        and shown.as_of_date = published.as_of_date
        and shown.owner_source_id is not distinct from published.owner_source_id
where
    shown.red_follow_up_count is distinct from published.red_follow_up_count
    or shown.yellow_negotiating_count is distinct from published.yellow_negotiating_count
    or shown.green_won_count is distinct from published.green_won_count
    or shown.open_account_count is distinct from published.open_account_count
    or published.updated_account_count > published.open_account_count
