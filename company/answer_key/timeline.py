"""What happened, on clocks that start alike."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from company.answer_key.changes import Owners
from company.answer_key.deals import Deal
from company.answer_key.facts import Facts, Row, add_months, rate, sure_instant
from company.answer_key.places import employee_number, region_of
from company.answer_key.process import is_new_business
from company.answer_key.stays import Path
from company.answer_key.targets import end_of, first_of

WON, CREATED, ADVANCED = "won_amount", "created_count", "advance_count"
ONE, NOTHING = Decimal("1.00"), Decimal("0.00")
Cases = dict[tuple[str, str], Path]
Scope = tuple[str, str, str, str, str]
"""tenant, clock, metric_id, scope_kind, scope_id"""
Counted = dict[tuple[Scope, date], dict[int, list[Decimal]]]
"""(scope, started_date) -> clock_day -> the values of what happened on it."""


@dataclass(frozen=True)
class Event:
    """Something that happened; `user` is whose it was."""

    tenant: str
    metric_id: str
    day: date
    user: str | None
    region: str
    value: Decimal


def by_scope_clock_day(facts: Facts, deals: list[Deal], cases: Cases, owners: Owners) -> list[Row]:
    """`mart_timeline_by_scope_clock_day`."""
    counted: Counted = defaultdict(lambda: defaultdict(list))
    for event in _events(facts, deals, cases, owners):
        for scope, started in _clocks(facts, event):
            counted[scope, started][(event.day - started).days].append(event.value)
    entered: dict[tuple[Scope, date], int] = defaultdict(int)
    for scope, started, left_after in _stays(cases):
        entered[scope, started] += 1
        if left_after is not None:
            counted[scope, started][left_after].append(ONE)
    _add_days_of_quarter_before(facts, counted)
    history = _History(facts, deals)
    rows = []
    for (scope, started), days in counted.items():
        before = counted.get((scope, add_months(started, -3)), {}) if scope[1] == "quarter" else {}
        for day in sorted(days):
            running = _running(days, day)
            of_stays = entered.get((scope, started))
            rows.append(
                {
                    "tenant": scope[0],
                    "clock": scope[1],
                    "metric_id": scope[2],
                    "scope_kind": scope[3],
                    "scope_id": scope[4],
                    "started_date": started,
                    "clock_day": day,
                    "event_count": len(days[day]),
                    "value": sum(days[day], NOTHING),
                    "running_value": running,
                    "previous_running_value": (
                        _running(before, day) if scope[1] == "quarter" else None
                    ),
                    "entered_count": of_stays,
                    "running_rate": rate(running, of_stays),
                    "history_state": history.state(scope, started),
                    "currency_code": facts.currency(scope[0]) if scope[2] == WON else None,
                }
            )
    return rows


def _running(days: dict[int, list[Decimal]], last: int) -> Decimal:
    return sum((value for day, values in days.items() if day <= last for value in values), NOTHING)


def _events(facts: Facts, deals: list[Deal], cases: Cases, owners: Owners) -> Iterator[Event]:
    """What stands on the clocks of quarters and reps; counts are of new business."""
    for deal in deals:
        tenant, won = deal.tenant, deal.worth_at_close(facts)
        if deal.outcome == "won" and deal.closed_on and won is not None:
            yield Event(tenant, WON, deal.closed_on, deal.owner, deal.region, won)
        if is_new_business(facts, deal.pipeline_id):
            creator = owners.at(tenant, "opportunity", deal.source_id, deal.created_at)
            region = region_of(facts, tenant, creator, deal.created_on)
            yield Event(tenant, CREATED, deal.created_on, creator, region, ONE)
    for (tenant, _), path in cases.items():
        if not is_new_business(facts, path[0].first.pipeline_id):
            continue
        for entry in (stay.first for stay in path if stay.move_kind in ("forward", "skip")):
            owner = owners.at(tenant, entry.record_type, entry.record_id, entry.entered_at)
            region = region_of(facts, tenant, owner, entry.entered_on)
            yield Event(tenant, ADVANCED, entry.entered_on, owner, region, ONE)


def _clocks(facts: Facts, event: Event) -> Iterator[tuple[Scope, date]]:
    """Each clock that an event stands on, with the day on which it started."""
    tenant, metric_id = event.tenant, event.metric_id
    number = employee_number(facts, tenant, event.user)
    quarter = first_of("quarter", event.day)
    yield (tenant, "quarter", metric_id, "tenant", "*"), quarter
    yield (tenant, "quarter", metric_id, "region", event.region), quarter
    if number:
        yield (tenant, "quarter", metric_id, "rep", number), quarter
        hired = facts.of("user", tenant)[event.user or ""]["Hire_Date__c"]
        if hired and date.fromisoformat(hired) <= event.day:
            yield (tenant, "hire", metric_id, "rep", number), date.fromisoformat(hired)


def _stays(cases: Cases) -> Iterator[tuple[Scope, date, int | None]]:
    """(scope, quarter, clock_day of the advance out of it, if there was one) of each open stay."""
    for (tenant, _), path in cases.items():
        for stay, after in zip(path, [*path[1:], None], strict=True):
            entry = stay.first
            if entry.kind == "open":
                stage = f"{entry.pipeline_id}/{entry.stage_id}"
                scope = (tenant, "stage_entry", ADVANCED, "stage", stage)
                advances = after is not None and after.move_kind in ("forward", "skip")
                left_after = (
                    (after.first.entered_on - entry.entered_on).days
                    if after is not None and advances
                    else None
                )
                yield scope, first_of("quarter", entry.entered_on), left_after


def _add_days_of_quarter_before(facts: Facts, counted: Counted) -> None:
    """Gives a quarter the days, without an event, on which something happened in the one before."""
    for (scope, started), days in list(counted.items()):
        following = end_of("quarter", started)
        length = (end_of("quarter", following) - following).days
        if scope[1] == "quarter":
            for day in list(days):
                happened = days[day] != []
                is_over = following + timedelta(days=day) > facts.as_of_date
                if happened and day < length and not is_over:
                    counted[scope, following].setdefault(day, [])


class _History:
    """How much of what happened on a clock the sources recorded."""

    def __init__(self, facts: Facts, deals: list[Deal]) -> None:
        self._first_move = {t: _first_day(facts, t, "opportunity_history") for t in facts.tenants}
        self._first_change = {
            tenant: min(
                _first_day(facts, tenant, "opportunity_field_history"),
                _first_day(facts, tenant, "lead_history", unlike="Status"),
            )
            for tenant in facts.tenants
        }
        self._has_deal_before_moves = {
            deal.tenant for deal in deals if deal.created_on < self._first_move[deal.tenant]
        }

    def state(self, scope: Scope, started: date) -> str:
        tenant, _, metric_id, scope_kind, _ = scope
        is_of_moves = metric_id == ADVANCED and tenant in self._has_deal_before_moves
        if is_of_moves and started < self._first_move[tenant]:
            return "moves_missing"
        is_of_owner = scope_kind in ("region", "rep") and metric_id != WON
        if is_of_owner and started < self._first_change[tenant]:
            return "owners_assumed"
        return "recorded"


def _first_day(facts: Facts, tenant: str, resource: str, unlike: str = "") -> date:
    """The local day of the first known row of a history; a day to come when there is none."""
    known = [
        facts.local_date(at, tenant)
        for row in facts.of(resource, tenant).values()
        if (at := sure_instant(row["CreatedDate"])) < facts.as_of_at and row.get("Field") != unlike
    ]
    return min(known, default=date.max)
