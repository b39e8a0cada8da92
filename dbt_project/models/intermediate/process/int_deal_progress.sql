{{ config(materialized='view') }}

with

stays as (
    select
        opportunity_key,
        pipeline_id,
        stage_id,
        stage_order,
        stage_kind,
        entered_at,
        entered_date
    from {{ ref('fct_stage_interval') }}
    where is_latest and opportunity_key is not null
),

milestones as (
    select
        milestones.opportunity_key,
        milestones.milestone_id,
        milestones.weight,
        milestones.is_met,
        milestones.next_step_id,
        milestones.next_step_activity_type,
        milestones.stage_id = stays.stage_id as is_here,
        row_number() over (
            partition by
                milestones.opportunity_key, milestones.stage_id = stays.stage_id, milestones.is_met
            order by milestones.milestone_order, milestones.milestone_id
        ) as place
    from {{ ref('fct_milestone') }} as milestones
    inner join stays
        on milestones.opportunity_key = stays.opportunity_key
    where milestones.is_required
),

progress as (
    select
        opportunity_key,
        count(case when is_here then 1 end) as required_count,
        count(case when is_here and is_met then 1 end) as met_count,
        cast(sum(case when is_here then weight end) as bigint) as required_weight,
        cast(
            sum(case when is_here and is_met then weight when is_here then 0 end) as bigint
        ) as met_weight,
        count(case when not is_here and not is_met then 1 end) as unmet_elsewhere_count
    from milestones
    group by opportunity_key
),

next_milestones as (
    select
        opportunity_key,
        milestone_id,
        next_step_id,
        next_step_activity_type
    from milestones
    where is_here and not is_met and place = 1
),

stages as (
    select
        stages.pipeline_id,
        stages.stage_id,
        stages.stage_order
    from {{ ref('dim_stage') }} as stages
    where {{ is_counted('stages.stage_kind') }} and {{ is_valid_on(as_of_date(), 'stages') }}
),

next_stages as (
    select
        stays.opportunity_key,
        stages.stage_id,
        row_number() over (
            partition by stays.opportunity_key order by stages.stage_order, stages.stage_id
        ) as place
    from stays
    inner join stages
        on
            stays.pipeline_id = stages.pipeline_id
            and stays.stage_order < stages.stage_order
    where stays.stage_kind = 'open'
),

final as (
    select
        stays.opportunity_key,
        stays.stage_id,
        stays.entered_at as stage_entered_at,
        stays.entered_date as stage_entered_date,
        next_stages.stage_id as next_stage_id,
        coalesce(progress.required_count, 0) as required_count,
        coalesce(progress.met_count, 0) as met_count,
        progress.required_weight,
        progress.met_weight,
        coalesce(progress.unmet_elsewhere_count, 0) as unmet_elsewhere_count,
        next_milestones.milestone_id as next_milestone_id,
        next_milestones.next_step_id as step_id,
        next_milestones.next_step_activity_type as step_activity_type
    from stays
    left join progress
        on stays.opportunity_key = progress.opportunity_key
    left join next_milestones
        on stays.opportunity_key = next_milestones.opportunity_key
    left join next_stages
        on
            stays.opportunity_key = next_stages.opportunity_key
            and next_stages.place = 1
)

select * from final
