{{ conformed_file('account') }}
