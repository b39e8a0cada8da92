with

landed as (
    select * from {{ landed('tryton', 'sale_line') }}
),

final as (
    select
        _tenant as source_tenant,
        id,
        sale,
        created_at,
        modified_at,
        is_deleted,
        {{ landing_columns() }}
    from landed
)

select * from final
