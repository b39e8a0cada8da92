-- Every line stands on a statement, and a statement pays exactly its lines.
with

lines as (
    select
        tenant,
        employee_number,
        period_month,
        sum(line_amount) as lines_amount
    from {{ ref('mart_commission_statement_line') }}
    group by tenant, employee_number, period_month
),

statements as (
    select
        tenant,
        employee_number,
        period_month,
        payable_amount,
        calculation_status
    from {{ ref('mart_commission_statement') }}
)

select
    coalesce(statements.tenant, lines.tenant) as tenant,
    coalesce(statements.employee_number, lines.employee_number) as employee_number,
    coalesce(statements.period_month, lines.period_month) as period_month,
    statements.payable_amount,
    lines.lines_amount
from statements
full outer join lines
    on
        statements.tenant = lines.tenant
        and statements.employee_number = lines.employee_number
        and statements.period_month = lines.period_month
where
    statements.tenant is null
    or coalesce(lines.lines_amount, 0) <> statements.payable_amount
