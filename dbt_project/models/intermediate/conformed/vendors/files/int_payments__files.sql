{{ conformed_file('payment') }}
