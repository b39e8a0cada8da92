with

landed as (
    select * from {{ landed('tryton', 'sale') }}
),

final as (
    select
        _tenant as source_tenant,
        id,
        number,
        party,
        origin,
        state,
        untaxed_amount as net_amount,
        currency_code,
        created_at,
        modified_at,
        is_deleted,
        {{ landing_columns() }}
    from landed
)

select * from final
