{{ conformed_file('payment_application') }}
