with

payroll_lines as (
    select
        source_tenant as tenant,
        employee_number,
        pay_date,
        pay_code,
        gross_amount,
        currency_code
    from {{ ref('int_payroll_lines__unioned') }}
    where not is_deleted
),

pay_codes as (
    select
        pay_code,
        valid_from,
        valid_to
    from {{ ref('stg_policy__pay_code') }}
    where is_commission
),

lags as (
    select
        cast(value as int) as lag_months,
        valid_from,
        valid_to
    from {{ ref('stg_policy__setting') }}
    where name = 'payroll_lag_months'
),

commission_lines as (
    select
        payroll_lines.tenant,
        payroll_lines.employee_number,
        {{ add_months(month_of('payroll_lines.pay_date'), '-lags.lag_months') }} as period_month,
        payroll_lines.currency_code,
        payroll_lines.gross_amount
    from payroll_lines
    inner join pay_codes
        on
            payroll_lines.pay_code = pay_codes.pay_code
            and {{ is_valid_on('payroll_lines.pay_date', 'pay_codes') }}
    inner join lags
        on
            {{ is_valid_on('payroll_lines.pay_date', 'lags') }}
    where payroll_lines.pay_date <= {{ as_of_date() }}
),

final as (
    select
        tenant,
        employee_number,
        period_month,
        currency_code,
        cast(sum(gross_amount) as decimal(18, 2)) as payroll_amount,
        cast(count(*) as int) as payroll_line_count
    from commission_lines
    group by tenant, employee_number, period_month, currency_code
)

select * from final
