-- A failing row is a month of a pipeline in which a closed deal is missing or counted twice, or a
-- month of creation in which a deal is.
with

rated as (
    select
        'closed' as dated,
        tenant,
        pipeline_id,
        close_month as month,
        won_count + lost_count + disqualified_count as deal_count
    from {{ ref('mart_win_rate_by_close_month') }}
    where segment_kind = 'all'

    union all

    select
        'created' as dated,
        tenant,
        pipeline_id,
        created_month as month,
        won_count + lost_count + disqualified_count + open_count as deal_count
    from {{ ref('mart_win_rate_by_created_month') }}
    where segment_kind = 'all'
),

known as (
    select
        'closed' as dated,
        tenant,
        pipeline_id,
        closed_month as month,
        count(*) as deal_count
    from {{ ref('fct_opportunity') }}
    where is_closed and closed_at < {{ as_of_at() }}
    group by
        tenant,
        pipeline_id,
        closed_month

    union all

    select
        'created' as dated,
        tenant,
        pipeline_id,
        created_month as month,
        count(*) as deal_count
    from {{ ref('fct_opportunity') }}
    group by
        tenant,
        pipeline_id,
        created_month
)

select
    coalesce(rated.dated, known.dated) as dated,
    coalesce(rated.tenant, known.tenant) as tenant,
    coalesce(rated.pipeline_id, known.pipeline_id) as pipeline_id,
    coalesce(rated.month, known.month) as month
from rated
full outer join known
    on
        rated.dated = known.dated
        and rated.tenant = known.tenant
        and rated.pipeline_id = known.pipeline_id
        and rated.month = known.month
where rated.deal_count is distinct from known.deal_count
