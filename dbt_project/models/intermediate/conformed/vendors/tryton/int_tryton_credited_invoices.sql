with

latest_lines as (
    select * from {{ latest_known(ref('stg_tryton__invoice_line'), 'id') }}
),

-- What a credit note credits: the invoice that its lines point to.
final as (
    select
        credits.source_tenant,
        credits.invoice as credit_note,
        min(credited.invoice) as invoice
    from latest_lines as credits
    inner join latest_lines as credited
        on
            credits.source_tenant = credited.source_tenant
            and credits.origin = 'account.invoice.line,' || credited.id
    group by
        credits.source_tenant,
        credits.invoice
)

select * from final
