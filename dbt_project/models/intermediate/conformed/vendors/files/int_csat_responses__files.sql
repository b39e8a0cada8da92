{{ conformed_file('csat_response', [
    'ticket_source_id',
    'score',
    'responded_at',
    'created_at',
]) }}
