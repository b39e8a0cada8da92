{{ conformed_file('quote', [
    'opportunity_source_id',
    'account_source_id',
    'quote_number',
    'status',
    'is_primary',
    'net_amount',
    'currency_code',
    'expires_on',
    'created_at',
]) }}
