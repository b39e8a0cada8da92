with

latest_move_lines as (
    select * from {{ latest_known(ref('stg_tryton__move_line'), 'id') }}
),

latest_invoices as (
    select * from {{ latest_known(ref('stg_tryton__invoice'), 'id') }}
),

credited_invoices as (
    select * from {{ ref('int_tryton_credited_invoices') }}
),

-- The posting of an invoice or a credit note is no cash, even where it settles another invoice.
postings as (
    select
        source_tenant,
        move
    from latest_invoices
    where move is not null
    group by
        source_tenant,
        move
),

final as (
    select
        payments.source_tenant,
        payments.id,
        payments.move,
        coalesce(credited_invoices.invoice, invoices.id) as invoice,
        invoices.party,
        coalesce(payments.second_currency_code, payments.currency_code) as currency_code,
        cast(
            case
                when payments.second_currency_code is null then payments.credit - payments.debit
                else -payments.amount_second_currency
            end as decimal(18, 2)
        ) as amount,
        cast(payments.line_date as timestamp) as paid_at,
        payments.modified_at,
        payments._recorded_at,
        payments._is_backfilled,
        payments.is_deleted
    from latest_move_lines as payments
    inner join latest_invoices as invoices
        on
            payments.source_tenant = invoices.source_tenant
            and payments.invoice_payment = invoices.id
    left join credited_invoices
        on
            payments.source_tenant = credited_invoices.source_tenant
            and payments.invoice_payment = credited_invoices.credit_note
    left join postings
        on
            payments.source_tenant = postings.source_tenant
            and payments.move = postings.move
    where invoices.type = 'out' and postings.move is null
)

select * from final
