{{ conformed_file('opportunity_line') }}
