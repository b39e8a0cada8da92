{{ conformed_file('csat_response') }}
