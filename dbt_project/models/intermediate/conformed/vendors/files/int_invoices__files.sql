{{ conformed_file('invoice', [
    'account_source_id',
    'invoice_number',
    'opportunity_reference',
    'status',
    'issued_at',
    'due_at',
    'net_amount',
    'tax_amount',
    'gross_amount',
    'currency_code',
]) }}
