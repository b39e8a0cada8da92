with

landed as (
    select * from {{ landed('stripe', 'product') }}
),

final as (
    select
        _tenant as source_tenant,
        id,
        name,
        active as is_active,
        code,
        family,
        {{ from_epoch('updated') }} as updated_at,
        {{ from_epoch('created') }} as created_at,
        {{ landing_columns() }}
    from landed
)

select * from final
