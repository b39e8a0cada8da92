{{ conformed_file('rep') }}
