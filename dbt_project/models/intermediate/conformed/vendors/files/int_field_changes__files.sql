{{ conformed_file('field_change', [
    'record_type',
    'record_source_id',
    'field_name',
    'old_value',
    'new_value',
    'changed_at',
]) }}
