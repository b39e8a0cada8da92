"""Tasks: what reps did and planned to do on leads and deals."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, time, timedelta
from itertools import cycle
from random import Random

from company.world.calendar import DAY, HOUR, in_office, instant, local_date, salesforce_time
from company.world.deals import Deal
from company.world.ids import salesforce_id
from company.world.owners import leaving_instant, owner_at
from company.world.records import Record
from company.world.sales import Lead, Sales
from company.world.streams import Rota, chance, stream
from company.world.tenants import WORLD_END

_SUBTYPES = ("Call", "Call", "Email", "Email", "Task", "LinkedIn")
_DEMO_DAY = WORLD_END - timedelta(days=2)
"""The day that the demo is shown on; what is planned then lies on either side of it."""
_REMINDED_AT = (7, 8, 21)
"""Hours; in New York's evening and Shanghai's early morning the day in UTC is another one."""


def tasks(seed: int, sales: Sales) -> Iterator[Record]:
    """About three tasks a deal and one a lead, most of them done."""
    random = stream(seed, sales.tenant.name, "tasks")
    for deal in sales.deals:
        end = deal.ended_at or deal.created_at + 60 * DAY
        for _ in range(random.randrange(1, 6)):
            at = in_office(random, random.randrange(deal.created_at, end + DAY), sales.tenant.zone)
            yield _task(random, sales, at, owner_at(deal.owners, at).id, _of_deal(deal))
    for lead in sales.leads:
        for _ in range(random.randrange(3)):
            earliest = lead.record.created_at
            at = in_office(random, earliest + random.randrange(10 * DAY), sales.tenant.zone)
            yield _task(random, sales, at, lead.owner_id, _of_lead(lead))


def _of_deal(deal: Deal) -> dict[str, str | None]:
    return {
        "WhatId": deal.id,
        "AccountId": deal.company.account_id,
        "WhoId": deal.company.contacts[0],
    }


def _of_lead(lead: Lead) -> dict[str, str | None]:
    return {"WhatId": None, "AccountId": None, "WhoId": lead.record.id}


def _task(
    random: Random, sales: Sales, at: int, owner_id: str, related: dict[str, str | None]
) -> Record:
    """A task logged when it was done, or planned and mostly done later."""
    subtype = random.choice(_SUBTYPES)
    logged = chance(random, 60)
    due_at = at if logged else at + random.randrange(6) * DAY
    seconds = random.randrange(30, 2400) if subtype == "Call" else None
    due_on = local_date(due_at, sales.tenant.zone)
    record = _record(sales, at, owner_id, related, subtype, due_on)
    if logged:
        _complete(record, at, seconds)
    elif chance(random, 80):
        done_at = in_office(random, due_at + HOUR // 2, sales.tenant.zone)
        _complete(record, done_at, seconds)
    return record


def _record(
    sales: Sales,
    at: int,
    owner_id: str,
    related: dict[str, str | None],
    subtype: str,
    due_on: date | None,
) -> Record:
    """A task that is not done, and reminds of nothing."""
    return Record(
        salesforce_id("task", sales.counter.next("task")),
        at,
        {
            **related,
            "OwnerId": owner_id,
            "Subject": subtype,
            "TaskSubtype": subtype,
            "Status": "Not Started",
            "IsClosed": False,
            "ActivityDate": due_on.isoformat() if due_on else None,
            "IsReminderSet": False,
            "ReminderDateTime": None,
            "CompletedDateTime": None,
            "CallDurationInSeconds": None,
            "CreatedById": owner_id,
            "CreatedDate": salesforce_time(at),
            "IsDeleted": False,
        },
    )


def _complete(record: Record, at: int, seconds: int | None) -> None:
    record.change(
        at,
        Status="Completed",
        IsClosed=True,
        CompletedDateTime=salesforce_time(at),
        CallDurationInSeconds=seconds,
    )


@dataclass(frozen=True, slots=True)
class _Plan:
    """One way a follow-up goes.

    `due_in` is counted in days from the day it is planned on; None: it has no date. `done_after`
    and `reminders` are counted from the day it is due, or planned on when it has no date. The
    first reminder is set with the task; each later one is where the one before it is put off to,
    half an hour after it rang, and the last one may be switched off, which keeps its time. The
    date that the task was due on stays as it is.
    """

    due_in: int | None
    done_after: int | None = None
    reminders: tuple[int, ...] = ()
    is_switched_off: bool = False


@dataclass(slots=True)
class _Planner:
    """Plans the follow-ups of one tenant, from a stream of its own."""

    sales: Sales
    random: Random
    rota: Rota = field(default_factory=Rota)

    def usual(self, at: int, owner_id: str, related: dict[str, str | None]) -> Record:
        """Most are done on the day or late; the rest are put off, forgotten or have no date."""
        planned_at = in_office(self.random, at, self.sales.tenant.zone)
        due_in = self.random.randrange(1, 15)
        reminders: tuple[int, ...] = (0,) if chance(self.random, 40) else ()
        if self.rota.turn("put off", every=6, first=2):
            put_off = self.random.choice((1, 3, 7, 14, 45))
            again = (put_off + 5,) if self.rota.turn("put off again", every=4, first=2) else ()
            reminders = (0, put_off, *again)
        elif self.rota.turn("reminded early", every=5, first=1):
            reminders = (-2,)
        late = self.random.randrange(1, 40) if self.rota.turn("late", every=3, first=1) else 0
        done_after = None
        if not self.rota.turn("forgotten", every=7, first=4):
            done_after = max((0, *reminders)) + late
        dateless = self.rota.turn("without a date", every=12, first=3)
        way = _Plan(None if dateless else due_in, done_after, reminders)
        return self.plan(planned_at, owner_id, related, way)

    def plan(self, at: int, owner_id: str, related: dict[str, str | None], way: _Plan) -> Record:
        """The task and what becomes of it."""
        zone = self.sales.tenant.zone
        planned_on = local_date(at, zone)
        due_on = None if way.due_in is None else planned_on + timedelta(days=way.due_in)
        subtype = self.random.choice(_SUBTYPES)
        record = _record(self.sales, at, owner_id, related, subtype, due_on)
        day = due_on or planned_on
        moved_at = at
        for days in way.reminders:
            hour = self.random.choice(_REMINDED_AT)
            rings_at = instant(day + timedelta(days=days), time(hour), zone)
            record.change(moved_at, IsReminderSet=True, ReminderDateTime=salesforce_time(rings_at))
            moved_at = max(rings_at + HOUR // 2, at)
        if way.is_switched_off:
            record.change(moved_at, IsReminderSet=False)
        if way.done_after is not None:
            opens_at = instant(day + timedelta(days=way.done_after), time(9), zone)
            done_at = self.random.randrange(opens_at, opens_at + 9 * HOUR)
            seconds = self.random.randrange(30, 2400) if subtype == "Call" else None
            _complete(record, max(done_at, at + HOUR), seconds)
        return record


_DAYS_BEFORE = 14
_AT_THE_END = (
    _Plan(0),
    _Plan(-3),
    _Plan(4),
    _Plan(None),
    _Plan(-6, reminders=(0, 6)),
    _Plan(-2, reminders=(0, 5)),
    _Plan(-9, reminders=(0, 4)),
    _Plan(-5, reminders=(0, 2, 60)),
    _Plan(-8, reminders=(0, 4), is_switched_off=True),
    _Plan(3, reminders=(-3,)),
    _Plan(-4, done_after=3),
    _Plan(-4, done_after=5),
    _Plan(2, done_after=-4),
    _Plan(None, reminders=(20,)),
)
"""How follow-ups stand on the demo's day, from which `due_in` is counted here: due, overdue, due
later, without a date; put off to that day, past it, to a day before it, past the world's end, and
no longer; reminded early; done late, too late for that day, before it was due; a reminder alone."""


def follow_ups(seed: int, sales: Sales) -> Iterator[Record]:
    """What was planned as the next step of a fifth of all deals and leads, done or not.

    Each deal that is open on the demo's day has one more, of the ways to stand there in turn; each
    deal that is deleted leaves one, and so does everybody who leaves.
    """
    planner = _Planner(sales, stream(seed, sales.tenant.name, "follow-ups"))
    for deal in sales.every_deal():
        end = deal.ended_at or deal.created_at + 60 * DAY
        if chance(planner.random, 20):
            at = planner.random.randrange(deal.created_at, end)
            yield planner.usual(at, owner_at(deal.owners, at).id, _of_deal(deal))
    for lead in sales.leads:
        if chance(planner.random, 20):
            at = lead.record.created_at + planner.random.randrange(10 * DAY)
            yield planner.usual(at, lead.owner_id, _of_lead(lead))
    yield from _at_the_end(planner)
    for deal in planner.sales.every_deal():
        if deal.record.deleted_at is not None:
            at = deal.record.deleted_at - HOUR
            yield planner.plan(at, owner_at(deal.owners, at).id, _of_deal(deal), _Plan(5))
    yield from _left_behind(planner)


def _at_the_end(planner: _Planner) -> Iterator[Record]:
    today = instant(_DEMO_DAY, time(10), planner.sales.tenant.zone)
    at = today - _DAYS_BEFORE * DAY
    running = [
        deal
        for deal in planner.sales.every_deal()
        if deal.created_at <= at
        and (deal.ended_at is None or deal.ended_at > today)
        and deal.record.deleted_at is None
    ]
    for deal, way in zip(running, cycle(_AT_THE_END), strict=False):
        due_in = None if way.due_in is None else way.due_in + _DAYS_BEFORE
        owner = owner_at(deal.owners, at).id
        yield planner.plan(at, owner, _of_deal(deal), replace(way, due_in=due_in))


def _left_behind(planner: _Planner) -> Iterator[Record]:
    """The last follow-up of everybody who left: planned the day before, due after he is gone."""
    for person in planner.sales.roster.reps:
        leaves_at = leaving_instant(planner.sales.roster, person)
        if leaves_at is None:
            continue
        at = leaves_at - DAY
        held = [
            deal
            for deal in planner.sales.every_deal()
            if deal.created_at <= at and owner_at(deal.owners, at) == person
        ]
        if held:
            yield planner.plan(at, person.id, _of_deal(held[-1]), _Plan(11))
