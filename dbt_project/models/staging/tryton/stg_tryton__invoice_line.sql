with

landed as (
    select * from {{ landed('tryton', 'invoice_line') }}
),

final as (
    select
        _tenant as source_tenant,
        id,
        invoice,
        type,
        origin,
        product,
        quantity,
        unit_price,
        amount,
        created_at,
        modified_at,
        is_deleted,
        {{ landing_columns() }}
    from landed
)

select * from final
