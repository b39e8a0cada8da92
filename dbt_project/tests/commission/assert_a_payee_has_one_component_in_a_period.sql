-- Statements have one attainment and one rate: two plans or two components at once are refused.
with

terms as (
    select
        tenant,
        employee_number,
        period_month,
        plan_id,
        component_id
    from {{ ref('int_commission_quota') }}
    where is_assigned
    union
    select
        tenant,
        employee_number,
        period_month,
        plan_id,
        component_id
    from {{ ref('int_commission_lines') }}
    where not is_reversal
)

select
    tenant,
    employee_number,
    period_month,
    count(*) as component_count,
    min(plan_id) as first_plan_id,
    max(plan_id) as last_plan_id
from terms
group by tenant, employee_number, period_month
having count(*) > 1
