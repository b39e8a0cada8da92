with

landed as (
    select * from {{ landed('zendesk', 'user') }}
),

final as (
    select
        _tenant as source_tenant,
        id,
        email_domain,
        role,
        organization_id,
        active as is_active,
        created_at,
        updated_at,
        {{ landing_columns() }}
    from landed
)

select * from final
