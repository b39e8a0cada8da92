{{ conformed_file('ticket') }}
