{{ conformed_file('opportunity_contact') }}
