{{ conformed_file('contact', [
    'account_source_id',
    'email_domain',
    'job_title',
    'department',
    'owner_source_id',
    'is_active',
    'created_at',
]) }}
