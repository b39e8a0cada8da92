{{ conformed_file('payroll_line') }}
