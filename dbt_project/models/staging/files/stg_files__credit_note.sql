with

landed as (
    select * from {{ landed('files', 'credit_note') }}
),

final as (
    select
        source_tenant,
        source_id,
        invoice_source_id,
        account_source_id,
        credit_note_number,
        status,
        reason,
        issued_at,
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
