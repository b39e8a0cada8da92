with

lines as (
    select
        tenant,
        employee_number,
        period_month,
        case when is_reversal then 'reversal' else line_type end as movement,
        line_amount
    from {{ ref('int_commission_lines') }}
),

final as (
    select
        tenant,
        employee_number,
        period_month,
        sum(case when movement = 'earning' then 1 else 0 end) as credit_count,
        sum(case when movement = 'earning' then line_amount end) as earning_amount,
        sum(case when movement = 'tier_trueup' then line_amount end) as trueup_amount,
        sum(case when movement = 'reversal' then line_amount end) as reversal_amount
    from lines
    group by tenant, employee_number, period_month
)

select * from final
