with

months as (
    select
        tenant,
        month,
        is_partial
    from {{ ref('int_months_of_tenants') }}
),

leads as (
    select
        tenant,
        created_month as month,
        count(*) as created_count
    from {{ ref('fct_lead') }}
    group by
        tenant,
        created_month
),

closed as (
    select
        tenant,
        month,
        won_count,
        lost_count,
        other_type_won_count,
        other_type_lost_count,
        won_amount
    from {{ ref('int_months_closed') }}
),

invoiced as (
    select
        tenant,
        issued_month as month,
        cast(sum(net_amount_in_tenant_currency) as decimal(18, 2)) as net_amount
    from {{ ref('fct_invoice') }}
    where is_issued
    group by
        tenant,
        issued_month
),

paid as (
    select
        tenant,
        paid_month as month,
        cast(sum(amount_in_tenant_currency) as decimal(18, 2)) as amount
    from {{ ref('fct_payment') }}
    where is_succeeded
    group by
        tenant,
        paid_month
),

support as (
    select
        tenant,
        month,
        tickets_created_count,
        csat_response_count,
        csat_positive_count
    from {{ ref('int_months_of_support') }}
),

tenants as (
    select
        tenant,
        currency_code
    from {{ ref('dim_tenant') }}
),

final as (
    select
        months.tenant,
        months.month,
        coalesce(leads.created_count, 0) as leads_created_count,
        coalesce(closed.won_count, 0) as opportunities_won_count,
        coalesce(closed.lost_count, 0) as opportunities_lost_count,
        {{ ratio_rate('closed.won_count', '(closed.won_count + closed.lost_count)') }}
            as win_rate_by_close_month,
        coalesce(closed.other_type_won_count, 0) as other_type_won_count,
        coalesce(closed.other_type_lost_count, 0) as other_type_lost_count,
        closed.won_amount,
        invoiced.net_amount as invoiced_net_amount,
        paid.amount as cash_collected_amount,
        coalesce(support.tickets_created_count, 0) as tickets_created_count,
        coalesce(support.csat_response_count, 0) as csat_response_count,
        {{ ratio_rate('support.csat_positive_count', 'support.csat_response_count') }}
            as csat_positive_rate,
        months.is_partial,
        tenants.currency_code
    from months
    inner join tenants
        on months.tenant = tenants.tenant
    left join leads
        on months.tenant = leads.tenant and months.month = leads.month
    left join closed
        on months.tenant = closed.tenant and months.month = closed.month
    left join invoiced
        on months.tenant = invoiced.tenant and months.month = invoiced.month
    left join paid
        on months.tenant = paid.tenant and months.month = paid.month
    left join support
        on months.tenant = support.tenant and months.month = support.month
)

select * from final
