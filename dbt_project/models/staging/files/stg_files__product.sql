with

landed as (
    select * from {{ landed('files', 'product') }}
),

final as (
    select
        source_tenant,
        source_id,
        product_code,
        name,
        product_line,
        is_active,
        created_at,
        effective_at,
        is_deleted,
        _file,
        {{ landing_columns() }}
    from landed
)

select * from final
