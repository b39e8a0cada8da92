{{ conformed_file('subscription_period', [
    'contract_source_id',
    'product_source_id',
    'quantity',
    'amount',
    'currency_code',
    'period_start_at',
    'period_end_at',
]) }}
