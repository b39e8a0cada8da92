select
    employee_number,
    rep_name,
    credited_amount,
    quota_amount,
    attainment_rate,
    rate as commission_rate,
    earning_amount,
    trueup_amount,
    reversal_amount,
    payable_amount,
    currency_code
from mart_commission_statement
where tenant = $tenant
    and period_month = $period_month
    and ($all_payees or employee_number = $employee_number)
order by payable_amount desc nulls last, employee_number
