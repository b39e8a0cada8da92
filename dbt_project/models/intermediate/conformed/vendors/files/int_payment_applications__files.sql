{{ conformed_file('payment_application', [
    'payment_source_id',
    'invoice_source_id',
    'amount',
    'currency_code',
    'applied_at',
]) }}
