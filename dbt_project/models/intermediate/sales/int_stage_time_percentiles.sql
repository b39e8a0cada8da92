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
ranked as (
    select
        times.tenant,
        times.pipeline_id,
        times.stage_id,
        times.segment_id,
        times.outcome,
        months.month as benchmark_month,
        times.seconds,
        row_number() over (
            partition by
                times.tenant, times.pipeline_id, times.stage_id, times.segment_id, months.month
            order by times.seconds
        ) as place,
        count(*) over (
            partition by
                times.tenant, times.pipeline_id, times.stage_id, times.segment_id, months.month
        ) as place_count,
        row_number() over (
            partition by
                times.tenant, times.pipeline_id, times.stage_id, times.segment_id, months.month,
                times.outcome
            order by times.seconds
        ) as place_in_outcome,
        count(*) over (
            partition by
                times.tenant, times.pipeline_id, times.stage_id, times.segment_id, months.month,
                times.outcome
        ) as outcome_count
    from times
    inner join {{ ref('int_months') }} as months
        on
            times.closed_month < months.month
            and months.month <= {{ add_months('times.closed_month', 12) }}
),

marked as (
    select
        *,
        case when outcome = 'won' then seconds end as won_seconds
    from ranked
),

final as (
    select
        tenant,
        pipeline_id,
        stage_id,
        segment_id,
        benchmark_month,
        count(won_seconds) as deal_count,
        {{ percentile('won_seconds', 'place_in_outcome', 'outcome_count', 50) }} as p50_seconds,
        {{ percentile('won_seconds', 'place_in_outcome', 'outcome_count', 75) }} as p75_seconds,
        {{ percentile('won_seconds', 'place_in_outcome', 'outcome_count', 90) }} as p90_seconds,
        count(*) as closed_deal_count,
        {{ percentile('seconds', 'place', 'place_count', 50) }} as closed_p50_seconds,
        {{ percentile('seconds', 'place', 'place_count', 90) }} as closed_p90_seconds
    from marked
    group by
        tenant,
        pipeline_id,
        stage_id,
        segment_id,
        benchmark_month
)

select * from final
