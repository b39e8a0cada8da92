"""The traffic light of every account on every day, and who kept his accounts up to date."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from company.answer_key.deals import Deal, survivor
from company.answer_key.facts import Facts, Row, days_between, instant, rate, sure_instant
from company.answer_key.places import working_days
from company.answer_key.states import Histories, History, State, day_ends

WORST_FIRST = {"red": "follow_up", "yellow": "negotiating", "green": "won"}
SHOWN_WHEN_CLOSED = ("won", "collected")


@dataclass(frozen=True)
class Light:
    """What an account shows at the end of a day."""

    light: str
    owner: str | None
    red: int
    yellow: int
    green: int
    open: int


@dataclass(frozen=True)
class Shown:
    """Days [first_day, next_day) on which an account shows the same; None while it lasts."""

    tenant: str
    account: str
    first_day: date
    next_day: date | None
    since: date
    """The first of the days in a row on which the light is this one."""
    light: Light


def shown(facts: Facts, deals: list[Deal], histories: Histories) -> list[Shown]:
    """What every account shows, in runs of days."""
    accounts: dict[tuple[str, str], dict[date, list[tuple[str, State]]]]
    accounts = defaultdict(lambda: defaultdict(list))
    for deal in deals:
        if deal.account is not None:
            for day, light, state in _of_deal(facts, deal, histories[deal.tenant, deal.source_id]):
                accounts[deal.tenant, deal.account][day].append((light, state))
    found: list[Shown] = []
    for (tenant, account), by_day in accounts.items():
        found.extend(_runs(facts, tenant, account, by_day))
    return found


def _of_deal(facts: Facts, deal: Deal, history: History) -> Iterator[tuple[date, str, State]]:
    """(day, light, state) of every day on which a deal has a light."""
    runs = day_ends(facts, deal.tenant, history)
    after_last = facts.as_of_date + timedelta(days=1)
    ends = [*(first for first, _ in runs[1:]), after_last]
    for (first, state), end in zip(runs, ends, strict=True):
        light = _light(facts, deal.pipeline_id, state, first)
        if light is not None:
            for day in days_between(first, end):
                yield day, light, state


def _light(facts: Facts, pipeline_id: str, state: State, first: date) -> str | None:
    """The light of a state that began on a day; closed deals show only what they won."""
    if not state.is_open and state.kind not in SHOWN_WHEN_CLOSED:
        return None
    rows = facts.valid("traffic_light", first, stage_id=state.stage_id)
    for pipeline in (pipeline_id, "*"):
        for row in rows:
            if row["pipeline_id"] == pipeline:
                return str(row["light"])
    return None


def _runs(
    facts: Facts, tenant: str, account: str, by_day: dict[date, list[tuple[str, State]]]
) -> Iterator[Shown]:
    days = sorted(by_day)
    lights = {day: _worst(by_day[day]) for day in days}
    first = since = days[0]
    for day, following in zip(days, [*days[1:], None], strict=True):
        tomorrow = day + timedelta(days=1)
        is_last = following is None or following != tomorrow
        if is_last or lights[tomorrow] != lights[day]:
            ends = tomorrow if tomorrow <= facts.as_of_date else None
            yield Shown(tenant, account, first, ends, since, lights[day])
            if following is not None:
                first = following
                is_the_same = not is_last and lights[following].light == lights[day].light
                since = since if is_the_same else following


def _worst(deals: list[tuple[str, State]]) -> Light:
    counts = Counter(light for light, _ in deals)
    worst = next(light for light in WORST_FIRST if counts[light])
    owners = Counter(
        state.owner for light, state in deals if light == worst and state.owner is not None
    )
    most = max(owners.values(), default=0)
    owner = min((owner for owner, held in owners.items() if held == most), default=None)
    is_open = sum(state.is_open for _, state in deals)
    return Light(worst, owner, counts["red"], counts["yellow"], counts["green"], is_open)


def intervals(found: list[Shown]) -> list[Row]:
    """`fct_account_light_interval`."""
    return [
        {
            "tenant": run.tenant,
            "account_source_id": run.account,
            "valid_from_date": run.first_day,
            "valid_to_date": run.next_day,
            "light": run.light.light,
            "light_code": WORST_FIRST[run.light.light],
            "light_since_date": run.since,
            "owner_source_id": run.light.owner,
            "red_deal_count": run.light.red,
            "yellow_deal_count": run.light.yellow,
            "green_deal_count": run.light.green,
            "open_deal_count": run.light.open,
        }
        for run in found
    ]


def every_day(facts: Facts, run: Shown) -> list[date]:
    return days_between(run.first_day, run.next_day or facts.as_of_date + timedelta(days=1))


def by_date_owner(facts: Facts, deals: list[Deal], found: list[Shown]) -> list[Row]:
    """`mart_traffic_light_by_date_owner`."""
    touched = _touched(facts, deals)
    held: dict[tuple[str, date, str | None], list[tuple[str, Light]]] = defaultdict(list)
    for run in found:
        for day in every_day(facts, run):
            held[run.tenant, day, run.light.owner].append((run.account, run.light))
    works = {
        tenant: working_days(facts, tenant, days[0], days[-1] + timedelta(days=1))
        for tenant in facts.tenants
        if (days := sorted(day for held_by, day, _ in held if held_by == tenant))
    }
    rows: list[Row] = []
    for (tenant, day, owner), accounts in held.items():
        lights = Counter(light.light for _, light in accounts)
        is_open = [account for account, light in accounts if light.open]
        updated = sum((tenant, account, day) in touched for account in is_open)
        rows.append(
            {
                "tenant": tenant,
                "as_of_date": day,
                "owner_source_id": owner,
                "red_follow_up_count": lights["red"],
                "yellow_negotiating_count": lights["yellow"],
                "green_won_count": lights["green"],
                "open_account_count": len(is_open),
                "updated_account_count": updated,
                "update_compliance_rate": rate(updated, len(is_open)),
                "is_working_day": day in works[tenant],
            }
        )
    return rows


def _touched(facts: Facts, deals: list[Deal]) -> set[tuple[str, str, date]]:
    """(tenant, account, day) of every day on which something was done about an account."""
    accounts = {(deal.tenant, deal.source_id): deal.account for deal in deals}
    found: set[tuple[str, str, date]] = set()

    def touch(tenant: str, account: str | None, at_text: str) -> None:
        at = sure_instant(at_text)
        if account is not None and at < facts.as_of_at:
            found.add((tenant, account, facts.local_date(at, tenant)))

    for tenant in facts.tenants:
        stage_before: dict[str, str] = {}
        history = facts.of("opportunity_history", tenant)
        for _, row in sorted(history.items(), key=lambda item: (item[1]["CreatedDate"], item[0])):
            deal = row["OpportunityId"]
            # A row that leaves the stage as it is tells of a field, whose change is told as well.
            if stage_before.get(deal) != row["StageName"]:
                touch(tenant, accounts.get((tenant, deal)), row["CreatedDate"])
            stage_before[deal] = row["StageName"]
        for row in facts.of("opportunity_field_history", tenant).values():
            touch(tenant, accounts.get((tenant, row["OpportunityId"])), row["CreatedDate"])
        for row in facts.of("task", tenant).values():
            if row["IsClosed"] and instant(row["CompletedDateTime"]) is not None:
                touch(tenant, accounts.get((tenant, row["WhatId"])), row["CompletedDateTime"])
                touch(tenant, survivor(facts, tenant, row["AccountId"]), row["CompletedDateTime"])
    return found
