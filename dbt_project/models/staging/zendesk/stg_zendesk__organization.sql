with

landed as (
    select * from {{ landed('zendesk', 'organization') }}
),

final as (
    select
        _tenant as source_tenant,
        id,
        name,
        external_id,
        domain,
        created_at,
        updated_at,
        deleted_at,
        {{ landing_columns() }}
    from landed
)

select * from final
