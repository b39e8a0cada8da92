with

landed as (
    select * from {{ landed('files', 'journal_line') }}
),

final as (
    select
        source_tenant,
        source_id,
        journal_entry_source_id,
        account_code,
        account_name,
        account_type,
        account_source_id,
        status,
        entry_date,
        debit_amount,
        credit_amount,
        currency_code,
        is_reconciled,
        effective_at,
        is_deleted,
        _file,
        {{ landing_columns() }}
    from landed
)

select * from final
