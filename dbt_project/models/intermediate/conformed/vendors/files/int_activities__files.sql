{{ conformed_file('activity', [
    'opportunity_source_id',
    'account_source_id',
    'lead_source_id',
    'owner_source_id',
    'activity_type',
    'occurred_at',
    'duration_minutes',
    'is_completed',
    'due_date',
    'reminder_at',
]) }}
