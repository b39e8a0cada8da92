with

payment_lines as (
    select * from {{ ref('int_tryton_payment_lines') }}
),

-- The first cash of the invoice that was credited is what is given back.
first_receipts as (
    select
        source_tenant,
        invoice,
        min(cast(move as bigint)) as move
    from payment_lines
    where amount > 0 and not is_deleted
    group by
        source_tenant,
        invoice
),

final as (
    select
        {{ surrogate_key("'tryton'", 'refunds.source_tenant', 'refunds.id') }} as refund_key,
        'tryton' as source_system,
        refunds.source_tenant,
        refunds.id as source_id,
        coalesce(cast(first_receipts.move as string), 'none') as payment_source_id,
        'succeeded' as status,
        cast(-refunds.amount as decimal(18, 2)) as amount,
        refunds.currency_code,
        refunds.paid_at as refunded_at,
        'credit_note' as reason,
        refunds.modified_at as effective_at,
        refunds._recorded_at as recorded_at,
        refunds._is_backfilled as is_backfilled,
        refunds.is_deleted
    from payment_lines as refunds
    left join first_receipts
        on
            refunds.source_tenant = first_receipts.source_tenant
            and refunds.invoice = first_receipts.invoice
    where refunds.amount < 0
)

select * from final
