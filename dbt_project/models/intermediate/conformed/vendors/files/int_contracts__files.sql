{{ conformed_file('contract', [
    'account_source_id',
    'opportunity_reference',
    'contract_number',
    'status',
    'owner_source_id',
    'signed_at',
    'starts_at',
    'ends_at',
    'currency_code',
    'created_at',
]) }}
