{{ conformed_file('ticket_event', [
    'ticket_source_id',
    'event_type',
    'new_value',
    'is_public',
    'actor_role',
    'occurred_at',
]) }}
