with

landed as (
    select * from {{ landed('stripe', 'credit_note') }}
),

final as (
    select
        _tenant as source_tenant,
        id,
        customer,
        invoice,
        number,
        status,
        reason,
        upper(currency) as currency_code,
        {{ from_minor_units('total_excluding_tax', 'currency') }} as net_amount,
        {{ from_minor_units('(total - total_excluding_tax)', 'currency') }} as tax_amount,
        {{ from_minor_units('total', 'currency') }} as gross_amount,
        {{ from_epoch('issued_at') }} as issued_at,
        {{ from_epoch('voided_at') }} as voided_at,
        {{ from_epoch('created') }} as created_at,
        {{ landing_columns() }}
    from landed
)

select * from final
