"""Tasks: what reps did and planned to do on leads and deals."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from company.world.calendar import DAY, HOUR, in_office, local_date, salesforce_time
from company.world.ids import salesforce_id
from company.world.owners import owner_at
from company.world.records import Record
from company.world.sales import Sales
from company.world.streams import chance, stream

_SUBTYPES = ("Call", "Call", "Email", "Email", "Task", "LinkedIn")


def tasks(seed: int, sales: Sales) -> Iterator[Record]:
    """About three tasks a deal and one a lead, most of them done."""
    random = stream(seed, sales.tenant.name, "tasks")
    for deal in sales.deals:
        end = deal.ended_at or deal.created_at + 60 * DAY
        for _ in range(random.randrange(1, 6)):
            at = in_office(random, random.randrange(deal.created_at, end + DAY), sales.tenant.zone)
            owner = owner_at(deal.owners, at).id
            what = {"WhatId": deal.id, "AccountId": deal.company.account_id}
            yield _task(random, sales, at, owner, {**what, "WhoId": deal.company.contacts[0]})
    for lead in sales.leads:
        for _ in range(random.randrange(3)):
            earliest = lead.record.created_at
            at = in_office(random, earliest + random.randrange(10 * DAY), sales.tenant.zone)
            who = {"WhatId": None, "AccountId": None, "WhoId": lead.record.id}
            yield _task(random, sales, at, lead.owner_id, who)


def _task(
    random: Random, sales: Sales, at: int, owner_id: str, related: dict[str, str | None]
) -> Record:
    """A task logged when it was done, or planned and mostly done later."""
    subtype = random.choice(_SUBTYPES)
    logged = chance(random, 60)
    due_at = at if logged else at + random.randrange(6) * DAY
    seconds = random.randrange(30, 2400) if subtype == "Call" else None
    record = Record(
        salesforce_id("task", sales.counter.next("task")),
        at,
        {
            **related,
            "OwnerId": owner_id,
            "Subject": subtype,
            "TaskSubtype": subtype,
            "Status": "Completed" if logged else "Not Started",
            "ActivityDate": local_date(due_at, sales.tenant.zone).isoformat(),
            "CompletedDateTime": salesforce_time(at) if logged else None,
            "CallDurationInSeconds": seconds if logged else None,
            "CreatedById": owner_id,
            "CreatedDate": salesforce_time(at),
            "IsDeleted": False,
        },
    )
    if not logged and chance(random, 80):
        done_at = in_office(random, due_at + HOUR // 2, sales.tenant.zone)
        record.change(
            done_at,
            Status="Completed",
            CompletedDateTime=salesforce_time(done_at),
            CallDurationInSeconds=seconds,
        )
    return record
