"""Commission: lines = statement, payroll = statement + difference, register = payroll."""

from __future__ import annotations

from expectations.contract import GateContext, Suite
from expectations.sql import literal
from expectations.suites.marts.building import no_difference, not_after


def statement(context: GateContext) -> Suite:
    """Each statement is the sum of its lines, unless a missing quota leaves it unknown."""
    label = "tenant || ' ' || employee_number || ' ' || period_month"
    return Suite(
        name="marts.mart_commission_statement",
        query=f"""
            select
                coalesce(statement.tenant, line.tenant) as tenant,
                coalesce(statement.employee_number, line.employee_number) as employee_number,
                coalesce(statement.period_month, line.period_month) as period_month,
                coalesce(statement.payable_amount, 0) as payable_amount,
                coalesce(line.amount, 0) as line_amount,
                case
                    when statement.tenant is not null and statement.payable_amount is null then 0
                    else coalesce(statement.payable_amount, 0) - coalesce(line.amount, 0)
                end as difference_amount,
                greatest(
                    date_diff(
                        'day', {literal(context.as_of_date)},
                        coalesce(statement.period_month, line.period_month)
                    ), 0
                ) as days_ahead
            from marts.mart_commission_statement as statement
            full join (
                select tenant, employee_number, period_month, sum(line_amount) as amount
                from marts.mart_commission_statement_line
                group by tenant, employee_number, period_month
            ) as line
                on
                    statement.tenant = line.tenant
                    and statement.employee_number = line.employee_number
                    and statement.period_month = line.period_month
        """,
        grain="statements",
        label=label,
        checks=(
            no_difference(
                "payable_is_sum_of_lines",
                "difference_amount",
                label=(f"{label} || ': payable ' || payable_amount || ', lines ' || line_amount"),
                why="A payout that its lines do not explain cannot be paid or disputed.",
                fix="compare the statement with mart_commission_statement_line for this payee",
            ),
            not_after("days_ahead", str(context.as_of_date), label=label),
        ),
        input_query="select count(*) from staging.stg_policy__plan_assignment "
        f"where valid_from <= date_trunc('month', {literal(context.as_of_date)})",
    )


def payroll(context: GateContext) -> Suite:
    """Per tenant and currency: payroll = statements + differences, and payroll = the register."""
    label = "tenant || ' ' || currency_code"
    return Suite(
        name="marts.mart_payroll_reconciliation",
        query=f"""
            select
                coalesce(mart.tenant, register.tenant, statement.tenant) as tenant,
                coalesce(mart.currency_code, register.currency_code, statement.currency_code)
                    as currency_code,
                coalesce(mart.payroll_amount, 0) as payroll_amount,
                coalesce(mart.statement_amount, 0) as statement_amount,
                coalesce(mart.difference_amount, 0) as difference_amount,
                coalesce(register.amount, 0) as register_amount,
                coalesce(statement.amount, 0) as payable_amount,
                coalesce(mart.payroll_amount, 0) - coalesce(mart.statement_amount, 0)
                    - coalesce(mart.difference_amount, 0) as bridge_difference,
                coalesce(mart.payroll_amount, 0) - coalesce(register.amount, 0)
                    as register_difference,
                coalesce(mart.statement_amount, 0) - coalesce(statement.amount, 0)
                    as statement_difference
            from (
                select
                    tenant, currency_code, sum(payroll_amount) as payroll_amount,
                    sum(statement_amount) as statement_amount,
                    sum(difference_amount) as difference_amount
                from marts.mart_payroll_reconciliation group by tenant, currency_code
            ) as mart
            full join (
                select
                    line.source_tenant as tenant, line.currency_code,
                    sum(line.gross_amount) as amount
                from intermediate.int_payroll_lines__unioned as line
                inner join staging.stg_policy__pay_code as code
                    on
                        line.pay_code = code.pay_code
                        and line.pay_date >= code.valid_from
                        and (code.valid_to is null or line.pay_date < code.valid_to)
                where
                    code.is_commission and not line.is_deleted
                    and line.pay_date <= {literal(context.as_of_date)}
                group by line.source_tenant, line.currency_code
            ) as register
                on mart.tenant = register.tenant and mart.currency_code = register.currency_code
            full join (
                select tenant, currency_code, sum(payable_amount) as amount
                from marts.mart_commission_statement group by tenant, currency_code
            ) as statement
                on
                    coalesce(mart.tenant, register.tenant) = statement.tenant
                    and coalesce(mart.currency_code, register.currency_code)
                        = statement.currency_code
        """,
        grain="tenants and currencies",
        label=label,
        checks=(
            no_difference(
                "bridge_closes",
                "bridge_difference",
                label=(
                    f"{label} || ': payroll ' || payroll_amount || ', statements ' "
                    "|| statement_amount || ', differences ' || difference_amount"
                ),
                why="Finance signs the bridge: payroll = statements + named differences.",
                fix="sum mart_payroll_reconciliation by state; one row breaks the identity",
            ),
            no_difference(
                "payroll_is_the_register",
                "register_difference",
                label=f"{label} || ': mart ' || payroll_amount || ', register ' || register_amount",
                why="Commission that was paid and is not compared is never questioned.",
                fix="compare pay codes and pay dates of the register with the mart",
            ),
            no_difference(
                "statements_are_compared",
                "statement_difference",
                label=f"{label} || ': mart ' || statement_amount || ', due ' || payable_amount",
                why="A statement that is not compared with payroll may never be paid.",
                fix="find the statements without a row in mart_payroll_reconciliation",
            ),
        ),
        input_query="select count(*) from marts.mart_commission_statement",
    )
