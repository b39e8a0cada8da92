{{ conformed_file('account', [
    'account_role',
    'name',
    'external_reference',
    'domain',
    'parent_source_id',
    'industry',
    'region',
    'owner_source_id',
    'currency_code',
    'created_at',
]) }}
