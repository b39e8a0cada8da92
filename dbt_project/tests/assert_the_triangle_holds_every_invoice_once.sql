-- A failing row is a tenant whose triangle and invoices do not add up to the same money.
with

invoiced as (
    select
        tenant,
        sum(net_amount_in_tenant_currency) as amount
    from {{ ref('fct_invoice') }}
    where is_issued and customer_id is not null
    group by tenant
),

cells as (
    select
        tenant,
        sum(invoiced_net_amount) as amount
    from {{ ref('mart_retention_triangle_by_first_invoice_month') }}
    group by tenant
)

select
    invoiced.tenant,
    invoiced.amount,
    cells.amount as triangle_amount
from invoiced
left join cells
    on invoiced.tenant = cells.tenant
where invoiced.amount <> coalesce(cells.amount, 0)
