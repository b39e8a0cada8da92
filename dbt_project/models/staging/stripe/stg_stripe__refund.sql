with

landed as (
    select * from {{ landed('stripe', 'refund') }}
),

final as (
    select
        _tenant as source_tenant,
        id,
        charge,
        payment_intent,
        status,
        upper(currency) as currency_code,
        {{ from_minor_units('amount', 'currency') }} as amount,
        reason,
        {{ from_epoch('created') }} as created_at,
        {{ landing_columns() }}
    from landed
)

select * from final
