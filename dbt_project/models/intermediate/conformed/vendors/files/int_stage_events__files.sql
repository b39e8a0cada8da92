{{ conformed_file('stage_event') }}
