{{ conformed_file('invoice_line', [
    'invoice_source_id',
    'product_source_id',
    'contract_source_id',
    'quantity',
    'net_amount',
    'currency_code',
    'is_proration',
    'period_start_at',
    'period_end_at',
]) }}
