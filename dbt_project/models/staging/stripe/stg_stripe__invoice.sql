with

landed as (
    select * from {{ landed('stripe', 'invoice') }}
),

final as (
    select
        _tenant as source_tenant,
        id,
        customer,
        number,
        status,
        upper(currency) as currency_code,
        {{ from_minor_units('total_excluding_tax', 'currency') }} as net_amount,
        {{ from_minor_units('(total - total_excluding_tax)', 'currency') }} as tax_amount,
        {{ from_minor_units('total', 'currency') }} as gross_amount,
        {{ from_epoch('due_date') }} as due_at,
        {{ from_epoch('finalized_at') }} as finalized_at,
        {{ from_epoch('voided_at') }} as voided_at,
        opportunity_id,
        lines,
        has_more_lines,
        {{ from_epoch('created') }} as created_at,
        {{ landing_columns() }}
    from landed
)

select * from final
