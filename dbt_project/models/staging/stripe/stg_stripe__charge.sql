with

landed as (
    select * from {{ landed('stripe', 'charge') }}
),

final as (
    select
        _tenant as source_tenant,
        id,
        customer,
        payment_intent,
        status,
        upper(currency) as currency_code,
        {{ from_minor_units('amount', 'currency') }} as amount,
        {{ from_epoch('created') }} as created_at,
        {{ landing_columns() }}
    from landed
)

select * from final
