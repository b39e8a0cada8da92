with

changes as (
    select
        record_type,
        field_name,
        {{ surrogate_key('source_system', 'source_tenant', 'record_source_id') }} as record_key,
        source_id,
        old_value,
        new_value,
        changed_at
    from {{ ref('int_field_changes__unioned') }}
    where
        field_name in (
            'owner',
            'customer_committed_at',
            'discovery_completed_at',
            'proposal_sent_at',
            'contract_signed_at'
        )
        and not is_deleted
        and changed_at < {{ as_of_at() }}
),

numbered as (
    select
        record_type,
        field_name,
        record_key,
        old_value,
        new_value,
        changed_at,
        row_number() over path as change_number,
        lead(changed_at) over path as next_changed_at
    from changes
    window path as (
        partition by record_type, record_key, field_name order by changed_at, source_id
    )
),

-- Before its first change a field had the old value; what was changed twice in one instant had
-- none between.
final as (
    select
        record_type,
        field_name,
        record_key,
        old_value as value,
        cast(null as timestamp) as valid_from_at,
        changed_at as valid_to_at
    from numbered
    where change_number = 1

    union all

    select
        record_type,
        field_name,
        record_key,
        new_value as value,
        changed_at as valid_from_at,
        next_changed_at as valid_to_at
    from numbered
)

select * from final
