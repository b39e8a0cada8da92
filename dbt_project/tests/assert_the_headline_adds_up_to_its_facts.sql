-- A failing row is a tenant of which something happened in no month, or in two.
with

headline as (
    select
        tenant,
        sum(leads_created_count) as lead_count,
        sum(opportunities_won_count + other_type_won_count) as won_count,
        sum(invoiced_net_amount) as invoiced_amount,
        sum(cash_collected_amount) as cash_amount
    from {{ ref('mart_headline_by_month') }}
    group by tenant
),

leads as (
    select
        tenant,
        count(*) as lead_count
    from {{ ref('fct_lead') }}
    group by tenant
),

won as (
    select
        tenant,
        count(*) as won_count
    from {{ ref('fct_opportunity') }}
    where is_won and is_closed and closed_at < {{ as_of_at() }}
    group by tenant
),

invoiced as (
    select
        tenant,
        sum(net_amount_in_tenant_currency) as invoiced_amount
    from {{ ref('fct_invoice') }}
    where is_issued
    group by tenant
),

paid as (
    select
        tenant,
        sum(amount_in_tenant_currency) as cash_amount
    from {{ ref('fct_payment') }}
    where is_succeeded
    group by tenant
)

select headline.tenant
from headline
left join leads
    on headline.tenant = leads.tenant
left join won
    on headline.tenant = won.tenant
left join invoiced
    on headline.tenant = invoiced.tenant
left join paid
    on headline.tenant = paid.tenant
where
    headline.lead_count <> coalesce(leads.lead_count, 0)
    or headline.won_count <> coalesce(won.won_count, 0)
    or coalesce(headline.invoiced_amount, 0) <> coalesce(invoiced.invoiced_amount, 0)
    or coalesce(headline.cash_amount, 0) <> coalesce(paid.cash_amount, 0)
