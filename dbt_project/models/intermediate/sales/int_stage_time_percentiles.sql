with

times as (
    select
        times.tenant,
        times.pipeline_id,
        times.stage_id,
        segments.segment_id,
        times.outcome,
        times.closed_month,
        times.seconds
    from {{ ref('int_deal_stage_times') }} as times
    inner join {{ ref('dim_stage') }} as stages
        on
            times.pipeline_id = stages.pipeline_id
            and times.stage_id = stages.stage_id
            and stages.is_latest
            and stages.stage_kind = 'open'
    inner join (values ('(all)'), ('new'), ('repeat')) as segments (segment_id)
        on segments.segment_id in ('(all)', times.new_or_repeat)
    where times.seconds > 0
),

-- A close counts in each of the twelve months after its own.
counted as (
    select
        times.tenant,
        times.pipeline_id,
        times.stage_id,
        times.segment_id,
        months.month as benchmark_month,
        times.seconds,
        case when times.outcome = 'won' then times.seconds end as won_seconds
    from times
    inner join {{ ref('int_months') }} as months
        on
            times.closed_month < months.month
            and months.month <= {{ add_months('times.closed_month', 12) }}
),

final as (
    select
        tenant,
        pipeline_id,
        stage_id,
        segment_id,
        benchmark_month,
        count(won_seconds) as deal_count,
        {{ percentile('won_seconds', 50) }} as p50_seconds,
        {{ percentile('won_seconds', 75) }} as p75_seconds,
        {{ percentile('won_seconds', 90) }} as p90_seconds,
        count(*) as closed_deal_count,
        {{ percentile('seconds', 50) }} as closed_p50_seconds,
        {{ percentile('seconds', 90) }} as closed_p90_seconds
    from counted
    group by
        tenant,
        pipeline_id,
        stage_id,
        segment_id,
        benchmark_month
)

select * from final
