{{ conformed_file('opportunity') }}
