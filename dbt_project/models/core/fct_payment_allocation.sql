with

parts as (
    select
        payment_key,
        tenant,
        payment_source_id,
        invoice_key,
        invoice_source_id,
        paid_at,
        paid_date,
        payment_amount,
        gross_amount,
        currency_code,
        last_applied_at
    from {{ ref('int_payment_parts') }}
),

invoices as (
    select
        invoice_key,
        net_amount,
        gross_amount,
        opportunity_key,
        opportunity_source_id,
        unlinked_reason
    from {{ ref('int_invoice_links') }}
),

refund_totals as (
    select
        payment_key,
        cast(sum(amount) as decimal(18, 2)) as refund_amount
    from {{ ref('fct_refund') }}
    where is_succeeded
    group by payment_key
),

accumulated as (
    select
        parts.*,
        invoices.invoice_key is not null as is_invoice_known,
        invoices.net_amount as invoice_net_amount,
        invoices.gross_amount as invoice_gross_amount,
        invoices.opportunity_key,
        invoices.opportunity_source_id,
        invoices.unlinked_reason,
        coalesce(refund_totals.refund_amount, 0) as refund_amount,
        sum(parts.gross_amount) over (
            partition by parts.invoice_key
            order by parts.paid_at, parts.payment_source_id
            rows between unbounded preceding and current row
        ) as invoice_cumulative_amount,
        sum(parts.gross_amount) over (
            partition by parts.payment_key
            order by parts.invoice_source_id nulls last
            rows between unbounded preceding and current row
        ) as payment_cumulative_amount
    from parts
    left join invoices
        on parts.invoice_key = invoices.invoice_key
    left join refund_totals
        on parts.payment_key = refund_totals.payment_key
),

-- What an invoice is paid beyond its gross amount has no net share left.
shares as (
    select
        *,
        {{ rd_ratio(
            'least(invoice_cumulative_amount, invoice_gross_amount)',
            'invoice_net_amount', 'invoice_gross_amount'
        ) }} as cumulative_net_amount,
        {{ rd_ratio(
            'least(invoice_cumulative_amount - gross_amount, invoice_gross_amount)',
            'invoice_net_amount', 'invoice_gross_amount'
        ) }} as previous_net_amount,
        {{ rd_ratio('refund_amount', 'payment_cumulative_amount', 'payment_amount') }}
            as cumulative_refund_amount,
        {{ rd_ratio(
            'refund_amount', '(payment_cumulative_amount - gross_amount)', 'payment_amount'
        ) }} as previous_refund_amount
    from accumulated
),

final as (
    select
        tenant,
        payment_source_id,
        invoice_source_id,
        opportunity_source_id,
        payment_key,
        invoice_key,
        opportunity_key,
        paid_at,
        paid_date,
        gross_amount,
        currency_code,
        case
            when is_invoice_known
                then cast(cumulative_net_amount - previous_net_amount as decimal(18, 2))
        end as net_amount,
        case
            when invoice_source_id is null then 'unapplied_cash'
            when not is_invoice_known then 'unknown_invoice'
            else unlinked_reason
        end as unlinked_reason,
        cast(cumulative_refund_amount - previous_refund_amount as decimal(18, 2))
            as refunded_gross_amount,
        last_applied_at
    from shares
)

select * from final
