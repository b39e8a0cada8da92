-- What a plan asks for and the models do not do is refused by name, never paid as something else.
select
    plan_id,
    component_id,
    calculation_status,
    min(period_month) as first_period_month,
    count(*) as payee_period_count
from {{ ref('int_commission_quota') }}
where is_assigned and calculation_status not in ('calculated', 'missing_quota')
group by plan_id, component_id, calculation_status
