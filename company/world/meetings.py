"""Meetings planned with the buyers of open deals, and messages that turn out never to be sent."""

from __future__ import annotations

from collections.abc import Iterator

from company.world.calendar import DAY, local_date, midnight_utc, salesforce_time
from company.world.ids import salesforce_id
from company.world.owners import owner_at
from company.world.records import Record
from company.world.sales import Sales
from company.world.streams import Rota, stream
from company.world.tenants import WORLD_END

_END = midnight_utc(WORLD_END)


def meetings(seed: int, sales: Sales) -> Iterator[Record]:
    """A meeting planned for every third deal that is open at the end: due in 5 to 40 days.

    Every fifth of them was ticked off in advance, on the day that it is planned for.
    """
    random = stream(seed, sales.tenant.name, "meetings")
    rota = Rota()
    for deal in sales.deals:
        is_open = deal.ended_at is None or deal.ended_at >= _END
        made_at = max(deal.created_at, _END - random.randrange(3 * DAY, 14 * DAY))
        if not is_open or made_at > _END - 3 * DAY or not rota.turn("meeting", every=3, first=2):
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
                "IsClosed": done,
                "ActivityDate": local_date(due_at, sales.tenant.zone).isoformat(),
                "IsReminderSet": False,
                "ReminderDateTime": None,
                "CompletedDateTime": salesforce_time(due_at) if done else None,
                "CallDurationInSeconds": None,
                "CreatedById": owner_id,
                "CreatedDate": salesforce_time(made_at),
                "IsDeleted": False,
            },
        )


def unlog(seed: int, sales: Sales, logged: list[Record]) -> None:
    """Every ninth message to a deal's buyer that was logged as sent is deleted again."""
    random = stream(seed, sales.tenant.name, "unlogged")
    sent = [
        task
        for task in logged
        if task.first_state["WhatId"] is not None
        and task.first_state["TaskSubtype"] == "LinkedIn"
        and next(task.steps()).after["Status"] == "Completed"
    ]
    for task in sent[4::9]:
        task.delete(task.created_at + random.randrange(DAY, 40 * DAY))
