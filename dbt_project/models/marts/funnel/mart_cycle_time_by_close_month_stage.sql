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
),

months as (
    select
        pipeline_id,
        month,
        pipeline_type,
        process_version,
        is_comparable
    from {{ ref('int_pipeline_months') }}
),

ranked as (
    select
        *,
        row_number() over (
            partition by tenant, pipeline_id, close_month, stage_id, is_visited
            order by seconds
        ) as place,
        count(*) over (
            partition by tenant, pipeline_id, close_month, stage_id, is_visited
        ) as place_count,
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
        {{ percentile('case when is_visited then seconds end', 'place', 'place_count', 50) }}
            as median_seconds,
        {{ percentile('case when is_visited then seconds end', 'place', 'place_count', 90) }}
            as p90_seconds,
        count(case when stage_id = '(cycle)' and seconds is null then 1 end) as negative_count
    from ranked
    group by
        tenant,
        pipeline_id,
        close_month,
        stage_id,
        deal_count
),

measured as (
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
),

-- Nobody in the stage the month before: it took no time then. Without deals it says nothing.
final as (
    select
        measured.tenant,
        measured.pipeline_id,
        measured.close_month,
        measured.stage_id,
        coalesce(months.pipeline_type, 'opportunity') as pipeline_type,
        months.process_version,
        coalesce(months.is_comparable, false) as is_comparable,
        measured.deal_count,
        measured.visited_count,
        measured.mean_days,
        measured.median_days,
        measured.p90_days,
        measured.mean_latest_days,
        case
            when previous_cycle.deal_count > 0 and months.is_comparable
                then cast(measured.mean_days - coalesce(previous.mean_days, 0) as decimal(18, 6))
        end as change_in_mean_days,
        measured.negative_count
    from measured
    left join measured as previous_cycle
        on
            measured.tenant = previous_cycle.tenant
            and measured.pipeline_id = previous_cycle.pipeline_id
            and previous_cycle.stage_id = '(cycle)'
            and measured.close_month = {{ add_months('previous_cycle.close_month', 1) }}
    left join measured as previous
        on
            measured.tenant = previous.tenant
            and measured.pipeline_id = previous.pipeline_id
            and measured.stage_id = previous.stage_id
            and measured.close_month = {{ add_months('previous.close_month', 1) }}
    left join months
        on measured.pipeline_id = months.pipeline_id and measured.close_month = months.month
)

select * from final
