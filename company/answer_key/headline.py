"""`mart_headline_by_month`."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from typing import Any

from company.answer_key.facts import (
    Facts,
    Row,
    add_months,
    instant,
    known_sum,
    money,
    month_of,
    months_between,
    rate,
    sure_instant,
)
from company.answer_key.process import is_new_business, pipeline_of

ANSWERS = {"good": "positive", "bad": "negative"}


def work_out(facts: Facts) -> list[Row]:
    rows: list[Row] = []
    for tenant in facts.tenants:
        happened = _happened(facts, tenant)
        starts = [month for (month, _) in happened]
        if not starts:
            continue
        for number in range(months_between(min(starts), facts.as_of_month) + 1):
            month = add_months(min(starts), number)

            def of(
                kind: str,
                month: date = month,
                happened: dict[tuple[date, str], list[Any]] = happened,
            ) -> list[Any]:
                return happened.get((month, kind), [])

            won, lost, answers = len(of("won")), len(of("lost")), of("answer")
            rows.append(
                {
                    "tenant": tenant,
                    "month": month,
                    "leads_created_count": len(of("lead")),
                    "opportunities_won_count": won,
                    "opportunities_lost_count": lost,
                    "win_rate_by_close_month": rate(won, won + lost),
                    "other_type_won_count": len(of("other won")),
                    "other_type_lost_count": len(of("other lost")),
                    "won_amount": known_sum(of("won amount")),
                    "invoiced_net_amount": known_sum(of("invoiced")),
                    "cash_collected_amount": known_sum(of("paid")),
                    "tickets_created_count": len(of("ticket")),
                    "csat_response_count": len(answers),
                    "csat_positive_rate": rate(answers.count("positive"), len(answers)),
                    "is_partial": facts.is_partial(month),
                    "currency_code": facts.currency(tenant),
                }
            )
    return rows


def _happened(facts: Facts, tenant: str) -> dict[tuple[date, str], list[Any]]:
    """(month, kind) -> one value for each thing that happened."""
    happened: dict[tuple[date, str], list[Any]] = defaultdict(list)
    for lead in facts.of("lead", tenant).values():
        created = sure_instant(lead["CreatedDate"])
        if created < facts.as_of_at:
            happened[(facts.local_month(created, tenant), "lead")].append(1)
    for key, row in facts.opportunities(tenant).items():
        created = sure_instant(row["CreatedDate"])
        happened[(facts.local_month(created, tenant), "opportunity")].append(1)
        closed_at = instant(row["Closed_At__c"])
        if row["IsClosed"] and closed_at is not None and closed_at < facts.as_of_at:
            day = facts.local_date(closed_at, tenant)
            if row["IsWon"]:
                worth = facts.converted(money(row["Amount"]), tenant, row["CurrencyIsoCode"], day)
                happened[(month_of(day), "won amount")].append(worth)
            outcome = "won" if row["IsWon"] else "lost"
            if not is_new_business(facts, pipeline_of(facts, tenant, key)):
                outcome = f"other {outcome}"
            happened[(month_of(day), outcome)].append(1)
    for invoice in facts.invoices(tenant).values():
        month = facts.local_month(invoice["issued_at"], tenant)
        happened[(month, "invoiced")].append(invoice["net_in_tenant_currency"])
    for payment in facts.payments(tenant).values():
        amount = facts.converted(payment["amount"], tenant, payment["currency"], payment["paid_on"])
        happened[(facts.local_month(payment["paid_at"], tenant), "paid")].append(amount)
    for ticket in facts.of("ticket", tenant).values():
        created = sure_instant(ticket["created_at"])
        if created < facts.as_of_at:
            happened[(facts.local_month(created, tenant), "ticket")].append(1)
    for rating in facts.of("satisfaction_rating", tenant).values():
        answered = sure_instant(rating["updated_at"])
        if rating["score"] in ANSWERS and answered < facts.as_of_at:
            month = facts.local_month(answered, tenant)
            happened[(month, "answer")].append(ANSWERS[rating["score"]])
    return happened
