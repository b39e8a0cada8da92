{{ config(materialized='incremental', pre_hook="{{ forget_changed('tenant, case_id') }}") }}

with

moves as (
    select
        stage_event_key,
        tenant,
        source_system,
        source_id,
        record_type,
        record_key,
        record_source_id,
        case_id,
        opportunity_key,
        pipeline_id,
        stage_name,
        entered_at,
        entered_date,
        amount_at_entry,
        currency_code_at_entry,
        close_date_at_entry
    from {{ of_changed(ref('int_stage_moves'), 'tenant, case_id') }}
),

names as (
    select
        source_system,
        tenant,
        pipeline_id,
        record_type,
        stage_name,
        entered_date,
        stage_id,
        stage_order,
        stage_kind
    from {{ ref('int_stage_names') }}
),

collected as (
    select
        opportunity_key,
        tenant,
        source_system,
        source_id,
        case_id,
        pipeline_id,
        collected_at,
        collected_date
    from {{ of_changed(ref('int_collected_opportunities'), 'tenant, case_id') }}
),

collected_stages as (
    select
        pipeline_id,
        stage_id,
        stage_order,
        stage_kind,
        valid_from,
        valid_to
    from {{ ref('dim_stage') }}
    where stage_kind = 'collected'
),

-- An entry without a stage is one that policy does not map: the stage-entry gate stops it.
final as (
    select
        moves.*,
        names.stage_id,
        names.stage_order,
        names.stage_kind
    from moves
    left join names
        on
            moves.source_system = names.source_system
            and moves.tenant = names.tenant
            and moves.pipeline_id = names.pipeline_id
            and moves.record_type = names.record_type
            and moves.stage_name = names.stage_name
            and moves.entered_date = names.entered_date

    union all

    select
        {{ surrogate_key(
            'collected.source_system', 'collected.tenant', "'collected:' || collected.source_id"
        ) }} as stage_event_key,
        collected.tenant,
        collected.source_system,
        'collected:' || collected.source_id as source_id,
        'opportunity' as record_type,
        collected.opportunity_key as record_key,
        collected.source_id as record_source_id,
        collected.case_id,
        collected.opportunity_key,
        collected.pipeline_id,
        collected_stages.stage_id as stage_name,
        collected.collected_at as entered_at,
        collected.collected_date as entered_date,
        cast(null as decimal(18, 2)) as amount_at_entry,
        cast(null as string) as currency_code_at_entry,
        cast(null as date) as close_date_at_entry,
        collected_stages.stage_id,
        collected_stages.stage_order,
        collected_stages.stage_kind
    from collected
    inner join collected_stages
        on
            collected.pipeline_id = collected_stages.pipeline_id
            and {{ is_valid_on('collected.collected_date', 'collected_stages') }}
)

select * from final
