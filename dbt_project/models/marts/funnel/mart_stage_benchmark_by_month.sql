with

times as (
    select
        times.tenant,
        times.pipeline_id,
        times.stage_id,
        segments.segment_id,
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

-- A win sets the standard in each of the twelve months after its own.
ranked as (
    select
        times.tenant,
        times.pipeline_id,
        times.stage_id,
        times.segment_id,
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
        ) as place_count
    from times
    inner join {{ ref('int_months') }} as months
        on
            times.closed_month < months.month
            and months.month <= {{ add_months('times.closed_month', 12) }}
),

measured as (
    select
        tenant,
        pipeline_id,
        stage_id,
        segment_id,
        benchmark_month,
        count(*) as deal_count,
        {{ percentile('seconds', 'place', 'place_count', 50) }} as p50_seconds,
        {{ percentile('seconds', 'place', 'place_count', 75) }} as p75_seconds,
        {{ percentile('seconds', 'place', 'place_count', 90) }} as p90_seconds
    from ranked
    group by
        tenant,
        pipeline_id,
        stage_id,
        segment_id,
        benchmark_month
),

-- Fewer than thirty deals are no standard: the whole pipeline speaks for the segment.
compared as (
    select
        overall.tenant,
        overall.pipeline_id,
        overall.stage_id,
        segments.segment_id,
        overall.benchmark_month,
        coalesce(own.deal_count, 0) as deal_count,
        own.p50_seconds,
        own.p75_seconds,
        own.p90_seconds,
        case when own.deal_count >= 30 then segments.segment_id else '(all)' end
            as basis_segment_id
    from measured as overall
    cross join (values ('(all)'), ('new'), ('repeat')) as segments (segment_id)
    left join measured as own
        on
            overall.tenant = own.tenant
            and overall.pipeline_id = own.pipeline_id
            and overall.stage_id = own.stage_id
            and overall.benchmark_month = own.benchmark_month
            and segments.segment_id = own.segment_id
    where overall.segment_id = '(all)'
),

final as (
    select
        compared.tenant,
        compared.pipeline_id,
        compared.stage_id,
        compared.segment_id,
        compared.benchmark_month,
        compared.deal_count,
        {{ days_of('compared.p50_seconds') }} as p50_days,
        {{ days_of('compared.p75_seconds') }} as p75_days,
        {{ days_of('compared.p90_seconds') }} as p90_days,
        compared.basis_segment_id,
        basis.deal_count as basis_count,
        {{ days_of('basis.p50_seconds') }} as standard_p50_days,
        {{ days_of('basis.p75_seconds') }} as standard_p75_days,
        {{ days_of('basis.p90_seconds') }} as standard_p90_days
    from compared
    inner join measured as basis
        on
            compared.tenant = basis.tenant
            and compared.pipeline_id = basis.pipeline_id
            and compared.stage_id = basis.stage_id
            and compared.benchmark_month = basis.benchmark_month
            and compared.basis_segment_id = basis.segment_id
)

select * from final
