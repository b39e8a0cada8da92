with

landed as (
    select * from {{ landed('files', 'payment_application') }}
),

final as (
    select
        source_tenant,
        source_id,
        payment_source_id,
        invoice_source_id,
        amount,
        currency_code,
        applied_at,
        effective_at,
        is_deleted,
        _file,
        {{ landing_columns() }}
    from landed
)

select * from final
