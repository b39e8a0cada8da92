with

landed as (
    select * from {{ landed('files', 'opportunity_contact') }}
),

final as (
    select
        source_tenant,
        source_id,
        opportunity_source_id,
        contact_source_id,
        contact_role,
        is_primary,
        created_at,
        effective_at,
        is_deleted,
        _file,
        {{ landing_columns() }}
    from landed
)

select * from final
