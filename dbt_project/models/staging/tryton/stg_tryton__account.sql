with

landed as (
    select * from {{ landed('tryton', 'account') }}
),

final as (
    select
        _tenant as source_tenant,
        id,
        code,
        name,
        type,
        coalesce(lower(is_receivable) in ('true', '1'), false) as is_receivable,
        created_at,
        modified_at,
        is_deleted,
        {{ landing_columns() }}
    from landed
)

select * from final
