-- Credit without a quota pays nothing until somebody enters one. Everybody else is still paid, so
-- this warns; the statement says `missing_quota`.
{{ config(severity='warn') }}

select
    tenant,
    employee_number,
    period_month,
    credited_amount
from {{ ref('mart_commission_statement') }}
where calculation_status = 'missing_quota' and credited_amount <> 0
