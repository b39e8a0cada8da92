with

statements as (
    select
        tenant,
        employee_number,
        period_month,
        currency_code,
        payable_amount
    from {{ ref('mart_commission_statement') }}
),

payroll as (
    select
        tenant,
        employee_number,
        period_month,
        currency_code,
        payroll_amount,
        payroll_line_count
    from {{ ref('int_payroll_commission') }}
),

paired as (
    select
        coalesce(statements.tenant, payroll.tenant) as tenant,
        coalesce(statements.employee_number, payroll.employee_number) as employee_number,
        coalesce(statements.period_month, payroll.period_month) as period_month,
        coalesce(statements.currency_code, payroll.currency_code) as currency_code,
        statements.tenant is not null as has_statement,
        payroll.tenant is not null as has_payroll,
        statements.payable_amount as statement_amount,
        payroll.payroll_amount,
        coalesce(statements.payable_amount, 0) as due_amount,
        coalesce(payroll.payroll_amount, 0) as paid_amount,
        coalesce(payroll.payroll_line_count, 0) as payroll_line_count
    from statements
    full outer join payroll
        on
            statements.tenant = payroll.tenant
            and statements.employee_number = payroll.employee_number
            and statements.period_month = payroll.period_month
            and statements.currency_code = payroll.currency_code
),

payee_periods as (
    select
        tenant,
        employee_number,
        period_month,
        max(case when has_statement then 1 else 0 end) = 1
        and max(case when has_payroll then 1 else 0 end) = 1
        and max(case when has_statement and has_payroll then 1 else 0 end) = 0
            as is_currency_mismatch
    from paired
    group by tenant, employee_number, period_month
),

-- The first month whose pay is not due yet: its pay month is the as-of month.
pending as (
    select
        {{ add_months(as_of_month(), '-cast(setting.value as int)') }} as first_pending_month
    from {{ ref('stg_policy__setting') }} as setting
    where
        setting.name = 'payroll_lag_months'
        and {{ is_valid_on(as_of_date(), 'setting') }}
),

final as (
    select
        paired.tenant,
        paired.employee_number,
        paired.period_month,
        paired.currency_code,
        paired.statement_amount,
        paired.payroll_amount,
        cast(paired.paid_amount - paired.due_amount as decimal(18, 2)) as difference_amount,
        -- The first that applies. The tolerance is 0.01, never a percentage.
        case
            when payee_periods.is_currency_mismatch then 'currency_mismatch'
            when paired.paid_amount <> 0 and paired.due_amount = 0 then 'unexpected_in_payroll'
            when not paired.has_payroll and paired.period_month >= pending.first_pending_month
                then 'pending'
            when paired.due_amount <> 0 and not paired.has_payroll then 'missing_in_payroll'
            when abs(paired.paid_amount - paired.due_amount) <= cast(0.01 as decimal(18, 2))
                then 'matched'
            else 'amount_mismatch'
        end as state,
        cast(paired.payroll_line_count as int) as payroll_line_count
    from paired
    inner join payee_periods
        on
            paired.tenant = payee_periods.tenant
            and paired.employee_number = payee_periods.employee_number
            and paired.period_month = payee_periods.period_month
    left join pending
        on true
)

select * from final
