"""`mart_retention_triangle_by_first_invoice_month`."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from decimal import Decimal

from company.answer_key.facts import (
    Facts,
    Row,
    add_months,
    known_sum,
    month_of,
    months_between,
    rate,
)


def work_out(facts: Facts) -> list[Row]:
    rows: list[Row] = []
    for tenant in facts.tenants:
        crm_account = facts.crm_account_of(tenant)
        bought: dict[str, list[Row]] = defaultdict(list)
        for invoice in facts.invoices(tenant).values():
            customer = facts.customer_id(invoice["customer"], crm_account)
            if customer is not None:
                bought[customer].append(invoice)
        cohorts: dict[date, list[str]] = defaultdict(list)
        for customer, invoices in bought.items():
            cohorts[min(month_of(invoice["issued_on"]) for invoice in invoices)].append(customer)
        for cohort, customers in cohorts.items():
            rows.extend(_cohort(facts, tenant, cohort, [bought[c] for c in customers]))
    return rows


def _cohort(facts: Facts, tenant: str, cohort: date, customers: list[list[Row]]) -> list[Row]:
    rows: list[Row] = []
    first: Decimal | None = None
    for number in range(months_between(cohort, facts.as_of_month) + 1):
        month = add_months(cohort, number)
        bought = [[i for i in own if month_of(i["issued_on"]) == month] for own in customers]
        invoices = [invoice for own in bought for invoice in own]
        amount = (
            known_sum(invoice["net_in_tenant_currency"] for invoice in invoices)
            if invoices
            else Decimal("0.00")
        )
        first = amount if number == 0 else first
        active = sum(bool(own) for own in bought)
        rows.append(
            {
                "tenant": tenant,
                "cohort_month": cohort,
                "month_number": number,
                "cohort_size": len(customers),
                "active_count": active,
                "logo_retention_rate": rate(active, len(customers)),
                "invoiced_net_amount": amount,
                "revenue_retention_rate": rate(amount, first),
                "is_partial": facts.is_partial(month),
                "currency_code": facts.currency(tenant),
            }
        )
    return rows
