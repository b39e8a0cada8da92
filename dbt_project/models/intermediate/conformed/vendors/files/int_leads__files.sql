{{ conformed_file('lead') }}
