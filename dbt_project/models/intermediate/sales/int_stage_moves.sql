{{ config(materialized='incremental', pre_hook="{{ forget_changed('tenant, case_id') }}") }}

with

events as (
    select
        stage_event_key,
        source_system,
        source_tenant,
        source_id,
        record_type,
        record_source_id,
        stage_name,
        entered_at,
        amount,
        currency_code,
        close_date
    from {{ of_changed(
        ref('int_stage_events__unioned'),
        'source_system, source_tenant, record_type, record_source_id'
    ) }}
    where not is_deleted and entered_at < {{ as_of_at() }}
),

leads as (
    select
        source_system,
        tenant,
        source_id,
        created_at
    from {{ of_changed(ref('fct_lead'), 'tenant, case_id') }}
),

records as (
    select
        record_type,
        record_key,
        tenant,
        source_system,
        source_id,
        case_id,
        opportunity_key,
        pipeline_id
    from {{ of_changed(ref('int_case_records'), 'tenant, case_id') }}
),

tenants as (
    select
        tenant,
        reporting_timezone
    from {{ ref('dim_tenant') }}
),

moves as (
    select
        stage_event_key,
        source_id,
        record_type,
        {{ surrogate_key('source_system', 'source_tenant', 'record_source_id') }} as record_key,
        stage_name,
        entered_at,
        amount,
        currency_code,
        close_date
    from events

    union all

    -- A lead enters the process when it is created.
    select
        {{ surrogate_key('source_system', 'tenant', "'created:' || source_id") }}
            as stage_event_key,
        'created:' || source_id as source_id,
        'lead' as record_type,
        {{ surrogate_key('source_system', 'tenant', 'source_id') }} as record_key,
        'New' as stage_name,
        created_at as entered_at,
        cast(null as decimal(18, 2)) as amount,
        cast(null as string) as currency_code,
        cast(null as date) as close_date
    from leads
),

final as (
    select
        moves.stage_event_key,
        records.tenant,
        records.source_system,
        moves.source_id,
        moves.record_type,
        moves.record_key,
        records.source_id as record_source_id,
        records.case_id,
        records.opportunity_key,
        records.pipeline_id,
        moves.stage_name,
        moves.entered_at,
        {{ to_reporting_date('moves.entered_at', 'tenants.reporting_timezone') }} as entered_date,
        moves.amount as amount_at_entry,
        moves.currency_code as currency_code_at_entry,
        moves.close_date as close_date_at_entry
    from moves
    inner join records
        on
            moves.record_type = records.record_type
            and moves.record_key = records.record_key
    left join tenants
        on records.tenant = tenants.tenant
)

select * from final
