with

landed as (
    select * from {{ landed('stripe', 'invoice_payment') }}
),

final as (
    select
        _tenant as source_tenant,
        id,
        invoice,
        payment_intent,
        status,
        upper(currency) as currency_code,
        {{ from_minor_units('amount_paid', 'currency') }} as amount,
        {{ from_epoch('paid_at') }} as paid_at,
        {{ from_epoch('created') }} as created_at,
        {{ landing_columns() }}
    from landed
)

select * from final
