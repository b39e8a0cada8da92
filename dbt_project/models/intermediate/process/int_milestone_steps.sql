{{ config(materialized='incremental', pre_hook="{{ forget_changed('opportunity_key') }}") }}

with

milestones as (
    select
        opportunity_key,
        pipeline_id,
        stage_id,
        milestone_id,
        stage_entered_at,
        stage_entered_date
    from {{ of_changed(ref('int_stage_milestones'), 'opportunity_key') }}
),

steps as (
    select
        pipeline_id,
        milestone_id,
        step_id,
        step_order,
        activity_type,
        valid_from,
        valid_to
    from {{ ref('stg_policy__process_step') }}
    where is_required
),

last_activities as (
    select
        {{ surrogate_key('source_system', 'source_tenant', 'opportunity_source_id') }}
            as opportunity_key,
        activity_type,
        max(occurred_at) as last_done_at
    from {{ of_changed(
        ref('int_activities__unioned'),
        'source_system, source_tenant, opportunity_source_id'
    ) }}
    where is_completed and not is_deleted and occurred_at < {{ as_of_at() }}
    group by
        source_system,
        source_tenant,
        opportunity_source_id,
        activity_type
),

-- Done since the deal came into the stage: what was done before belongs to another one.
judged as (
    select
        milestones.opportunity_key,
        milestones.stage_id,
        milestones.milestone_id,
        steps.step_id,
        steps.step_order,
        steps.activity_type,
        coalesce(last_activities.last_done_at >= milestones.stage_entered_at, false) as is_done
    from milestones
    inner join steps
        on
            milestones.pipeline_id = steps.pipeline_id
            and milestones.milestone_id = steps.milestone_id
            and {{ is_valid_on('milestones.stage_entered_date', 'steps') }}
    left join last_activities
        on
            milestones.opportunity_key = last_activities.opportunity_key
            and steps.activity_type = last_activities.activity_type
),

ranked as (
    select
        *,
        not is_done
        and row_number() over (
            partition by opportunity_key, stage_id, milestone_id, is_done
            order by step_order, step_id
        ) = 1 as is_next
    from judged
),

final as (
    select
        opportunity_key,
        stage_id,
        milestone_id,
        count(*) as required_step_count,
        count(case when is_done then 1 end) as done_step_count,
        max(case when is_next then step_id end) as next_step_id,
        max(case when is_next then activity_type end) as next_step_activity_type
    from ranked
    group by
        opportunity_key,
        stage_id,
        milestone_id
)

select * from final
