with

landed as (
    select * from {{ landed('files', 'field_change') }}
),

final as (
    select
        source_tenant,
        source_id,
        record_type,
        record_source_id,
        field_name,
        old_value,
        new_value,
        changed_at,
        effective_at,
        is_deleted,
        _file,
        {{ landing_columns() }}
    from landed
)

select * from final
