{{ config(materialized='view') }}

with

stages as (
    select
        pipeline_id,
        stage_id,
        stage_name_en || '|' || stage_name_zh as names,
        cast(stage_order as string) || '|' || kind as content,
        valid_from,
        valid_to
    from {{ ref('stg_policy__process_stage') }}
),

milestones as (
    select
        pipeline_id,
        milestone_id,
        milestone_name_en || '|' || milestone_name_zh as names,
        stage_id || '|' || cast(milestone_order as string) || '|' || evidence || '|'
        || cast(is_required as string) || '|' || cast(weight as string) as content,
        valid_from,
        valid_to
    from {{ ref('stg_policy__process_milestone') }}
),

steps as (
    select
        pipeline_id,
        milestone_id || '/' || step_id as step_id,
        step_name_en || '|' || step_name_zh as names,
        cast(step_order as string) || '|' || activity_type || '|' || cast(is_required as string)
            as content,
        valid_from,
        valid_to
    from {{ ref('stg_policy__process_step') }}
),

rules as (
    select
        rule_id,
        pipeline_id,
        description_en || '|' || description_zh as names,
        pipeline_id || '|' || stage_id || '|' || predicate || '|' || predicate_at_entry as content,
        valid_from,
        valid_to
    from {{ ref('stg_policy__stage_entry_rule') }}
),

pipelines as (
    select pipeline_id
    from {{ ref('int_pipelines') }}
),

final as (
    select
        pipeline_id,
        1 as part_rank,
        'stage' as part_kind,
        stage_id as part_id,
        names,
        content,
        valid_from,
        valid_to
    from stages

    union all

    select
        pipeline_id,
        2 as part_rank,
        'milestone' as part_kind,
        milestone_id as part_id,
        names,
        content,
        valid_from,
        valid_to
    from milestones

    union all

    select
        pipeline_id,
        3 as part_rank,
        'step' as part_kind,
        step_id as part_id,
        names,
        content,
        valid_from,
        valid_to
    from steps

    union all

    -- A rule for every pipeline is a part of each.
    select
        pipelines.pipeline_id,
        4 as part_rank,
        'rule' as part_kind,
        rules.rule_id as part_id,
        rules.names,
        rules.content,
        rules.valid_from,
        rules.valid_to
    from rules
    inner join pipelines
        on rules.pipeline_id in (pipelines.pipeline_id, '*')
)

select * from final
