{{ conformed_file('field_change') }}
