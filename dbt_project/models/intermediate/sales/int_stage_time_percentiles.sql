with

buckets as (
    select
        series_number,
        closed_month,
        bucket,
        count(*) as time_count
    from {{ ref('int_stage_time_buckets') }}
    group by series_number, closed_month, bucket
),

-- A close counts in each of the twelve months after its own.
counted as (
    select
        buckets.series_number,
        months.month as benchmark_month,
        buckets.bucket,
        sum(buckets.time_count) as time_count
    from buckets
    inner join {{ ref('int_months') }} as months
        on
            buckets.closed_month < months.month
            and months.month <= {{ add_months('buckets.closed_month', 12) }}
    group by buckets.series_number, months.month, buckets.bucket
),

summed as (
    select
        *,
        sum(time_count) over (
            partition by series_number, benchmark_month order by bucket
        ) as count_to_here,
        sum(time_count) over (partition by series_number, benchmark_month) as total_count
    from counted
),

-- The bucket that holds each percentile, and the rank that it has in it.
wanted as (
    select
        summed.series_number,
        summed.benchmark_month,
        summed.bucket,
        summed.total_count,
        percents.percent,
        (percents.percent * summed.total_count + 99) // 100
        - summed.count_to_here + summed.time_count as wanted_rank
    from summed
    inner join (values (50), (75), (90)) as percents (percent)
        on
            summed.count_to_here >= (percents.percent * summed.total_count + 99) // 100
            and summed.count_to_here - summed.time_count
            < (percents.percent * summed.total_count + 99) // 100
),

ranked as (
    select
        wanted.*,
        times.seconds,
        row_number() over (
            partition by wanted.series_number, wanted.benchmark_month, wanted.percent
            order by times.seconds
        ) as bucket_rank
    from wanted
    inner join {{ ref('int_stage_time_buckets') }} as times
        on
            wanted.series_number = times.series_number
            and wanted.bucket = times.bucket
            and wanted.benchmark_month > times.closed_month
            and wanted.benchmark_month <= {{ add_months('times.closed_month', 12) }}
),

series as (
    select distinct
        series_number,
        tenant,
        pipeline_id,
        stage_id,
        segment_id,
        basis
    from {{ ref('int_stage_time_series') }}
),

final as (
    select
        series.tenant,
        series.pipeline_id,
        series.stage_id,
        series.segment_id,
        ranked.benchmark_month,
        cast(
            coalesce(max(case when series.basis = 'won' then ranked.total_count end), 0) as bigint
        ) as deal_count,
        max(case when series.basis = 'won' and ranked.percent = 50 then ranked.seconds end)
            as p50_seconds,
        max(case when series.basis = 'won' and ranked.percent = 75 then ranked.seconds end)
            as p75_seconds,
        max(case when series.basis = 'won' and ranked.percent = 90 then ranked.seconds end)
            as p90_seconds,
        cast(max(case when series.basis = 'closed' then ranked.total_count end) as bigint)
            as closed_deal_count,
        max(case when series.basis = 'closed' and ranked.percent = 50 then ranked.seconds end)
            as closed_p50_seconds,
        max(case when series.basis = 'closed' and ranked.percent = 90 then ranked.seconds end)
            as closed_p90_seconds
    from ranked
    inner join series
        on ranked.series_number = series.series_number
    where ranked.bucket_rank = ranked.wanted_rank
    group by
        series.tenant,
        series.pipeline_id,
        series.stage_id,
        series.segment_id,
        ranked.benchmark_month
)

select * from final
