{{ config(materialized='view') }}

with

changes as (
    select
        {{ surrogate_key('source_system', 'source_tenant', 'record_source_id') }}
            as opportunity_key,
        old_value,
        new_value,
        changed_at,
        row_number() over path as change_number,
        lead(changed_at) over path as next_changed_at
    from {{ ref('int_field_changes__unioned') }}
    where
        record_type = 'opportunity'
        and field_name = 'owner'
        and not is_deleted
        and changed_at < {{ as_of_at() }}
    window
        path as (
            partition by source_system, source_tenant, record_source_id
            order by changed_at, source_id
        )
),

-- Of changes at one instant the last one holds: the others last no time.
final as (
    select
        opportunity_key,
        cast(null as timestamp) as since_at,
        changed_at as until_at,
        old_value as owner_source_id
    from changes
    where change_number = 1

    union all

    select
        opportunity_key,
        changed_at as since_at,
        next_changed_at as until_at,
        new_value as owner_source_id
    from changes
)

select * from final
