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
-- What differs comes first, the largest difference at the top; then what is still to be paid.
order by
    case state when 'matched' then 2 when 'pending' then 1 else 0 end,
    abs(difference_amount) desc nulls last,
    employee_number,
    currency_code
