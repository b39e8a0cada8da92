{{ conformed_file('activity') }}
