with

landed as (
    select * from {{ landed('tryton', 'payment') }}
),

final as (
    select
        _tenant as source_tenant,
        id,
        kind,
        state,
        party,
        line,
        date as payment_date,
        amount,
        upper(currency_code) as currency_code,
        created_at,
        modified_at,
        is_deleted,
        {{ landing_columns() }}
    from landed
)

select * from final
