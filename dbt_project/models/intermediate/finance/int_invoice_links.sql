with

invoices as (
    select
        invoice_key,
        opportunity_reference,
        net_amount,
        gross_amount,
        is_issued
    from {{ ref('fct_invoice') }}
),

links as (
    select
        invoice_key,
        opportunity_key,
        opportunity_source_id
    from {{ ref('bridge_opportunity_invoice') }}
),

candidates as (
    select invoice_key
    from {{ ref('int_opportunity_invoice_candidates') }}
    group by invoice_key
),

final as (
    select
        invoices.invoice_key,
        invoices.net_amount,
        invoices.gross_amount,
        links.opportunity_key,
        links.opportunity_source_id,
        case
            when not invoices.is_issued then 'invoice_void_or_draft'
            when links.opportunity_key is not null then null
            when invoices.opportunity_reference is not null then 'unknown_opportunity_reference'
            when candidates.invoice_key is not null then 'ambiguous_match'
            else 'no_opportunity_reference'
        end as unlinked_reason
    from invoices
    left join links
        on invoices.invoice_key = links.invoice_key
    left join candidates
        on invoices.invoice_key = candidates.invoice_key
)

select * from final
