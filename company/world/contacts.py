"""The people of the customers in the CRM: four a company, opened with its account."""

from __future__ import annotations

from company.world.calendar import salesforce_time
from company.world.records import Record
from company.world.sales import Sales
from company.world.streams import chance, stream

_TITLES = (
    ("Head of Operations", "Operations"),
    ("Plant Manager", "Production"),
    ("Purchasing Manager", "Purchasing"),
    ("Maintenance Engineer", "Production"),
)


def contacts(seed: int, sales: Sales) -> list[Record]:
    """A contact for every id that deals and leads name."""
    random = stream(seed, sales.tenant.name, "contacts")
    found = []
    number = 0
    for company in sales.with_account():
        account = company.account
        assert account is not None
        for contact_id, (title, department) in zip(company.contacts, _TITLES, strict=True):
            number += 1
            host = company.domain or "mail.example"
            record = Record(
                contact_id,
                account.created_at,
                {
                    "AccountId": account.id,
                    "Name": f"Contact {number}",
                    "Email": None if chance(random, 10) else f"contact{number}@{host}",
                    "Phone": f"+00 555 {number % 10_000:04}",
                    "Title": title,
                    "Department": None if chance(random, 20) else department,
                    "OwnerId": account.first_state["OwnerId"],
                    "CreatedById": account.first_state["OwnerId"],
                    "CreatedDate": salesforce_time(account.created_at),
                    "IsDeleted": False,
                },
            )
            if account.deleted_at is not None:
                if company.merged_into:
                    record.change(account.deleted_at, AccountId=company.merged_into)
                else:
                    record.delete(account.deleted_at)
            found.append(record)
    return found
