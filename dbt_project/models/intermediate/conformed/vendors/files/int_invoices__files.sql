{{ conformed_file('invoice') }}
