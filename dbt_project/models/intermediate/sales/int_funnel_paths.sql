{{ config(materialized='view') }}

with

first_entries as (
    select
        tenant,
        source_system,
        case_id,
        pipeline_id,
        stage_id,
        stage_order,
        entered_date,
        entered_month,
        owner_source_id_at_entry,
        owner_source_id_now,
        is_qualified,
        amount_in_tenant_currency,
        tenant_currency_code
    from {{ ref('fct_stage_event') }}
    where is_first_of_case_in_stage and {{ is_counted('stage_kind') }}
),

case_outcomes as (
    select
        tenant,
        case_id,
        max(case when {{ is_counted('stage_kind') }} then stage_order end) as furthest_order,
        max(
            case when is_latest_of_case and {{ is_lost('stage_kind') }} then 1 else 0 end
        ) = 1 as is_lost
    from {{ ref('fct_stage_event') }}
    group by
        tenant,
        case_id
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
        first_entries.tenant,
        first_entries.source_system,
        first_entries.pipeline_id,
        first_entries.entered_month as cohort_month,
        first_entries.entered_date as cohort_date,
        first_entries.stage_id as from_stage_id,
        steps.to_stage_id,
        steps.is_next_stage,
        first_entries.case_id,
        first_entries.owner_source_id_at_entry,
        first_entries.owner_source_id_now,
        first_entries.is_qualified,
        case_outcomes.furthest_order >= steps.to_stage_order as is_reached,
        entered.stage_id is not null as is_entered,
        case_outcomes.is_lost,
        first_entries.amount_in_tenant_currency,
        first_entries.tenant_currency_code as currency_code
    from first_entries
    inner join steps
        on
            first_entries.pipeline_id = steps.pipeline_id
            and first_entries.stage_id = steps.from_stage_id
            and first_entries.stage_order = steps.from_stage_order
    inner join case_outcomes
        on
            first_entries.tenant = case_outcomes.tenant
            and first_entries.case_id = case_outcomes.case_id
    left join first_entries as entered
        on
            first_entries.tenant = entered.tenant
            and first_entries.case_id = entered.case_id
            and steps.to_stage_id = entered.stage_id
)

select * from final
