{{ conformed_file('payroll_line', [
    'employee_number',
    'pay_date',
    'pay_code',
    'gross_amount',
    'currency_code',
    'document_id',
]) }}
