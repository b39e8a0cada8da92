-- Per tenant and currency: what the register paid as commission is what the statements say plus
-- the differences shown. Both ends are added up from their own source.
with

register as (
    select
        payroll_lines.source_tenant as tenant,
        payroll_lines.currency_code,
        sum(payroll_lines.gross_amount) as payroll_amount
    from {{ ref('int_payroll_lines__unioned') }} as payroll_lines
    inner join {{ ref('stg_policy__pay_code') }} as pay_codes
        on
            payroll_lines.pay_code = pay_codes.pay_code
            and {{ is_valid_on('payroll_lines.pay_date', 'pay_codes') }}
    where
        pay_codes.is_commission
        and not payroll_lines.is_deleted
        and payroll_lines.pay_date <= {{ as_of_date() }}
    group by payroll_lines.source_tenant, payroll_lines.currency_code
),

statements as (
    select
        tenant,
        currency_code,
        sum(payable_amount) as statement_amount
    from {{ ref('mart_commission_statement') }}
    group by tenant, currency_code
),

bridge as (
    select
        tenant,
        currency_code,
        sum(difference_amount) as difference_amount
    from {{ ref('mart_payroll_reconciliation') }}
    group by tenant, currency_code
),

accounts as (
    select tenant, currency_code from register
    union
    select tenant, currency_code from statements
    union
    select tenant, currency_code from bridge
)

select
    accounts.tenant,
    accounts.currency_code,
    register.payroll_amount,
    statements.statement_amount,
    bridge.difference_amount
from accounts
left join register
    on accounts.tenant = register.tenant and accounts.currency_code = register.currency_code
left join statements
    on accounts.tenant = statements.tenant and accounts.currency_code = statements.currency_code
left join bridge
    on accounts.tenant = bridge.tenant and accounts.currency_code = bridge.currency_code
where
    bridge.tenant is null
    or coalesce(register.payroll_amount, 0)
    <> coalesce(statements.statement_amount, 0) + coalesce(bridge.difference_amount, 0)
