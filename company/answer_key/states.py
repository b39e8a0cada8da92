"""What a deal was at any instant and at the end of any past day, by what its history tells."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from company.answer_key.changes import Changes, changes_of, owner_changes
from company.answer_key.facts import Facts, Row, instant, money, sure_instant
from company.answer_key.funnel import Entry, mapped_stage
from company.answer_key.process import pipeline_of


@dataclass(frozen=True)
class State:
    """What a deal is while nothing about it changes; `amount` is in `currency`."""

    stage_id: str
    """Empty where nothing tells it."""
    kind: str = field(compare=False)
    owner: str | None
    amount: Decimal | None
    currency: str | None
    close_date: date | None
    is_open: bool
    rests_on_record: bool = field(compare=False)
    """A value is that of the record now, and no change tells it."""


_Value = tuple[Any, bool]
"""(what it is, whether it rests on the record now)"""


@dataclass(frozen=True)
class Series:
    """One field of a deal: its value before the first change, and from each change on."""

    first: _Value
    changes: tuple[tuple[datetime, _Value], ...]

    def at(self, at: datetime) -> _Value:
        return next((new for since, new in reversed(self.changes) if since <= at), self.first)


@dataclass(frozen=True)
class History:
    """One deal over time; `stage` is a series of (stage id, kind, currency)."""

    created_at: datetime
    open_until: datetime | None
    """None while nothing closed it; `created_at` of a deal that was never open."""
    is_closed_before_created: bool
    is_won: bool
    stage: Series
    owner: Series
    amount: Series
    close_date: Series

    @property
    def _fields(self) -> tuple[Series, ...]:
        return self.stage, self.owner, self.amount, self.close_date

    def instants(self) -> set[datetime]:
        """From when on anything is or may be different."""
        bounds = {self.created_at, self.open_until or self.created_at}
        return bounds | {at for of_field in self._fields for at, _ in of_field.changes}

    def at(self, at: datetime) -> State:
        """The state after all changes of an instant."""
        values = [of_field.at(at) for of_field in self._fields]
        (stage_id, kind, currency), owner, amount, close_date = (value for value, _ in values)
        lasts = self.open_until is None or at < self.open_until
        return State(
            stage_id,
            kind,
            owner,
            amount,
            currency,
            close_date,
            is_open=kind == "open" and self.created_at <= at and lasts,
            rests_on_record=any(is_of_record for _, is_of_record in values),
        )


Histories = dict[tuple[str, str], History]
"""(tenant, deal) -> its history."""
_Change = tuple[datetime, Any, Any]
"""(when, old value, new value)"""


def histories(facts: Facts, entries: list[Entry]) -> Histories:
    """The history of every known deal; `entries` are in the order of their case."""
    events: dict[tuple[str, str], list[Entry]] = defaultdict(list)
    for entry in entries:
        if entry.then:
            events[entry.tenant, entry.record_id].append(entry)
    found: Histories = {}
    for tenant in facts.tenants:
        owners = owner_changes(facts, tenant)
        amounts = changes_of(facts, tenant, "Amount")
        close_dates = changes_of(facts, tenant, "CloseDate")
        for deal, row in facts.opportunities(tenant).items():
            own = events[tenant, deal]
            created_at = sure_instant(row["CreatedDate"])
            closed_at = instant(row["Closed_At__c"]) if row["IsClosed"] else None
            found[tenant, deal] = History(
                created_at=created_at,
                open_until=max(closed_at or created_at, created_at) if row["IsClosed"] else None,
                is_closed_before_created=closed_at is not None and closed_at < created_at,
                is_won=row["IsWon"],
                stage=_stage(facts, tenant, deal, own),
                owner=_series(row, row["OwnerId"], _told(owners[deal], lambda owner: owner)),
                amount=_series(
                    row,
                    money(row["Amount"]),
                    [
                        *_carried((event.entered_at, event.then["amount"]) for event in own),
                        *_told(amounts[deal], money),
                    ],
                ),
                close_date=_series(
                    row,
                    _day(row["CloseDate"]),
                    [
                        *_carried((e.entered_at, _day(e.then["close_date"])) for e in own),
                        *_told(close_dates[deal], _day),
                    ],
                ),
            )
    return found


def _stage(facts: Facts, tenant: str, deal: str, events: list[Entry]) -> Series:
    """The record tells a stage only where its name is mapped and not that of the latest event."""
    row = facts.of("opportunity", tenant)[deal]
    changes: list[_Change] = []
    for event in events:
        currency = event.then["currency_code"] or row["CurrencyIsoCode"]
        value = (event.stage_id, event.kind, currency)
        changes.append((event.entered_at, value, value))
    if events and events[-1].then["stage_name"] == row["StageName"]:
        return _series(row, changes[-1][2], changes)
    pipeline_id = pipeline_of(facts, tenant, deal)
    stage_id = mapped_stage(
        facts, tenant, pipeline_id, "opportunity", row["StageName"], facts.as_of_date
    )
    if stage_id is None:
        return _series(row, changes[-1][2] if changes else ("", "", None), changes)
    (stage,) = facts.valid(
        "process_stage", facts.as_of_date, pipeline_id=pipeline_id, stage_id=stage_id
    )
    return _series(row, (stage_id, stage["kind"], row["CurrencyIsoCode"]), changes)


def _series(row: Row, now: Any, changes: list[_Change]) -> Series:
    """Changes of one instant stay in their order; what the record says comes after them."""
    if not changes:
        return Series((now, True), ())
    changes = sorted(changes, key=lambda change: change[0])
    values = [(at, (new, False)) for at, _, new in changes]
    values.append((sure_instant(row["SystemModstamp"]), (now, now != changes[-1][2])))
    return Series((changes[0][1], False), tuple(sorted(values, key=lambda value: value[0])))


def _carried(told: Iterable[tuple[datetime, Any]]) -> list[_Change]:
    """What stage events say of a field; nothing where none of them holds a value."""
    changes = [(at, value, value) for at, value in told]
    return changes if any(value is not None for _, value, _ in changes) else []


def _told(changes: Changes, read: Callable[[str | None], Any]) -> list[_Change]:
    """Field changes whose values can be read."""
    found = []
    for at, _, row in changes:
        try:
            found.append((at, read(row["OldValue"]), read(row["NewValue"])))
        except (ValueError, InvalidOperation):
            continue
    return found


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


@dataclass(frozen=True)
class Interval:
    """Days [first_day, next_day) at whose ends an open deal was the same; None while it lasts."""

    tenant: str
    pipeline_id: str
    deal: str
    first_day: date
    next_day: date | None
    state: State
    amount: Decimal | None
    """In the tenant's currency, at the rate of the first day."""

    def holds(self, day: date) -> bool:
        return self.first_day <= day and (self.next_day is None or day < self.next_day)


def day_ends(facts: Facts, tenant: str, history: History) -> list[tuple[date, State]]:
    """(first day, state) of every run of days at whose ends the deal was the same, open or not."""
    by_day: dict[date, State] = {}
    for at in sorted(history.instants()):
        if history.created_at <= at < facts.as_of_at:
            by_day[facts.local_date(at, tenant)] = history.at(at)
    runs: list[tuple[date, State]] = []
    for day, state in by_day.items():
        if not runs or runs[-1][1] != state:
            runs.append((day, state))
    return runs


def intervals(facts: Facts, tenant: str, deal: str, history: History) -> list[Interval]:
    """The runs of days at whose ends the deal was open and the same, first to last."""
    pipeline_id = pipeline_of(facts, tenant, deal)
    runs = day_ends(facts, tenant, history)
    found = []
    for number, (day, state) in enumerate(runs):
        if state.is_open:
            ends = runs[number + 1][0] if number + 1 < len(runs) else None
            amount = facts.converted(state.amount, tenant, state.currency, day)
            found.append(Interval(tenant, pipeline_id, deal, day, ends, state, amount))
    return found
