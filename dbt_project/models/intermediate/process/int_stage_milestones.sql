{{ config(materialized='incremental', pre_hook="{{ forget_changed('opportunity_key') }}") }}

with

stays as (
    select
        *,
        lead(move_kind) over (partition by tenant, case_id order by stay_number) as next_move_kind
    from {{ of_changed(ref('fct_stage_interval'), 'tenant, case_id') }}
),

milestones as (
    select
        pipeline_id,
        stage_id,
        milestone_id,
        milestone_order,
        evidence,
        is_required,
        weight,
        valid_from,
        valid_to
    from {{ ref('stg_policy__process_milestone') }}
),

-- A deal keeps the milestones of the day on which it came into the stage for the first time.
final as (
    select
        stays.opportunity_key,
        stays.tenant,
        stays.opportunity_source_id,
        stays.pipeline_id,
        stays.stage_id,
        stays.entered_at as stage_entered_at,
        stays.entered_date as stage_entered_date,
        stays.entered_month as stage_entered_month,
        stays.left_at as stage_left_at,
        coalesce(stays.next_move_kind in ('forward', 'skip'), false) as is_advanced,
        stays.is_qualified,
        milestones.milestone_id,
        milestones.milestone_order,
        milestones.evidence,
        milestones.is_required,
        milestones.weight
    from stays
    inner join milestones
        on
            stays.pipeline_id = milestones.pipeline_id
            and stays.stage_id = milestones.stage_id
            and {{ is_valid_on('stays.entered_date', 'milestones') }}
    where stays.is_first_in_stage and stays.opportunity_key is not null
)

select * from final
