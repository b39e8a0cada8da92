with

invoices as (
    select
        invoice_key,
        tenant,
        source_id,
        opportunity_reference,
        net_amount,
        gross_amount,
        currency_code
    from {{ ref('fct_invoice') }}
    where is_issued
),

opportunities as (
    select
        opportunity_key,
        tenant,
        source_id
    from {{ ref('fct_opportunity') }}
),

by_reference as (
    select
        invoices.invoice_key,
        opportunities.opportunity_key,
        'metadata_id' as match_rule,
        cast(1 as decimal(9, 6)) as match_confidence
    from invoices
    inner join opportunities
        on
            invoices.tenant = opportunities.tenant
            and invoices.opportunity_reference = opportunities.source_id
),

-- One candidate on either side: with more, money would be guessed at.
by_window as (
    select
        invoice_key,
        opportunity_key,
        'customer_amount_window' as match_rule,
        cast(0.8 as decimal(9, 6)) as match_confidence
    from {{ ref('int_opportunity_invoice_candidates') }}
    where candidate_count = 1 and invoice_count = 1
),

links as (
    select * from by_reference
    union all
    select * from by_window
),

final as (
    select
        invoices.tenant,
        opportunities.source_id as opportunity_source_id,
        invoices.source_id as invoice_source_id,
        opportunities.opportunity_key,
        invoices.invoice_key,
        links.match_rule,
        links.match_confidence,
        invoices.net_amount as invoice_net_amount,
        invoices.gross_amount as invoice_gross_amount,
        invoices.currency_code
    from links
    inner join invoices
        on links.invoice_key = invoices.invoice_key
    inner join opportunities
        on links.opportunity_key = opportunities.opportunity_key
)

select * from final
