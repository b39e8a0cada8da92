{{ conformed_file('ticket_event') }}
