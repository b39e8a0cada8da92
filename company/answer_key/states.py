"""What a deal was at the end of any past day, from the versions that the vendor itself had of it.

`docs/marts.md` derives these states from stage events and field changes; the vendor's versions are
another witness of the same days, and must agree with them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from company.answer_key.facts import Facts, Row, money
from company.answer_key.funnel import mapped_stage


@dataclass(frozen=True)
class State:
    """What a deal is while nothing about it changes; `amount` is in `currency`."""

    stage_id: str
    owner: str | None
    amount: Decimal | None
    currency: str | None
    close_date: date | None
    outcome: str
    """`open`, or what the deal is closed as: `won`, `lost`, `disqualified`."""


@dataclass(frozen=True)
class Interval:
    """Days [first_day, next_day) at whose ends an open deal was the same; None while it lasts."""

    tenant: str
    deal: str
    first_day: date
    next_day: date | None
    state: State
    amount: Decimal | None
    """In the tenant's currency, at the rate of the first day."""

    def holds(self, day: date) -> bool:
        return self.first_day <= day and (self.next_day is None or day < self.next_day)


def changes(facts: Facts, tenant: str, deal: str) -> list[tuple[datetime, State]]:
    """Every version of a deal that was known, as (since when, state)."""
    found: list[tuple[datetime, State]] = []
    name_before, stage_id, kind = None, "", ""
    for at, row in facts.deal_versions[tenant, deal]:
        day = facts.local_date(at, tenant)
        if at >= facts.as_of_at or day > facts.as_of_date:
            break
        if row["StageName"] != name_before:
            name_before = row["StageName"]
            stage_id = mapped_stage(facts, tenant, "opportunity", name_before, day)
            stage = facts.valid("process_stage", day, pipeline_id="default", stage_id=stage_id)
            kind = stage[0]["kind"]
        found.append((at, _state(row, stage_id, kind)))
    return found


def _state(row: Row, stage_id: str, kind: str) -> State:
    outcome = "open"
    if row["IsClosed"]:
        outcome = "won" if row["IsWon"] else "disqualified" if kind == "disqualified" else "lost"
    close_date = row["CloseDate"]
    return State(
        stage_id,
        row["OwnerId"],
        money(row["Amount"]),
        row["CurrencyIsoCode"],
        date.fromisoformat(close_date) if close_date else None,
        outcome,
    )


def day_ends(facts: Facts, tenant: str, deal: str) -> list[tuple[date, State]]:
    """(first day, state) of every run of days at whose ends the deal was the same, open or not."""
    by_day: dict[date, State] = {}
    for at, state in changes(facts, tenant, deal):
        by_day[facts.local_date(at, tenant)] = state
    runs: list[tuple[date, State]] = []
    for day, state in by_day.items():
        if not runs or runs[-1][1] != state:
            runs.append((day, state))
    return runs


def intervals(facts: Facts, tenant: str, deal: str) -> list[Interval]:
    """The runs of days at whose ends the deal was open and the same, first to last."""
    runs = day_ends(facts, tenant, deal)
    found = []
    for number, (day, state) in enumerate(runs):
        if state.outcome == "open":
            ends = runs[number + 1][0] if number + 1 < len(runs) else None
            amount = facts.converted(state.amount, tenant, state.currency, day)
            found.append(Interval(tenant, deal, day, ends, state, amount))
    return found
