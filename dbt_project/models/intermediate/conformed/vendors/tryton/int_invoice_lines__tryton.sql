with

latest_lines as (
    select * from {{ latest_known(ref('stg_tryton__invoice_line'), 'id') }}
),

latest_invoices as (
    select * from {{ latest_known(ref('stg_tryton__invoice'), 'id') }}
),

-- Titles, comments and subtotals are lines as well, and those of a credit note are the note's own.
final as (
    select
        {{ surrogate_key("'tryton'", 'latest_lines.source_tenant', 'latest_lines.id') }}
            as invoice_line_key,
        'tryton' as source_system,
        latest_lines.source_tenant,
        latest_lines.id as source_id,
        latest_lines.invoice as invoice_source_id,
        latest_lines.product as product_source_id,
        cast(null as string) as contract_source_id,
        cast(latest_lines.quantity as decimal(18, 2)) as quantity,
        latest_lines.amount as net_amount,
        latest_invoices.currency_code,
        cast(null as boolean) as is_proration,
        cast(null as timestamp) as period_start_at,
        cast(null as timestamp) as period_end_at,
        latest_lines.modified_at as effective_at,
        latest_lines._recorded_at as recorded_at,
        latest_lines._is_backfilled as is_backfilled,
        latest_lines.is_deleted
    from latest_lines
    inner join latest_invoices
        on
            latest_lines.source_tenant = latest_invoices.source_tenant
            and latest_lines.invoice = latest_invoices.id
    where
        latest_lines.type = 'line'
        and latest_invoices.type = 'out'
        and latest_invoices.gross_amount >= 0
)

select * from final
