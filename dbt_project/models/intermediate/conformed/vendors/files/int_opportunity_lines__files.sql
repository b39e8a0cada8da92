{{ conformed_file('opportunity_line', [
    'opportunity_source_id',
    'product_code',
    'product_line',
    'quantity',
    'unit_price_amount',
    'line_amount',
    'currency_code',
]) }}
