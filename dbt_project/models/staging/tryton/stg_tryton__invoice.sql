with

landed as (
    select * from {{ landed('tryton', 'invoice') }}
),

final as (
    select
        _tenant as source_tenant,
        id,
        number,
        type,
        state,
        party,
        upper(currency_code) as currency_code,
        invoice_date,
        untaxed_amount as net_amount,
        tax_amount,
        total_amount as gross_amount,
        account,
        move,
        cancel_move,
        created_at,
        modified_at,
        is_deleted,
        {{ landing_columns() }}
    from landed
)

select * from final
