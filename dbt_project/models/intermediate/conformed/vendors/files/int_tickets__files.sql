{{ conformed_file('ticket', [
    'account_source_id',
    'status',
    'priority',
    'channel',
    'created_at',
]) }}
