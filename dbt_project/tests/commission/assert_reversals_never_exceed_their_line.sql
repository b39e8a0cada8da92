-- Refunds take back at most the line, and never push it past zero.
with

lines as (
    select
        tenant,
        employee_number,
        credit_id,
        line_type,
        sum(case when is_reversal then 0 else line_amount end) as original_amount,
        sum(line_amount) as remaining_amount,
        sum(case when is_reversal then 0 else 1 end) as original_count
    from {{ ref('mart_commission_statement_line') }}
    group by tenant, employee_number, credit_id, line_type
)

select
    tenant,
    employee_number,
    credit_id,
    line_type,
    original_amount,
    remaining_amount
from lines
where
    original_count <> 1
    or abs(remaining_amount) > abs(original_amount)
    or sign(remaining_amount) = -sign(original_amount) and original_amount <> 0
