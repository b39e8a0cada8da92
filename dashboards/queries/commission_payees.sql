-- Everybody with a statement or a commission payroll line; the name is the statement's latest.
with payees as (
    select
        employee_number,
        period_month,
        rep_name
    from mart_commission_statement
    where tenant = $tenant
        and ($all_payees or employee_number = $employee_number)

    union all

    select
        employee_number,
        period_month,
        null as rep_name
    from mart_payroll_reconciliation
    where tenant = $tenant
        and ($all_payees or employee_number = $employee_number)
)

select
    employee_number,
    arg_max(rep_name, period_month) as rep_name
from payees
group by employee_number
order by employee_number
