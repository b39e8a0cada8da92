{{ conformed_file('journal_line', [
    'journal_entry_source_id',
    'account_code',
    'account_name',
    'account_type',
    'account_source_id',
    'status',
    'entry_date',
    'debit_amount',
    'credit_amount',
    'currency_code',
    'is_reconciled',
]) }}
