with

latest_invoices as (
    select * from {{ latest_known(ref('stg_tryton__invoice'), 'id') }}
),

credited_invoices as (
    select * from {{ ref('int_tryton_credited_invoices') }}
),

-- A customer's invoice below zero; int_invoices__tryton leaves it out.
final as (
    select
        {{ surrogate_key("'tryton'", 'latest_invoices.source_tenant', 'latest_invoices.id') }}
            as credit_note_key,
        'tryton' as source_system,
        latest_invoices.source_tenant,
        latest_invoices.id as source_id,
        credited_invoices.invoice as invoice_source_id,
        'finance-' || latest_invoices.party as account_source_id,
        latest_invoices.number as credit_note_number,
        case latest_invoices.state
            when 'draft' then 'draft'
            when 'validated' then 'draft'
            when 'cancelled' then 'void'
            else 'issued'
        end as status,
        cast(null as string) as reason,
        case
            when latest_invoices.state in ('posted', 'paid', 'cancelled')
                then cast(latest_invoices.invoice_date as timestamp)
        end as issued_at,
        cast(-latest_invoices.net_amount as decimal(18, 2)) as net_amount,
        cast(-latest_invoices.tax_amount as decimal(18, 2)) as tax_amount,
        cast(-latest_invoices.gross_amount as decimal(18, 2)) as gross_amount,
        latest_invoices.currency_code,
        latest_invoices.modified_at as effective_at,
        latest_invoices._recorded_at as recorded_at,
        latest_invoices._is_backfilled as is_backfilled,
        latest_invoices.is_deleted
    from latest_invoices
    left join credited_invoices
        on
            latest_invoices.source_tenant = credited_invoices.source_tenant
            and latest_invoices.id = credited_invoices.credit_note
    where latest_invoices.type = 'out' and latest_invoices.gross_amount < 0
)

select * from final
