"""What stood in the way of the deals of red accounts, week by week."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from company.answer_key.deals import Deal
from company.answer_key.facts import Facts, Row, known_sum, week_of
from company.answer_key.lights import Shown, every_day
from company.answer_key.measures import percentile
from company.answer_key.states import Interval

BLANK = "(blank)"
WEEK = timedelta(days=7)


@dataclass(frozen=True)
class Blocker:
    """One line of the list; days are the tenant's."""

    tenant: str
    deal: str
    owner: str | None
    opened_on: date
    resolved_at: datetime | None
    resolved_on: date | None
    action: str
    code: str
    changes: tuple[tuple[datetime, str, str], ...]
    """(when, old code, new code), in their order."""

    def code_at(self, facts: Facts, day: date, until: datetime | None = None) -> str:
        """The code at the end of a day, or at an instant of it."""
        code = self.changes[0][1] if self.changes else self.code
        for at, _, new in self.changes:
            if at <= until if until else facts.local_date(at, self.tenant) <= day:
                code = new
        return code.strip() or BLANK


@dataclass
class _Cell:
    opened: list[tuple[Blocker, Interval]] = field(default_factory=list)
    resolved: list[Blocker] = field(default_factory=list)


def by_week(
    facts: Facts, deals: list[Deal], open_days: list[Interval], account_lights: list[Shown]
) -> list[Row]:
    """`mart_blockers_by_week_owner_code`."""
    red_days = {
        (run.tenant, run.account, day)
        for run in account_lights
        if run.light.light == "red"
        for day in every_day(facts, run)
    }
    accounts = {(deal.tenant, deal.source_id): deal.account for deal in deals}
    of_deal: dict[tuple[str, str], list[Interval]] = defaultdict(list)
    for interval in open_days:
        of_deal[interval.tenant, interval.deal].append(interval)

    def looked_at(blocker: Blocker, day: date) -> Interval | None:
        """The deal as it was open on the day, when its account was red; else None."""
        key = (blocker.tenant, blocker.deal)
        if (blocker.tenant, accounts[key], day) not in red_days:
            return None
        return next((interval for interval in of_deal[key] if interval.holds(day)), None)

    cells: dict[tuple[str, date, str | None, str], _Cell] = defaultdict(_Cell)
    for blocker in _known(facts, set(accounts)):
        for week in _weeks(facts, blocker):
            last_day = min(week + WEEK - timedelta(days=1), facts.as_of_date)
            found = looked_at(blocker, last_day)
            if found is not None:
                owner = blocker.owner or found.state.owner
                code = blocker.code_at(facts, last_day)
                cells[blocker.tenant, week, owner, code].opened.append((blocker, found))
        if blocker.resolved_on is not None:
            day = max(blocker.resolved_on - timedelta(days=1), blocker.opened_on)
            found = looked_at(blocker, day)
            if found is not None:
                owner = blocker.owner or found.state.owner
                code = blocker.code_at(facts, blocker.resolved_on, blocker.resolved_at)
                week = week_of(blocker.resolved_on)
                cells[blocker.tenant, week, owner, code].resolved.append(blocker)
    return [_row(facts, *grain, cell) for grain, cell in cells.items()]


def _known(facts: Facts, deals: set[tuple[str, str]]) -> Iterator[Blocker]:
    """The blockers of known deals that count: none was resolved before it came up."""
    for tenant, lines in facts.blockers.items():
        for line in lines.values():
            opened_at = facts.from_local(line["opened"], tenant)
            resolved_at = (
                facts.from_local(line["resolved"], tenant) if line["resolved"].strip() else None
            )
            if (tenant, line["deal"]) not in deals or opened_at >= facts.as_of_at:
                continue
            if resolved_at is not None and resolved_at < opened_at:
                continue
            if resolved_at is not None and resolved_at >= facts.as_of_at:
                resolved_at = None
            changes = sorted(
                (facts.from_local(change["changed"], tenant), change["change_no"], change)
                for change in line["changes"]
            )
            yield Blocker(
                tenant=tenant,
                deal=line["deal"],
                owner=line["owner"].strip() or None,
                opened_on=facts.local_date(opened_at, tenant),
                resolved_at=resolved_at,
                resolved_on=facts.local_date(resolved_at, tenant) if resolved_at else None,
                action=line["action"],
                code=line["code"],
                changes=tuple(
                    (at, change["old"], change["new"])
                    for at, _, change in changes
                    if at < facts.as_of_at
                ),
            )


def _weeks(facts: Facts, blocker: Blocker) -> Iterator[date]:
    """The weeks at whose ends a blocker stood."""
    week = week_of(blocker.opened_on)
    while week <= facts.as_of_date:
        last_day = min(week + WEEK - timedelta(days=1), facts.as_of_date)
        if blocker.resolved_on is not None and blocker.resolved_on <= last_day:
            return
        yield week
        week += WEEK


def _row(facts: Facts, tenant: str, week: date, owner: str | None, code: str, cell: _Cell) -> Row:
    last_day = min(week + WEEK - timedelta(days=1), facts.as_of_date)
    blocked = {interval.deal: interval.amount for _, interval in cell.opened}
    return {
        "tenant": tenant,
        "week_start_date": week,
        "owner_source_id": owner,
        "blocker_code": code,
        "open_count": len(cell.opened),
        "blocked_deal_count": len(blocked),
        "blocked_amount": known_sum(blocked.values()),
        "median_age_days": percentile(
            [(last_day - blocker.opened_on).days for blocker, _ in cell.opened], 50
        ),
        "resolved_count": len(cell.resolved),
        "resolved_without_action_count": sum(
            not blocker.action.strip() for blocker in cell.resolved
        ),
        "currency_code": facts.currency(tenant),
    }
