{{ conformed_file('credit_note', [
    'invoice_source_id',
    'account_source_id',
    'credit_note_number',
    'status',
    'reason',
    'issued_at',
    'net_amount',
    'tax_amount',
    'gross_amount',
    'currency_code',
]) }}
