{{ conformed_file('refund') }}
