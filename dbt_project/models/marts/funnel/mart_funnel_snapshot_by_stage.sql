with

progress as (
    select
        tenant,
        pipeline_id,
        stage_id,
        stage_order,
        furthest_order_before,
        is_counted,
        is_latest,
        case_count,
        case when is_qualified then case_count end as qualified_count,
        lost_count,
        amount,
        case when is_qualified then amount end as qualified_amount,
        currency_code
    from {{ ref('int_stage_progress') }}
),

stages as (
    select
        progress.tenant,
        progress.pipeline_id,
        stages.stage_id,
        stages.stage_order,
        progress.currency_code
    from progress
    inner join {{ ref('dim_stage') }} as stages
        on progress.pipeline_id = stages.pipeline_id
    where {{ is_counted('stages.stage_kind') }} and {{ is_valid_on(as_of_date(), 'stages') }}
    group by
        progress.tenant,
        progress.pipeline_id,
        stages.stage_id,
        stages.stage_order,
        progress.currency_code
),

standing as (
    select
        tenant,
        pipeline_id,
        stage_id,
        sum(case_count) as case_count,
        sum(qualified_count) as qualified_count,
        sum(amount) as amount,
        sum(qualified_amount) as qualified_amount
    from progress
    where is_latest
    group by
        tenant,
        pipeline_id,
        stage_id
),

-- The stay that went beyond all before it is the case's first to reach each stage in between.
reached as (
    select
        stages.tenant,
        stages.pipeline_id,
        stages.stage_id,
        stages.stage_order,
        stages.currency_code,
        cast(coalesce(sum(progress.case_count), 0) as bigint) as case_count,
        cast(coalesce(sum(progress.qualified_count), 0) as bigint) as qualified_count,
        cast(coalesce(sum(progress.lost_count), 0) as bigint) as lost_count,
        cast(sum(progress.amount) as decimal(18, 2)) as amount
    from stages
    left join progress
        on
            stages.tenant = progress.tenant
            and stages.pipeline_id = progress.pipeline_id
            and progress.is_counted
            and stages.stage_order <= progress.stage_order
            and stages.stage_order
            > coalesce(progress.furthest_order_before, stages.stage_order - 1)
    group by
        stages.tenant,
        stages.pipeline_id,
        stages.stage_id,
        stages.stage_order,
        stages.currency_code
),

final as (
    select
        reached.tenant,
        reached.pipeline_id,
        reached.stage_id,
        reached.stage_order,
        cast(coalesce(standing.case_count, 0) as bigint) as current_count,
        cast(coalesce(standing.qualified_count, 0) as bigint) as qualified_current_count,
        cast(standing.amount as decimal(18, 2)) as current_amount,
        cast(standing.qualified_amount as decimal(18, 2)) as qualified_current_amount,
        reached.case_count as reached_count,
        reached.qualified_count as qualified_reached_count,
        reached.case_count - reached.qualified_count as unqualified_reached_count,
        reached.amount as reached_amount,
        {{ ratio_rate('reached.case_count', 'lag(reached.case_count) over along') }}
            as reached_from_previous_rate,
        {{ ratio_rate('reached.case_count', 'first_value(reached.case_count) over along') }}
            as reached_from_first_rate,
        reached.lost_count - coalesce(lead(reached.lost_count) over along, 0) as lost_count,
        reached.currency_code
    from reached
    left join standing
        on
            reached.tenant = standing.tenant
            and reached.pipeline_id = standing.pipeline_id
            and reached.stage_id = standing.stage_id
    window
        along as (
            partition by reached.tenant, reached.pipeline_id
            order by reached.stage_order, reached.stage_id
        )
)

select * from final
