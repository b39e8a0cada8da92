with

latest_invoices as (
    select * from {{ latest_known(ref('stg_stripe__invoice'), 'id') }}
),

lines_of_long_invoices as (
    select * from {{ latest_known(ref('stg_stripe__invoice_line'), 'id') }}
),

shown_lines as (
    select
        *,
        {{ json_elements('lines') }} as line
    from latest_invoices
),

described_lines as (
    select
        *,
        {{ json_text('line', 'id') }} as line_id,
        coalesce(
            {{ json_text('line', 'parent.subscription_item_details.proration') }},
            {{ json_text('line', 'parent.invoice_item_details.proration') }}
        ) as is_proration,
        cast({{ json_text('line', 'subtotal') }} as bigint)
        - {{ json_total("json_extract(line, '$.discount_amounts')", 'amount') }} as net_units
    from shown_lines
),

all_lines as (
    select
        false as is_of_long_invoice,
        source_tenant,
        line_id as id,
        id as invoice,
        {{ json_text('line', 'pricing.price_details.product') }} as product,
        {{ json_text('line', 'parent.subscription_item_details.subscription') }} as subscription,
        cast({{ json_text('line', 'quantity_decimal') }} as decimal(18, 2)) as quantity,
        {{ from_minor_units('net_units', 'currency_code') }} as net_amount,
        cast(is_proration as boolean) as is_proration,
        {{ from_epoch("cast(" ~ json_text('line', 'period.start') ~ " as bigint)") }}
            as period_start_at,
        {{ from_epoch("cast(" ~ json_text('line', 'period.end') ~ " as bigint)") }}
            as period_end_at
    from described_lines

    union all

    select
        true as is_of_long_invoice,
        source_tenant,
        id,
        invoice,
        product,
        subscription,
        quantity,
        net_amount,
        is_proration,
        period_start_at,
        period_end_at
    from lines_of_long_invoices
),

-- The lines in the invoice itself, unless it has more of them than it shows.
final as (
    select
        {{ surrogate_key("'stripe'", 'all_lines.source_tenant', 'all_lines.id') }}
            as invoice_line_key,
        'stripe' as source_system,
        all_lines.source_tenant,
        all_lines.id as source_id,
        all_lines.invoice as invoice_source_id,
        all_lines.product as product_source_id,
        all_lines.subscription as contract_source_id,
        all_lines.quantity,
        all_lines.net_amount,
        latest_invoices.currency_code,
        coalesce(all_lines.is_proration, false) as is_proration,
        all_lines.period_start_at,
        all_lines.period_end_at,
        coalesce(latest_invoices.finalized_at, latest_invoices.created_at) as effective_at,
        latest_invoices._recorded_at as recorded_at,
        latest_invoices._is_backfilled as is_backfilled,
        false as is_deleted
    from all_lines
    inner join latest_invoices
        on
            all_lines.source_tenant = latest_invoices.source_tenant
            and all_lines.invoice = latest_invoices.id
            and all_lines.is_of_long_invoice = coalesce(latest_invoices.has_more_lines, false)
)

select * from final
