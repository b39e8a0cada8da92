-- The running sums of every month's last day, counted anew from the intervals. A difference means
-- that an interval was added and not taken away, or the other way round.
with

held as (
    select
        intervals.tenant,
        intervals.pipeline_id,
        months.last_date as as_of_date,
        intervals.stage_id,
        count(*) as open_count,
        sum(intervals.amount) as open_amount,
        count(case when intervals.close_date < months.last_date then 1 end) as past_due_count,
        sum(case when intervals.close_date < months.last_date then intervals.amount end)
            as past_due_amount
    from {{ ref('fct_opportunity_interval') }} as intervals
    inner join {{ ref('int_months') }} as months
        on
            intervals.valid_from_date <= months.last_date
            and (intervals.valid_to_date is null or months.last_date < intervals.valid_to_date)
    where months.last_date <= {{ as_of_date() }}
    group by intervals.tenant, intervals.pipeline_id, months.last_date, intervals.stage_id
),

published as (
    select pipeline.*
    from {{ ref('mart_pipeline_by_date_stage') }} as pipeline
    inner join {{ ref('int_months') }} as months
        on pipeline.as_of_date = months.last_date
)

select
    coalesce(held.tenant, published.tenant) as tenant,
    coalesce(held.as_of_date, published.as_of_date) as as_of_date,
    coalesce(held.stage_id, published.stage_id) as stage_id,
    held.open_count as held_count,
    published.open_count,
    held.open_amount as held_amount,
    published.open_amount
from held
full outer join published
    on
        held.tenant = published.tenant
        and held.pipeline_id = published.pipeline_id
        and held.as_of_date = published.as_of_date
        and held.stage_id = published.stage_id
where
    held.open_count is distinct from published.open_count
    or held.open_amount is distinct from published.open_amount
    or held.past_due_count is distinct from published.past_due_count
    or held.past_due_amount is distinct from published.past_due_amount
