{{ conformed_file('opportunity_contact', [
    'opportunity_source_id',
    'contact_source_id',
    'contact_role',
    'is_primary',
    'created_at',
]) }}
