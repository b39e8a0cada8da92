"""How many leads came in, from where and to whom, and what became of them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

from company.answer_key.deals import ALL, NONE
from company.answer_key.facts import (
    MILLIONTH,
    Facts,
    Row,
    add_months,
    days_between,
    half_away,
    instant,
    months_between,
    rate,
    sure_instant,
    week_of,
)
from company.answer_key.funnel import COUNTED_KINDS, Entry
from company.answer_key.places import working_days
from company.answer_key.stays import ENDED_KINDS

SUNDAY = 6


def _known(facts: Facts, tenant: str) -> list[tuple[datetime, str, Row]]:
    """(created, id, lead) of the leads known, in the order of their creation."""
    leads = [
        (sure_instant(row["CreatedDate"]), key, row)
        for key, row in facts.of("lead", tenant).items()
    ]
    return sorted((lead for lead in leads if lead[0] < facts.as_of_at), key=lambda lead: lead[:2])


def _duplicates(facts: Facts, tenant: str) -> set[str]:
    """The leads whose company, by its name, had asked before."""
    seen: set[str] = set()
    found: set[str] = set()
    for _, key, row in _known(facts, tenant):
        company = (row["Company"] or "").strip().lower()
        if company in seen:
            found.add(key)
        if company:
            seen.add(company)
    return found


def by_day(facts: Facts) -> list[Row]:
    """`mart_leads_by_day_source_owner`."""
    groups: dict[tuple[str, date, str | None, str | None], list[tuple[bool, bool]]]
    groups = defaultdict(list)
    for tenant in facts.tenants:
        duplicates = _duplicates(facts, tenant)
        for created, key, row in _known(facts, tenant):
            day = facts.local_date(created, tenant)
            is_converted = instant(row["ConvertedDate"]) is not None
            grain = (tenant, day, row["LeadSource"], row["OwnerId"])
            groups[grain].append((is_converted, key in duplicates))
    return [
        {
            "tenant": tenant,
            "created_date": day,
            "lead_source": source,
            "owner_source_id": owner,
            "leads_count": len(leads),
            "converted_count": sum(is_converted for is_converted, _ in leads),
            "duplicate_count": sum(is_duplicate for _, is_duplicate in leads),
        }
        for (tenant, day, source, owner), leads in groups.items()
    ]


def averages(facts: Facts) -> list[Row]:
    """`mart_lead_average_by_month_source`."""
    rows: list[Row] = []
    for tenant in facts.tenants:
        months: dict[str, list[date]] = defaultdict(list)
        for created, _, row in _known(facts, tenant):
            month = facts.local_month(created, tenant)
            months[ALL].append(month)
            months[row["LeadSource"] or NONE].append(month)
        for source, created_in in months.items():
            for number in range(months_between(min(created_in), facts.as_of_month) + 1):
                month = add_months(min(created_in), number)
                rows.append(_average(facts, tenant, source, month, created_in.count(month)))
    return rows


def _average(facts: Facts, tenant: str, source: str, month: date, count: int) -> Row:
    end = min(add_months(month, 1), facts.as_of_date + timedelta(days=1))
    days = days_between(month, end)
    working = len(working_days(facts, tenant, month, end))
    return {
        "tenant": tenant,
        "month": month,
        "lead_source": source,
        "leads_count": count,
        "calendar_day_count": len(days),
        "working_day_count": working,
        "leads_per_calendar_day": half_away(Fraction(count, len(days)), MILLIONTH),
        "leads_per_working_day": (
            half_away(Fraction(count, working), MILLIONTH) if working else None
        ),
        "is_partial": facts.is_partial(month),
    }


@dataclass(frozen=True)
class _Life:
    """What became of a lead."""

    is_worked: bool
    is_qualified: bool
    is_disqualified: bool
    is_converted: bool
    joined: bool
    is_duplicate: bool


def qualification(facts: Facts, entries: list[Entry]) -> list[Row]:
    """`mart_lead_qualification_by_week_source_owner`."""
    own: dict[tuple[str, str], list[Entry]] = defaultdict(list)
    for entry in entries:
        if entry.record_type == "lead":
            own[entry.tenant, entry.record_id].append(entry)
    groups: dict[tuple[str, date, str | None, str | None], list[_Life]] = defaultdict(list)
    for tenant in facts.tenants:
        converted = _converted(facts, tenant)
        joined = _joined(facts, tenant, converted)
        duplicates = _duplicates(facts, tenant)
        called = _called(facts, tenant)
        for created, key, row in _known(facts, tenant):
            path, converted_at = own[tenant, key], converted.get(key)
            life = _Life(
                is_worked=(
                    converted_at is not None
                    or key in called
                    or any(entry.entered_at > created for entry in path)
                ),
                is_qualified=any(
                    entry.kind in COUNTED_KINDS
                    and entry.stage_order > path[0].stage_order
                    and (converted_at is None or entry.entered_at < converted_at)
                    for entry in path
                ),
                is_disqualified=converted_at is None and path[-1].kind in ENDED_KINDS,
                is_converted=converted_at is not None,
                joined=key in joined,
                is_duplicate=key in duplicates,
            )
            week = week_of(facts.local_date(created, tenant))
            groups[tenant, week, row["LeadSource"], row["OwnerId"]].append(life)
    return [
        {
            "tenant": tenant,
            "week_start_date": week,
            "lead_source": source,
            "owner_source_id": owner,
            **_qualification_cell(lives),
            "is_partial": (
                week == week_of(facts.as_of_date) and facts.as_of_date.weekday() != SUNDAY
            ),
        }
        for (tenant, week, source, owner), lives in groups.items()
    ]


def _qualification_cell(lives: list[_Life]) -> Row:
    worked = sum(life.is_worked for life in lives)
    qualified = sum(life.is_qualified for life in lives)
    converted = sum(life.is_converted for life in lives)
    both = sum(life.is_qualified and life.is_converted for life in lives)
    return {
        "leads_count": len(lives),
        "worked_count": worked,
        "qualified_count": qualified,
        "disqualified_count": sum(life.is_disqualified for life in lives),
        "converted_count": converted,
        "qualified_converted_count": both,
        "converted_without_qualification_count": converted - both,
        "joined_existing_count": sum(life.joined for life in lives),
        "duplicate_count": sum(life.is_duplicate for life in lives),
        "qualified_rate": rate(qualified, worked),
        "qualified_conversion_rate": rate(both, qualified),
    }


def _converted(facts: Facts, tenant: str) -> dict[str, datetime]:
    """Converted lead -> when: as its history says, else the first instant of the date."""
    told: dict[str, datetime] = {}
    for row in facts.of("lead_history", tenant).values():
        if row["Field"] == "leadConverted":
            at = sure_instant(row["CreatedDate"])
            told[row["LeadId"]] = max(at, told.get(row["LeadId"], at))
    found: dict[str, datetime] = {}
    for _, key, row in _known(facts, tenant):
        if row["ConvertedDate"]:
            midnight = datetime.fromisoformat(row["ConvertedDate"]).replace(tzinfo=UTC)
            at = told.get(key, midnight)
            if at < facts.as_of_at:
                found[key] = at
    return found


def _joined(facts: Facts, tenant: str, converted: dict[str, datetime]) -> set[str]:
    """The leads that came to a deal which was there before them, or was another lead's first."""
    opportunities = facts.opportunities(tenant)
    known = {key: (created, row) for created, key, row in _known(facts, tenant)}
    found: set[str] = set()
    taken: set[str] = set()
    for key in sorted(converted, key=lambda key: (converted[key], known[key][0], key)):
        created, row = known[key]
        deal = row["ConvertedOpportunityId"]
        if deal in opportunities:
            is_older = sure_instant(opportunities[deal]["CreatedDate"]) < created
            if is_older or deal in taken:
                found.add(key)
            taken.add(deal)
    return found


def _called(facts: Facts, tenant: str) -> set[str]:
    """The leads that somebody did something about."""
    return {
        row["WhoId"]
        for row in facts.of("task", tenant).values()
        if row["IsClosed"]
        and (at := instant(row["CompletedDateTime"])) is not None
        and at < facts.as_of_at
    }
