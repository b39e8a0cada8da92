{{ conformed_file('lead', [
    'company_name',
    'lead_source',
    'status',
    'owner_source_id',
    'created_at',
    'converted_at',
    'converted_account_source_id',
    'converted_opportunity_source_id',
]) }}
