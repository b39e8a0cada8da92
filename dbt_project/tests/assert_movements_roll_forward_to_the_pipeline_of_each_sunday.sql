-- Opening and movements make the closing, which opens the next week and is the pipeline of that
-- week's last day. A difference means that a deal came or went without a movement.
with

weeks as (
    select
        tenant,
        pipeline_id,
        week_start_date,
        sum(case when movement = 'opening' then deal_count else 0 end) as opening_count,
        sum(case when movement = 'opening' then amount else 0 end) as opening_amount,
        sum(case when movement = 'closing' then deal_count else 0 end) as closing_count,
        sum(case when movement = 'closing' then amount else 0 end) as closing_amount,
        sum(
            case
                when movement in ('new', 'reopened') then deal_count
                when movement in ('won', 'lost', 'disqualified') then -deal_count
                else 0
            end
        ) as moved_count,
        sum(case when movement in ('opening', 'closing') then 0 else amount end) as moved_amount
    from {{ ref('mart_pipeline_movement_by_week') }}
    group by tenant, pipeline_id, week_start_date
),

last_days as (
    select
        tenant,
        pipeline_id,
        {{ week_of('as_of_date') }} as week_start_date,
        sum(open_count) as open_count,
        sum(coalesce(open_amount, 0)) as open_amount
    from {{ ref('mart_pipeline_by_date_stage') }}
    where as_of_date in ({{ add_days(week_of('as_of_date'), 6) }}, {{ as_of_date() }})
    group by tenant, pipeline_id, {{ week_of('as_of_date') }}
),

compared as (
    select
        coalesce(weeks.tenant, last_days.tenant) as tenant,
        coalesce(weeks.pipeline_id, last_days.pipeline_id) as pipeline_id,
        coalesce(weeks.week_start_date, last_days.week_start_date) as week_start_date,
        weeks.opening_count,
        weeks.opening_amount,
        weeks.moved_count,
        weeks.moved_amount,
        weeks.closing_count,
        weeks.closing_amount,
        coalesce(last_days.open_count, 0) as open_count,
        coalesce(last_days.open_amount, 0) as open_amount,
        coalesce(previous.closing_count, 0) as last_closing_count,
        coalesce(previous.closing_amount, 0) as last_closing_amount
    from weeks
    full outer join last_days
        on
            weeks.tenant = last_days.tenant
            and weeks.pipeline_id = last_days.pipeline_id
            and weeks.week_start_date = last_days.week_start_date
    left join weeks as previous
        on
            weeks.tenant = previous.tenant
            and weeks.pipeline_id = previous.pipeline_id
            and weeks.week_start_date = {{ add_days('previous.week_start_date', 7) }}
)

select *
from compared
where
    opening_count + moved_count is distinct from closing_count
    or opening_amount + moved_amount is distinct from closing_amount
    or opening_count is distinct from last_closing_count
    or opening_amount is distinct from last_closing_amount
    or closing_count is distinct from open_count
    or closing_amount is distinct from open_amount
