with

landed as (
    select * from {{ landed('stripe', 'subscription') }}
),

final as (
    select
        _tenant as source_tenant,
        id,
        customer,
        status,
        upper(currency) as currency_code,
        {{ from_epoch('start_date') }} as starts_at,
        {{ from_epoch('cancel_at') }} as cancel_at,
        {{ from_epoch('ended_at') }} as ended_at,
        opportunity_id,
        items,
        {{ from_epoch('created') }} as created_at,
        {{ landing_columns() }}
    from landed
)

select * from final
