-- A failing row is a month whose owners, regions, ... hold more or less than all of its deals.
with

summed as (
    select
        'closed' as dated,
        tenant,
        pipeline_id,
        close_month as month,
        segment_kind,
        sum(won_count) as won_count,
        sum(lost_count) as lost_count,
        sum(disqualified_count) as disqualified_count,
        sum(won_amount) as won_amount,
        sum(lost_amount) as other_amount
    from {{ ref('mart_win_rate_by_close_month') }}
    group by
        tenant,
        pipeline_id,
        close_month,
        segment_kind

    union all

    select
        'created' as dated,
        tenant,
        pipeline_id,
        created_month as month,
        segment_kind,
        sum(won_count) as won_count,
        sum(created_count) as lost_count,
        sum(disqualified_count) as disqualified_count,
        sum(won_amount) as won_amount,
        sum(created_amount) as other_amount
    from {{ ref('mart_win_rate_by_created_month') }}
    group by
        tenant,
        pipeline_id,
        created_month,
        segment_kind
)

select
    dated,
    tenant,
    pipeline_id,
    month
from summed
group by
    dated,
    tenant,
    pipeline_id,
    month
having
    count(*) <> 5
    or min(won_count) <> max(won_count)
    or min(lost_count) <> max(lost_count)
    or min(disqualified_count) <> max(disqualified_count)
    or min(coalesce(won_amount, 0)) <> max(coalesce(won_amount, 0))
    or min(coalesce(other_amount, 0)) <> max(coalesce(other_amount, 0))
