with

landed as (
    select * from {{ landed('files', 'invoice') }}
),

final as (
    select
        source_tenant,
        source_id,
        account_source_id,
        invoice_number,
        opportunity_reference,
        status,
        issued_at,
        due_at,
        net_amount,
        tax_amount,
        gross_amount,
        currency_code,
        effective_at,
        is_deleted,
        _file,
        {{ landing_columns() }}
    from landed
)

select * from final
