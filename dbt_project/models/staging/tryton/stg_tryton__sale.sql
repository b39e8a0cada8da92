with

landed as (
    select * from {{ landed('tryton', 'sale') }}
),

final as (
    select
        _tenant as source_tenant,
        id,
        origin,
        state,
        created_at,
        modified_at,
        is_deleted,
        {{ landing_columns() }}
    from landed
)

select * from final
