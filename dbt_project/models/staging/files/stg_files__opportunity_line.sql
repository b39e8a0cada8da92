with

landed as (
    select * from {{ landed('files', 'opportunity_line') }}
),

final as (
    select
        source_tenant,
        source_id,
        opportunity_source_id,
        product_code,
        product_line,
        quantity,
        unit_price_amount,
        line_amount,
        currency_code,
        effective_at,
        is_deleted,
        _file,
        {{ landing_columns() }}
    from landed
)

select * from final
