with

landed as (
    select * from {{ landed('tryton', 'opportunity_line') }}
),

final as (
    select
        _tenant as source_tenant,
        id,
        opportunity,
        product,
        cast(quantity as decimal(18, 2)) as quantity,
        created_at,
        modified_at,
        is_deleted,
        {{ landing_columns() }}
    from landed
)

select * from final
