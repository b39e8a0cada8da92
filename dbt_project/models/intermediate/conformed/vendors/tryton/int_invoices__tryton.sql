with

latest_invoices as (
    select * from {{ latest_known(ref('stg_tryton__invoice'), 'id') }}
),

latest_lines as (
    select * from {{ latest_known(ref('stg_tryton__invoice_line'), 'id') }}
),

latest_sale_lines as (
    select * from {{ latest_known(ref('stg_tryton__sale_line'), 'id') }}
),

latest_sales as (
    select * from {{ latest_known(ref('stg_tryton__sale'), 'id') }}
),

latest_move_lines as (
    select * from {{ latest_known(ref('stg_tryton__move_line'), 'id') }}
),

-- From an invoice's line to the line sold, its sale, and the deal that the sale came from.
deals as (
    select
        latest_lines.source_tenant,
        latest_lines.invoice,
        min(split_part(latest_sales.origin, ',', 2)) as opportunity_id
    from latest_lines
    inner join latest_sale_lines
        on
            latest_lines.source_tenant = latest_sale_lines.source_tenant
            and latest_lines.origin = 'sale.line,' || latest_sale_lines.id
    inner join latest_sales
        on
            latest_sale_lines.source_tenant = latest_sales.source_tenant
            and latest_sale_lines.sale = latest_sales.id
    where latest_sales.origin like 'sale.opportunity,%'
    group by
        latest_lines.source_tenant,
        latest_lines.invoice
),

-- Paid by instalments, it is due with the last.
due_dates as (
    select
        source_tenant,
        move,
        max(maturity_date) as due_date
    from latest_move_lines
    group by
        source_tenant,
        move
),

-- A credit note is a customer's invoice below zero: it lowers no revenue here and is no invoice.
final as (
    select
        {{ surrogate_key("'tryton'", 'latest_invoices.source_tenant', 'latest_invoices.id') }}
            as invoice_key,
        'tryton' as source_system,
        latest_invoices.source_tenant,
        latest_invoices.id as source_id,
        'finance-' || latest_invoices.party as account_source_id,
        latest_invoices.number as invoice_number,
        deals.opportunity_id as opportunity_reference,
        case latest_invoices.state
            when 'validated' then 'draft'
            when 'posted' then 'open'
            when 'cancelled' then 'void'
            else latest_invoices.state
        end as status,
        case
            when latest_invoices.state in ('posted', 'paid', 'cancelled')
                then cast(latest_invoices.invoice_date as timestamp)
        end as issued_at,
        cast(due_dates.due_date as timestamp) as due_at,
        latest_invoices.net_amount,
        latest_invoices.tax_amount,
        latest_invoices.gross_amount,
        latest_invoices.currency_code,
        latest_invoices.modified_at as effective_at,
        latest_invoices._recorded_at as recorded_at,
        latest_invoices._is_backfilled as is_backfilled,
        latest_invoices.is_deleted
    from latest_invoices
    left join deals
        on
            latest_invoices.source_tenant = deals.source_tenant
            and latest_invoices.id = deals.invoice
    left join due_dates
        on
            latest_invoices.source_tenant = due_dates.source_tenant
            and latest_invoices.move = due_dates.move
    where latest_invoices.type = 'out' and latest_invoices.gross_amount >= 0
)

select * from final
