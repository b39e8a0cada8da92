with

landed as (
    select * from {{ landed('tryton', 'party') }}
),

final as (
    select
        _tenant as source_tenant,
        id,
        name,
        code,
        website,
        coalesce(lower(active) in ('true', '1'), false) as is_active,
        replaced_by,
        created_at,
        modified_at,
        is_deleted,
        {{ landing_columns() }}
    from landed
)

select * from final
