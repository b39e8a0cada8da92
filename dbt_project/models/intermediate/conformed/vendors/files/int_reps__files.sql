{{ conformed_file('rep', [
    'name',
    'employee_number',
    'team',
    'region',
    'role',
    'manager_source_id',
    'is_active',
    'hired_on',
    'ended_on',
]) }}
