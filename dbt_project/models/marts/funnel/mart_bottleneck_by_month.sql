with

stays as (
    select
        tenant,
        opportunity_key,
        pipeline_id,
        stage_id,
        stage_order,
        stage_kind,
        stay_seconds,
        is_qualified,
        lead(entered_month) over in_order as move_month,
        lead(stage_kind) over in_order as next_stage_kind,
        lead(amount) over in_order as amount,
        currency_code
    from {{ ref('fct_stage_interval') }}
    window
        in_order as (partition by tenant, case_id order by stay_number)
),

left_stays as (
    select
        stays.tenant,
        stays.pipeline_id,
        stays.move_month,
        stays.stage_id,
        stays.stage_order,
        stays.is_qualified,
        {{ is_lost('stays.next_stage_kind') }} as is_lost,
        stays.amount,
        benchmarks.standard_p50_days,
        case
            when stays.stay_seconds > 86400 * benchmarks.standard_p50_days
                then stays.stay_seconds
        end as late_seconds,
        stays.currency_code
    from stays
    left join {{ ref('int_deals') }} as deals
        on stays.opportunity_key = deals.opportunity_key
    left join {{ ref('mart_stage_benchmark_by_month') }} as benchmarks
        on
            stays.tenant = benchmarks.tenant
            and stays.pipeline_id = benchmarks.pipeline_id
            and stays.stage_id = benchmarks.stage_id
            and stays.move_month = benchmarks.benchmark_month
            and coalesce(deals.new_or_repeat, '(all)') = benchmarks.segment_id
    where stays.stage_kind = 'open' and stays.move_month is not null
),

stages as (
    select
        tenant,
        pipeline_id,
        move_month,
        stage_id,
        min(stage_order) as stage_order,
        count(*) as left_count,
        count(case when is_lost then 1 end) as lost_count,
        cast(sum(case when is_lost then amount end) as decimal(18, 2)) as lost_amount,
        count(case when is_lost and is_qualified then 1 end) as qualified_lost_count,
        cast(
            sum(case when is_lost and is_qualified then amount end) as decimal(18, 2)
        ) as qualified_lost_amount,
        {{ days_of('coalesce(sum(late_seconds), 0)') }} as late_days,
        sum(case when late_seconds is not null then standard_p50_days end) as late_standard_days,
        count(standard_p50_days) as standard_count,
        currency_code
    from left_stays
    group by
        tenant,
        pipeline_id,
        move_month,
        stage_id,
        currency_code
),

measured as (
    select
        *,
        case
            when standard_count > 0
                then cast(late_days - coalesce(late_standard_days, 0) as decimal(18, 6))
        end as excess_days
    from stages
),

final as (
    select
        tenant,
        pipeline_id,
        move_month,
        stage_id,
        left_count,
        lost_count,
        lost_amount,
        {{ ratio_rate('lost_count', 'left_count') }} as loss_rate,
        qualified_lost_count,
        qualified_lost_amount,
        excess_days,
        lost_count > 0 and row_number() over (
            partition by tenant, pipeline_id, move_month
            order by
                lost_amount desc nulls last, lost_count desc, stage_order asc, stage_id asc
        ) = 1 as is_largest_loss,
        coalesce(excess_days > 0, false) and row_number() over (
            partition by tenant, pipeline_id, move_month
            order by excess_days desc nulls last, stage_order asc, stage_id asc
        ) = 1 as is_longest_excess,
        currency_code
    from measured
)

select * from final
