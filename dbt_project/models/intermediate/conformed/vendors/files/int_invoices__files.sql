with

mapped as (
    {{ conformed_file('invoice', [
        'account_source_id',
        'invoice_number',
        'opportunity_reference',
        'status',
        'issued_at',
        'due_at',
        'net_amount',
        'tax_amount',
        'gross_amount',
        'currency_code',
    ]) | indent(4) }}
),

line_sums as (
    select
        source_tenant,
        invoice_source_id,
        cast(sum(net_amount) as decimal(18, 2)) as net_amount
    from {{ ref('int_invoice_lines__files') }}
    where not is_deleted
    group by
        source_tenant,
        invoice_source_id
),

-- Order lines alone bring invoices without a sum: theirs is that of their lines.
final as (
    select
        mapped.invoice_key,
        mapped.source_system,
        mapped.source_tenant,
        mapped.source_id,
        mapped.account_source_id,
        mapped.invoice_number,
        mapped.opportunity_reference,
        mapped.status,
        mapped.issued_at,
        mapped.due_at,
        coalesce(mapped.net_amount, line_sums.net_amount) as net_amount,
        mapped.tax_amount,
        cast(
            coalesce(
                mapped.gross_amount,
                coalesce(mapped.net_amount, line_sums.net_amount) + mapped.tax_amount
            ) as decimal(18, 2)
        ) as gross_amount,
        mapped.currency_code,
        mapped.effective_at,
        mapped.recorded_at,
        mapped.is_backfilled,
        mapped.is_deleted
    from mapped
    left join line_sums
        on
            mapped.source_tenant = line_sums.source_tenant
            and mapped.source_id = line_sums.invoice_source_id
)

select * from final
