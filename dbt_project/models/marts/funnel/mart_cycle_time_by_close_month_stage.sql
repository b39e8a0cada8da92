with

measured as (
    select * from {{ ref('int_stage_times_by_close_month') }}
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

cycles as (
    select
        tenant,
        pipeline_id,
        close_month,
        p90_days,
        least({{ last_date_of('close_month') }}, {{ as_of_date() }}) as last_date
    from measured
    where stage_id = '(cycle)'
),

-- Deals that were open at the end of the month, whatever became of them.
open_deals as (
    select
        cycles.tenant,
        cycles.pipeline_id,
        cycles.close_month,
        count(deals.opportunity_key) as open_count,
        count(
            case
                when {{ days_between('deals.created_date', 'cycles.last_date') }} > cycles.p90_days
                    then 1
            end
        ) as open_over_p90_count
    from cycles
    left join {{ ref('int_deals') }} as deals
        on
            cycles.tenant = deals.tenant
            and cycles.pipeline_id = deals.pipeline_id
            and cycles.last_date >= deals.created_date
            and (deals.closed_date is null or cycles.last_date < deals.closed_date)
    group by
        cycles.tenant,
        cycles.pipeline_id,
        cycles.close_month
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
        open_deals.open_count,
        open_deals.open_over_p90_count,
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
    left join open_deals
        on
            measured.tenant = open_deals.tenant
            and measured.pipeline_id = open_deals.pipeline_id
            and measured.close_month = open_deals.close_month
            and measured.stage_id = '(cycle)'
    left join months
        on measured.pipeline_id = months.pipeline_id and measured.close_month = months.month
)

select * from final
