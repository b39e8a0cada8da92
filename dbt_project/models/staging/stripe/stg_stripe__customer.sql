with

landed as (
    select * from {{ landed('stripe', 'customer') }}
),

final as (
    select
        _tenant as source_tenant,
        id,
        name,
        upper(currency) as currency_code,
        crm_account_id,
        domain,
        {{ from_epoch('created') }} as created_at,
        {{ landing_columns() }}
    from landed
)

select * from final
