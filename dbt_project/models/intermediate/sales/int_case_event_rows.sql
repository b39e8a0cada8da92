{{ config(materialized='view') }}

with

events as (
    select * from {{ ref('int_stage_events__unioned') }}
),

changes as (
    select * from {{ ref('int_field_changes__unioned') }}
),

roles as (
    select * from {{ ref('int_opportunity_contacts__unioned') }}
),

activities as (
    select * from {{ ref('int_activities__unioned') }}
),

final as (
    select
        source_system,
        source_tenant as tenant,
        record_type,
        record_source_id as source_id,
        {{ row_hash('events') }} as row_hash
    from events
    where entered_at < {{ as_of_at() }}

    union all

    select
        source_system,
        source_tenant as tenant,
        record_type,
        record_source_id as source_id,
        {{ row_hash('changes') }} as row_hash
    from changes
    where changed_at < {{ as_of_at() }}

    union all

    select
        source_system,
        source_tenant as tenant,
        'opportunity' as record_type,
        opportunity_source_id as source_id,
        {{ row_hash('roles') }} as row_hash
    from roles
    where created_at < {{ as_of_at() }}

    union all

    select
        source_system,
        source_tenant as tenant,
        'opportunity' as record_type,
        opportunity_source_id as source_id,
        {{ row_hash('activities') }} as row_hash
    from activities
    where occurred_at < {{ as_of_at() }}
)

select * from final
