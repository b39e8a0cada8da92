"""The mart gate's suites: what dbt cannot check, by family."""

from __future__ import annotations

from expectations.contract import GateContext, Suite
from expectations.suites.marts import commission, history, landing, money, pipeline, sales


def mart_suites(context: GateContext) -> tuple[Suite, ...]:
    """Every suite of the mart gate, sources first."""
    return (
        landing.staged_rows(),
        money.payment_allocation(context),
        money.cash(context),
        money.invoiced(context),
        money.invoice_links(context),
        sales.funnel(context),
        sales.retention(context),
        sales.violations(context),
        sales.headline(context),
        sales.headline_counts(context),
        sales.rows_present(context),
        pipeline.pipeline_today(context),
        commission.statement(context),
        commission.payroll(context),
        *history.roll_forward(context),
    )
