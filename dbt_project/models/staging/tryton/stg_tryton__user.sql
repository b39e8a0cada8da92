with

landed as (
    select * from {{ landed('tryton', 'user') }}
),

final as (
    select
        _tenant as source_tenant,
        id,
        employee,
        coalesce(lower(active) in ('true', '1'), false) as is_active,
        created_at,
        modified_at,
        is_deleted,
        {{ landing_columns() }}
    from landed
)

select * from final
