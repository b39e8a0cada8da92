-- From the first stage of the default pipeline to each later one, over the cohorts of the window.
with first_stage as (
    select
        pipeline_id,
        stage_id
    from dim_stage
    where pipeline_id = $pipeline_id
        and is_latest
        and stage_kind not in ('lost', 'disqualified')
    order by stage_order
    limit 1
),

cohorts as (
    select mart.*
    from mart_funnel_stage_conversion_by_cohort_month as mart
    inner join first_stage
        on mart.pipeline_id = first_stage.pipeline_id
        and mart.from_stage_id = first_stage.stage_id
    where mart.tenant = $tenant
        and mart.cohort_month >= $first_month
        and mart.cohort_month <= $last_month
),

entered as (
    select
        from_stage_id as stage_id,
        sum(qualified_entered_count) as qualified_count,
        sum(unqualified_entered_count) as unqualified_count,
        sum(entered_count) as entered_count,
        sum(open_count) as open_count
    from cohorts
    where to_stage_id = (
        select stage_id
        from dim_stage
        where pipeline_id = $pipeline_id
            and is_latest
            and stage_kind not in ('lost', 'disqualified')
        order by stage_order desc
        limit 1
    )
    group by from_stage_id
),

reached as (
    select
        to_stage_id as stage_id,
        sum(qualified_reached_count) as qualified_count,
        sum(unqualified_reached_count) as unqualified_count,
        sum(entered_count) as entered_count,
        sum(open_count) as open_count
    from cohorts
    group by to_stage_id
),

final as (
    select * from entered
    union all
    select * from reached
)

select
    dim_stage.stage_order,
    dim_stage.stage_id,
    dim_stage.stage_name_en,
    dim_stage.stage_name_zh,
    final.qualified_count,
    final.unqualified_count,
    final.entered_count,
    final.open_count
from final
inner join dim_stage
    on final.stage_id = dim_stage.stage_id
    and dim_stage.pipeline_id = $pipeline_id
    and dim_stage.is_latest
order by dim_stage.stage_order
