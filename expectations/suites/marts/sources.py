"""What the marts are reconciled with, taken from staging without the help of any later model."""

from __future__ import annotations

from datetime import datetime

from expectations.contract import GateContext
from expectations.sql import literal


def latest(table: str, key: str, as_of_at: datetime) -> str:
    """The last version of each row of a staging table that was recorded before `as_of_at`."""
    return f"""(
        select * from staging.{table} as staged
        where _recorded_at < {literal(as_of_at)}
        qualify row_number() over (
            partition by source_tenant, {key}
            order by _commit_seq desc, _page desc, _row_number desc
        ) = 1
    )"""


def payments(context: GateContext) -> str:
    """(tenant, payment_source_id, paid_at, amount, currency_code) of succeeded payments."""
    return f"""(
        select
            source_tenant as tenant, id as payment_source_id, created_at as paid_at, amount,
            currency_code
        from {latest("stg_stripe__charge", "id", context.as_of_at)}
        where status = 'succeeded' and created_at < {literal(context.as_of_at)}
        union all
        select source_tenant, source_id, paid_at, amount, currency_code
        from intermediate.int_payments__unioned
        where
            source_system <> 'stripe' and status = 'succeeded' and not is_deleted
            and paid_at < {literal(context.as_of_at)}
    )"""


def invoices(context: GateContext) -> str:
    """(tenant, invoice_source_id, account_source_id, issued_at, net_amount, currency_code) of
    invoices that count: issued, neither draft nor void."""
    return f"""(
        select
            source_tenant as tenant, id as invoice_source_id, customer as account_source_id,
            finalized_at as issued_at, net_amount, currency_code
        from {latest("stg_stripe__invoice", "id", context.as_of_at)}
        where status not in ('draft', 'void') and finalized_at < {literal(context.as_of_at)}
        union all
        select
            source_tenant, source_id, account_source_id, issued_at, net_amount, currency_code
        from intermediate.int_invoices__unioned
        where
            source_system <> 'stripe' and status not in ('draft', 'void') and not is_deleted
            and issued_at < {literal(context.as_of_at)}
    )"""


def opportunities(context: GateContext) -> str:
    """(tenant, opportunity_source_id, is_open, amount, currency_code, written_at) of known deals:
    those that the CRM has not deleted, as it held them last."""
    cut = literal(context.as_of_at)
    is_open = f"not coalesce(is_closed, false) or closed_at >= {cut}"
    return f"""(
        select
            source_tenant as tenant, id as opportunity_source_id, {is_open} as is_open, amount,
            currency_code, modified_at as written_at
        from {latest("stg_salesforce__opportunity", "id", context.as_of_at)}
        where not is_deleted and created_at < {cut}
        union all
        select
            source_tenant, source_id, {is_open}, amount, currency_code, effective_at
        from intermediate.int_opportunities__unioned
        where source_system <> 'salesforce' and not is_deleted and created_at < {cut}
    )"""


def in_tenant_currency(rows: str, instant: str, amount: str) -> str:
    """`rows` with `local_date` and `tenant_amount`: the amount at the plan rate of that date.

    Null when the currency has no rate then.
    """
    return f"""(
        select
            money.*,
            case
                when money.currency_code = money.tenant_currency_code then money.{amount}
                else cast(round(money.{amount} * fx.rate, 2) as decimal(18, 2))
            end as tenant_amount
        from (
            select
                original.*, tenant.currency_code as tenant_currency_code,
                cast(
                    timezone(tenant.reporting_timezone, timezone('UTC', original.{instant}))
                    as date
                ) as local_date
            from {rows} as original
            inner join staging.stg_policy__tenant as tenant on original.tenant = tenant.tenant
        ) as money
        left join staging.stg_policy__fx_rate as fx
            on
                fx.rate_type = 'plan'
                and fx.from_currency = money.currency_code
                and fx.to_currency = money.tenant_currency_code
                and money.local_date >= fx.valid_from
                and (fx.valid_to is null or money.local_date < fx.valid_to)
    )"""
