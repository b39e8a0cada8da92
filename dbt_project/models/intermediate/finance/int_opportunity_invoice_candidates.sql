with

invoices as (
    select
        invoice_key,
        tenant,
        crm_account_source_id,
        opportunity_reference,
        net_amount,
        currency_code,
        issued_date
    from {{ ref('fct_invoice') }}
    where is_issued
),

opportunities as (
    select
        opportunity_key,
        tenant,
        source_id,
        account_source_id,
        amount,
        currency_code,
        closed_date,
        is_won
    from {{ ref('fct_opportunity') }}
),

referenced as (
    select
        tenant,
        opportunity_reference
    from invoices
    where opportunity_reference is not null
    group by
        tenant,
        opportunity_reference
),

free_opportunities as (
    select
        opportunities.opportunity_key,
        opportunities.tenant,
        opportunities.account_source_id,
        opportunities.amount,
        opportunities.currency_code,
        opportunities.closed_date
    from opportunities
    left join referenced
        on
            opportunities.tenant = referenced.tenant
            and opportunities.source_id = referenced.opportunity_reference
    where opportunities.is_won and referenced.tenant is null
),

candidates as (
    select
        invoices.invoice_key,
        free_opportunities.opportunity_key
    from invoices
    inner join free_opportunities
        on
            invoices.tenant = free_opportunities.tenant
            and invoices.crm_account_source_id = free_opportunities.account_source_id
            and invoices.currency_code = free_opportunities.currency_code
            and invoices.net_amount = free_opportunities.amount
            and invoices.issued_date >= free_opportunities.closed_date
            and invoices.issued_date <= {{ add_days('free_opportunities.closed_date', 60) }}
    where invoices.opportunity_reference is null
),

final as (
    select
        invoice_key,
        opportunity_key,
        count(*) over (partition by invoice_key) as candidate_count,
        count(*) over (partition by opportunity_key) as invoice_count
    from candidates
)

select * from final
