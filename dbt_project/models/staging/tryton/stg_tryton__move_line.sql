with

landed as (
    select * from {{ landed('tryton', 'move_line') }}
),

final as (
    select
        _tenant as source_tenant,
        id,
        move,
        account,
        party,
        date as line_date,
        maturity_date,
        debit,
        credit,
        upper(currency_code) as currency_code,
        amount_second_currency,
        upper(second_currency_code) as second_currency_code,
        reconciliation,
        invoice_payment,
        description,
        created_at,
        modified_at,
        is_deleted,
        {{ landing_columns() }}
    from landed
)

select * from final
