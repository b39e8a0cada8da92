with

landed as (
    select * from {{ landed('salesforce', 'opportunity_line_item') }}
),

final as (
    select
        _tenant as source_tenant,
        id,
        opportunity_id,
        product_code,
        product_family,
        quantity,
        unit_price,
        total_price,
        upper(currency_iso_code) as currency_code,
        created_date as created_at,
        system_modstamp as modified_at,
        is_deleted,
        {{ landing_columns() }}
    from landed
)

select * from final
