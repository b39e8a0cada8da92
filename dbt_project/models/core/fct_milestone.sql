{{ config(materialized='incremental', pre_hook="{{ forget_changed('opportunity_key') }}") }}

with

milestones as (
    select * from {{ of_changed(ref('int_stage_milestones'), 'opportunity_key') }}
),

opportunities as (
    select
        opportunity_key,
        owner_source_id
    from {{ of_changed(ref('fct_opportunity'), 'opportunity_key') }}
),

owners as (
    select
        record_key,
        owner_source_id,
        valid_from_at,
        valid_to_at
    from {{ of_changed(ref('int_owner_intervals'), 'record_type, record_key') }}
    where record_type = 'opportunity'
),

evidence as (
    select
        evidence.opportunity_key,
        evidence.evidence,
        evidence.met_at,
        evidence.removed_at,
        case
            when evidence.met_at is null then null
            -- An owner who was cleared is nobody: only without a change does the record speak.
            when owners.record_key is not null then owners.owner_source_id
            else opportunities.owner_source_id
        end as owner_source_id_when_met
    from {{ of_changed(ref('int_milestone_evidence'), 'opportunity_key') }} as evidence
    inner join opportunities
        on evidence.opportunity_key = opportunities.opportunity_key
    left join owners
        on
            evidence.opportunity_key = owners.record_key
            and {{ is_valid_at('evidence.met_at', 'owners') }}
),

steps as (
    select
        opportunity_key,
        stage_id,
        milestone_id,
        required_step_count,
        done_step_count,
        next_step_id,
        next_step_activity_type
    from {{ of_changed(ref('int_milestone_steps'), 'opportunity_key') }}
),

versions as (
    select
        pipeline_id,
        process_version,
        valid_from,
        valid_to
    from {{ ref('dim_process_version') }}
),

final as (
    select
        milestones.tenant,
        milestones.opportunity_key,
        milestones.opportunity_source_id,
        milestones.pipeline_id,
        milestones.stage_id,
        milestones.milestone_id,
        versions.process_version,
        milestones.milestone_order,
        milestones.evidence,
        milestones.is_required,
        milestones.weight,
        milestones.stage_entered_at,
        milestones.stage_entered_date,
        milestones.stage_entered_month,
        milestones.stage_left_at,
        milestones.is_advanced,
        milestones.is_qualified,
        evidence.met_at,
        evidence.met_at is not null as is_met,
        evidence.owner_source_id_when_met,
        coalesce(evidence.met_at < milestones.stage_entered_at, false) as is_met_before_stage,
        evidence.met_at is not null
        and coalesce(evidence.met_at <= milestones.stage_left_at, true) as is_met_in_time,
        evidence.removed_at is not null as is_evidence_removed,
        evidence.removed_at as evidence_removed_at,
        coalesce(steps.required_step_count, 0) as required_step_count,
        coalesce(steps.done_step_count, 0) as done_step_count,
        steps.next_step_id,
        steps.next_step_activity_type
    from milestones
    inner join opportunities
        on milestones.opportunity_key = opportunities.opportunity_key
    left join evidence
        on
            milestones.opportunity_key = evidence.opportunity_key
            and milestones.evidence = evidence.evidence
    left join steps
        on
            milestones.opportunity_key = steps.opportunity_key
            and milestones.stage_id = steps.stage_id
            and milestones.milestone_id = steps.milestone_id
    left join versions
        on
            milestones.pipeline_id = versions.pipeline_id
            and {{ is_valid_on('milestones.stage_entered_date', 'versions') }}
)

select * from final
