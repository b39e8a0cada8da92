-- A failing row is a stage whose cohorts hold more or fewer cases than ever entered it. Stages that
-- changed places are left out: what entered one is followed to those that came later then.
with

unmoved as (
    select
        pipeline_id,
        stage_id
    from {{ ref('dim_stage') }}
    group by
        pipeline_id,
        stage_id
    having min(stage_order) = max(stage_order)
),

entered as (
    select
        tenant,
        pipeline_id,
        stage_id,
        count(distinct case_id) as case_count
    from {{ ref('fct_stage_event') }}
    group by
        tenant,
        pipeline_id,
        stage_id
),

cohorts as (
    select
        tenant,
        pipeline_id,
        from_stage_id as stage_id,
        to_stage_id,
        sum(entered_count) as case_count
    from {{ ref('mart_funnel_stage_conversion_by_cohort_month') }}
    group by
        tenant,
        pipeline_id,
        from_stage_id,
        to_stage_id
)

select
    cohorts.tenant,
    cohorts.stage_id,
    cohorts.to_stage_id,
    cohorts.case_count,
    entered.case_count as entered_count
from cohorts
inner join unmoved
    on cohorts.pipeline_id = unmoved.pipeline_id and cohorts.stage_id = unmoved.stage_id
inner join unmoved as later_stages
    on
        cohorts.pipeline_id = later_stages.pipeline_id
        and cohorts.to_stage_id = later_stages.stage_id
left join entered
    on
        cohorts.tenant = entered.tenant
        and cohorts.pipeline_id = entered.pipeline_id
        and cohorts.stage_id = entered.stage_id
where entered.case_count is null or entered.case_count <> cohorts.case_count
