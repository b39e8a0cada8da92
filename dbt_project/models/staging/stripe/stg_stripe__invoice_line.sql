with

landed as (
    select * from {{ landed('stripe', 'invoice_line') }}
),

final as (
    select
        _tenant as source_tenant,
        id,
        invoice,
        product,
        subscription,
        upper(currency) as currency_code,
        quantity_decimal as quantity,
        {{ from_minor_units(
            '(subtotal - ' ~ json_total('discount_amounts', 'amount') ~ ')', 'currency'
        ) }} as net_amount,
        coalesce(is_period_proration, is_item_proration) as is_proration,
        {{ from_epoch('period_start') }} as period_start_at,
        {{ from_epoch('period_end') }} as period_end_at,
        {{ landing_columns() }}
    from landed
)

select * from final
