{{ conformed_file('refund', [
    'payment_source_id',
    'status',
    'amount',
    'currency_code',
    'refunded_at',
    'reason',
]) }}
