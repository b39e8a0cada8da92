"""Quotes in the CRM: one a deal that was quoted, accepted or denied with the deal's end."""

from __future__ import annotations

from datetime import timedelta

from company.world.calendar import HOUR, local_date, salesforce_time
from company.world.deals import Deal
from company.world.ids import salesforce_id
from company.world.owners import owner_at
from company.world.records import Record, money
from company.world.sales import Sales

_GOOD_FOR = timedelta(days=45)


def quotes(sales: Sales) -> list[Record]:
    """Each quote is drafted when it sets the deal's amount, presented an hour later."""
    return [_quote(sales, deal, deal.quoted_at) for deal in sales.deals if deal.quoted_at]


def _quote(sales: Sales, deal: Deal, at: int) -> Record:
    number, owner = sales.counter.next("quote"), owner_at(deal.owners, at)
    record = Record(
        salesforce_id("quote", number),
        at,
        {
            "OpportunityId": deal.id,
            "QuoteNumber": f"{number:08}",
            "Name": f"Quote {number}",
            "Status": "Draft",
            "TotalPrice": money(deal.quote_cents),
            "ExpirationDate": (local_date(at, sales.tenant.zone) + _GOOD_FOR).isoformat(),
            "IsSyncing": True,
            "CurrencyIsoCode": deal.company.currency,
            "CreatedById": owner.id,
            "CreatedDate": salesforce_time(at),
            "IsDeleted": False,
        },
    )
    for changed_at, cents in deal.amount_changes:
        record.change(changed_at, TotalPrice=money(cents))
    ended_at = deal.ended_at
    if ended_at is None or ended_at > at + HOUR:
        record.change(at + HOUR, Status="Presented")
    if ended_at is not None:
        record.change(max(ended_at, at), Status="Accepted" if deal.is_won else "Denied")
    return record
