-- A failing row is a cohort of which more cases reached a stage than an earlier one.
select
    nearer.tenant,
    nearer.cohort_month,
    nearer.from_stage_id,
    nearer.to_stage_id,
    farther.to_stage_id as farther_stage_id
from {{ ref('mart_funnel_stage_conversion_by_cohort_month') }} as nearer
inner join {{ ref('mart_funnel_stage_conversion_by_cohort_month') }} as farther
    on
        nearer.tenant = farther.tenant
        and nearer.pipeline_id = farther.pipeline_id
        and nearer.cohort_month = farther.cohort_month
        and nearer.from_stage_id = farther.from_stage_id
inner join {{ ref('dim_stage') }} as nearer_stage
    on
        nearer.pipeline_id = nearer_stage.pipeline_id
        and nearer.to_stage_id = nearer_stage.stage_id
        and nearer_stage.is_latest
inner join {{ ref('dim_stage') }} as farther_stage
    on
        farther.pipeline_id = farther_stage.pipeline_id
        and farther.to_stage_id = farther_stage.stage_id
        and farther_stage.is_latest
where
    nearer_stage.stage_order < farther_stage.stage_order
    and nearer.reached_count < farther.reached_count
