select distinct period_month
from mart_commission_statement
where tenant = $tenant
    and ($all_payees or employee_number = $employee_number)
order by period_month desc
