select
    employee_number,
    currency_code,
    statement_amount,
    payroll_amount,
    difference_amount,
    state
from mart_payroll_reconciliation
where tenant = $tenant
    and period_month = $period_month
    and ($all_payees or employee_number = $employee_number)
order by state, employee_number
