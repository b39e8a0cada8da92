"""Tasks: what reps did and planned to do on leads and deals."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from company.world.calendar import DAY, HOUR, in_office, local_date, midnight_utc, salesforce_time
from company.world.ids import salesforce_id
from company.world.owners import owner_at
from company.world.records import Record
from company.world.sales import Sales
from company.world.streams import Rota, chance, stream
from company.world.tenants import WORLD_END

_SUBTYPES = ("Call", "Call", "Email", "Email", "Task", "LinkedIn")
_END = midnight_utc(WORLD_END)


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


def unlog(seed: int, sales: Sales, logged: list[Record]) -> None:
    """Every ninth message to a deal's buyer that was logged as sent is deleted again."""
    random = stream(seed, sales.tenant.name, "unlogged")
    sent = [
        task
        for task in logged
        if task.first_state["WhatId"] is not None
        and task.first_state["TaskSubtype"] == "LinkedIn"
        and task.first_state["Status"] == "Completed"
    ]
    for task in sent[4::9]:
        task.delete(task.created_at + random.randrange(DAY, 40 * DAY))


def plans(seed: int, sales: Sales) -> Iterator[Record]:
    """What is planned for every third deal that is open at the end: due in 5 to 40 days.

    Every fifth of them was ticked off in advance, on the day that it is planned for.
    """
    random = stream(seed, sales.tenant.name, "plans")
    rota = Rota()
    for deal in sales.deals:
        is_open = deal.ended_at is None or deal.ended_at >= _END
        made_at = max(deal.created_at, _END - random.randrange(3 * DAY, 14 * DAY))
        if not is_open or made_at > _END - 3 * DAY or not rota.turn("plan", every=3, first=2):
            continue
        done = rota.turn("done in advance", every=5, first=2)
        due_at = made_at + random.randrange(5, 40) * DAY
        owner_id = owner_at(deal.owners, made_at).id
        related = {"WhatId": deal.id, "AccountId": deal.company.account_id}
        yield Record(
            salesforce_id("task", sales.counter.next("task")),
            made_at,
            {
                **related,
                "WhoId": deal.company.contacts[0],
                "OwnerId": owner_id,
                "Subject": "Meeting",
                "TaskSubtype": "Task",
                "Status": "Completed" if done else "Not Started",
                "ActivityDate": local_date(due_at, sales.tenant.zone).isoformat(),
                "CompletedDateTime": salesforce_time(due_at) if done else None,
                "CallDurationInSeconds": None,
                "CreatedById": owner_id,
                "CreatedDate": salesforce_time(made_at),
                "IsDeleted": False,
            },
        )


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
