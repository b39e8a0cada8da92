{{ conformed_file('payment', [
    'account_source_id',
    'status',
    'amount',
    'currency_code',
    'paid_at',
]) }}
