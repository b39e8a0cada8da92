with

measured as (
    select * from {{ ref('int_stage_time_percentiles') }}
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
        coalesce(own.closed_deal_count, 0) as closed_deal_count,
        own.closed_p50_seconds,
        own.closed_p90_seconds,
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
    where overall.segment_id = '(all)' and overall.deal_count > 0
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
        compared.closed_deal_count,
        {{ days_of('compared.closed_p50_seconds') }} as closed_p50_days,
        {{ days_of('compared.closed_p90_seconds') }} as closed_p90_days,
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
