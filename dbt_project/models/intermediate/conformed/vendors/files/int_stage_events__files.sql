{{ conformed_file('stage_event', [
    'record_type',
    'record_source_id',
    'stage_name',
    'entered_at',
    'amount',
    'currency_code',
    'close_date',
    'changed_by_source_id',
]) }}
