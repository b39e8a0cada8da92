{{ config(materialized='view') }}

with

entries as (
    select *
    from {{ ref('int_funnel_entries') }}
),

stages as (
    select
        pipeline_id,
        stage_id,
        stage_order,
        is_latest
    from {{ ref('dim_stage') }}
    where {{ is_counted('stage_kind') }}
),

places as (
    select distinct
        pipeline_id,
        stage_id,
        stage_order
    from stages
),

-- From every place that a stage has had to the stages that now stand after it.
steps as (
    select
        places.pipeline_id,
        places.stage_id as from_stage_id,
        places.stage_order as from_stage_order,
        stages.stage_id as to_stage_id,
        stages.stage_order as to_stage_order,
        row_number() over (
            partition by places.pipeline_id, places.stage_id, places.stage_order
            order by stages.stage_order, stages.stage_id
        ) = 1 as is_next_stage
    from places
    inner join stages
        on
            places.pipeline_id = stages.pipeline_id
            and places.stage_order < stages.stage_order
            and places.stage_id <> stages.stage_id
            and stages.is_latest
),

-- A stage that was skipped counts as reached: the case stands beyond it.
final as (
    select
        entries.tenant,
        entries.source_system,
        entries.pipeline_id,
        entries.cohort_month,
        entries.cohort_date,
        entries.stage_id as from_stage_id,
        steps.to_stage_id,
        steps.is_next_stage,
        entries.owner_source_id_at_entry,
        entries.owner_source_id_now,
        entries.is_qualified,
        entries.furthest_order >= steps.to_stage_order as is_reached,
        position('|' || steps.to_stage_id || '|' in entries.entered_stages) > 0 as is_entered,
        entries.is_lost,
        entries.entry_count,
        entries.amount_in_tenant_currency,
        entries.currency_code
    from entries
    inner join steps
        on
            entries.pipeline_id = steps.pipeline_id
            and entries.stage_id = steps.from_stage_id
            and entries.stage_order = steps.from_stage_order
)

select * from final
