-- Whatever the receipts and their order, a month earns its rate on its whole credit, to the cent.
with

lines as (
    select
        tenant,
        employee_number,
        plan_id,
        period_month,
        sum(line_amount) as lines_amount,
        sum(case when line_type = 'earning' then commissionable_amount end) as credited_amount
    from {{ ref('mart_commission_statement_line') }}
    where not is_reversal
    group by tenant, employee_number, plan_id, period_month
),

attainment as (
    select
        tenant,
        employee_number,
        plan_id,
        period_month,
        credited_amount,
        rate
    from {{ ref('int_commission_attainment') }}
    where point_id = 'period'
)

select
    lines.tenant,
    lines.employee_number,
    lines.period_month,
    lines.lines_amount,
    attainment.credited_amount,
    attainment.rate
from lines
left join attainment
    on
        lines.tenant = attainment.tenant
        and lines.employee_number = attainment.employee_number
        and lines.plan_id = attainment.plan_id
        and lines.period_month = attainment.period_month
where
    attainment.tenant is null
    or lines.credited_amount <> attainment.credited_amount
    or lines.lines_amount <> {{ rd_rate('attainment.credited_amount', 'attainment.rate') }}
    or (lines.lines_amount is null) <> (attainment.rate is null)
