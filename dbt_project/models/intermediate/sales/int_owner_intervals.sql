{{ config(materialized='view') }}

with

changes as (
    select
        record_type,
        {{ surrogate_key('source_system', 'source_tenant', 'record_source_id') }} as record_key,
        source_id,
        old_value,
        new_value,
        changed_at
    from {{ ref('int_field_changes__unioned') }}
    where
        field_name = 'owner'
        and not is_deleted
        and changed_at < {{ as_of_at() }}
),

numbered as (
    select
        record_type,
        record_key,
        old_value,
        new_value,
        changed_at,
        row_number() over path as change_number,
        lead(changed_at) over path as next_changed_at
    from changes
    window path as (partition by record_type, record_key order by changed_at, source_id)
),

-- Before its first change a record had the old value; what was changed twice in one instant was
-- nobody's between.
final as (
    select
        record_type,
        record_key,
        old_value as owner_source_id,
        cast(null as timestamp) as valid_from_at,
        changed_at as valid_to_at
    from numbered
    where change_number = 1

    union all

    select
        record_type,
        record_key,
        new_value as owner_source_id,
        changed_at as valid_from_at,
        next_changed_at as valid_to_at
    from numbered
)

select * from final
