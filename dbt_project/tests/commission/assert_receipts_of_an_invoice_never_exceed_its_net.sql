-- Over-payment clamps at the invoice: the net shares of its receipts never add up to more.
with

receipts as (
    select
        tenant,
        invoice_source_id,
        sum(net_amount) as net_received_amount
    from {{ ref('fct_payment_allocation') }}
    where net_amount is not null
    group by tenant, invoice_source_id
),

invoices as (
    select
        source_tenant as tenant,
        source_id,
        net_amount
    from {{ ref('int_invoices__unioned') }}
)

select
    receipts.tenant,
    receipts.invoice_source_id,
    receipts.net_received_amount,
    invoices.net_amount
from receipts
inner join invoices
    on receipts.tenant = invoices.tenant and receipts.invoice_source_id = invoices.source_id
where receipts.net_received_amount > invoices.net_amount
