with

times as (
    select
        tenant,
        pipeline_id,
        closed_month as close_month,
        stage_id,
        seconds,
        latest_seconds,
        seconds > 0 or stage_id = '(cycle)' and seconds = 0 as is_visited
    from {{ ref('int_deal_stage_times') }}
    where outcome = 'won'
),

counted as (
    select
        *,
        count(case when stage_id = '(cycle)' then seconds end) over (
            partition by tenant, pipeline_id, close_month
        ) as deal_count
    from times
),

stages as (
    select
        tenant,
        pipeline_id,
        close_month,
        stage_id,
        deal_count,
        count(case when is_visited then 1 end) as visited_count,
        sum(case when is_visited then seconds end) as seconds,
        sum(case when is_visited then latest_seconds end) as latest_seconds,
        {{ percentile('case when is_visited then seconds end', 50) }} as median_seconds,
        {{ percentile('case when is_visited then seconds end', 90) }} as p90_seconds,
        count(case when stage_id = '(cycle)' and seconds is null then 1 end) as negative_count
    from counted
    group by
        tenant,
        pipeline_id,
        close_month,
        stage_id,
        deal_count
),

final as (
    select
        tenant,
        pipeline_id,
        close_month,
        stage_id,
        deal_count,
        visited_count,
        {{ days_of('coalesce(seconds, 0)', 'deal_count') }} as mean_days,
        {{ days_of('median_seconds') }} as median_days,
        {{ days_of('p90_seconds') }} as p90_days,
        {{ days_of('latest_seconds', 'visited_count') }} as mean_latest_days,
        negative_count
    from stages
)

select * from final
