with

landed as (
    select * from {{ landed('salesforce', 'product') }}
),

final as (
    select
        _tenant as source_tenant,
        id,
        name,
        product_code,
        family,
        is_active,
        created_date as created_at,
        system_modstamp as modified_at,
        is_deleted,
        {{ landing_columns() }}
    from landed
)

select * from final
