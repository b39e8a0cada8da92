with

landed as (
    select * from {{ landed('files', 'invoice_line') }}
),

final as (
    select
        source_tenant,
        source_id,
        invoice_source_id,
        product_source_id,
        contract_source_id,
        quantity,
        net_amount,
        currency_code,
        is_proration,
        period_start_at,
        period_end_at,
        effective_at,
        is_deleted,
        _file,
        {{ landing_columns() }}
    from landed
)

select * from final
