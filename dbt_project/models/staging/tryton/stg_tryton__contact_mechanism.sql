with

landed as (
    select * from {{ landed('tryton', 'contact_mechanism') }}
),

final as (
    select
        _tenant as source_tenant,
        id,
        party,
        type,
        email_domain,
        coalesce(lower(active) in ('true', '1'), false) as is_active,
        created_at,
        modified_at,
        is_deleted,
        {{ landing_columns() }}
    from landed
)

select * from final
