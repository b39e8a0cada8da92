"""Contracts in the CRM: drafted with the negotiation, activated when the deal is won."""

from __future__ import annotations

from datetime import timedelta
from random import Random

from company.world.calendar import local_date, months_later, salesforce_time
from company.world.deals import NEGOTIATION, Deal
from company.world.ids import salesforce_id
from company.world.owners import owner_at
from company.world.records import Record
from company.world.sales import Sales
from company.world.streams import chance, stream

_YEAR = 12
_THREE_YEARS = 36


def contracts(seed: int, sales: Sales) -> list[Record]:
    """One contract a deal that was negotiated or won, under the account that holds the deal.

    The deal names it from its draft on. Every fifth runs for three years.
    """
    random = stream(seed, sales.tenant.name, "contracts")
    found = []
    for deal in sales.deals:
        negotiated = deal.entries(NEGOTIATION)
        drafted_at = negotiated[0] if negotiated else deal.ended_at if deal.is_won else None
        if drafted_at is not None:
            found.append(_contract(random, sales, deal, drafted_at))
    return found


def _contract(random: Random, sales: Sales, deal: Deal, drafted_at: int) -> Record:
    zone, number = sales.tenant.zone, sales.counter.next("contract")
    months = _THREE_YEARS if chance(random, 20) else _YEAR
    owner = owner_at(deal.owners, drafted_at)
    record = Record(
        salesforce_id("contract", number),
        drafted_at,
        {
            "AccountId": deal.company.account_id,
            "OwnerId": owner.id,
            "ContractNumber": f"{number:08}",
            "Status": "Draft",
            "StartDate": None,
            "EndDate": None,
            "ContractTerm": months,
            "CustomerSignedDate": None,
            "ActivatedDate": None,
            "CurrencyIsoCode": deal.company.currency,
            "CreatedById": owner.id,
            "CreatedDate": salesforce_time(drafted_at),
            "IsDeleted": False,
        },
    )
    deal.record.change(drafted_at, ContractId=record.id)
    if deal.is_won and deal.ended_at is not None:
        signed_on = local_date(deal.ended_at, zone)
        ends = local_date(months_later(deal.ended_at, months, zone), zone)
        record.change(
            deal.ended_at,
            Status="Activated",
            StartDate=signed_on.isoformat(),
            EndDate=(ends - timedelta(days=1)).isoformat(),
            CustomerSignedDate=signed_on.isoformat(),
            ActivatedDate=salesforce_time(deal.ended_at),
        )
    account = deal.company.account
    if account is not None and account.deleted_at is not None:
        if deal.company.merged_into:
            if account.deleted_at > drafted_at:
                record.change(account.deleted_at, AccountId=deal.company.merged_into)
        elif account.deleted_at > drafted_at:
            record.delete(account.deleted_at)
    return record
