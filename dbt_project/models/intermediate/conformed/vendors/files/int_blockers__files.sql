{{ conformed_file('blocker', [
    'opportunity_source_id',
    'blocker_code',
    'opened_at',
    'resolved_at',
    'action',
    'owner_source_id',
]) }}
