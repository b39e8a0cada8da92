"""How many leads came in, from where and to whom."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime, timedelta
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
    sure_instant,
)
from company.answer_key.places import working_days


def _known(facts: Facts, tenant: str) -> list[tuple[datetime, str, Row]]:
    """(created, id, lead) of the leads known, in the order of their creation."""
    leads = [
        (sure_instant(row["CreatedDate"]), key, row)
        for key, row in facts.of("lead", tenant).items()
    ]
    return sorted((lead for lead in leads if lead[0] < facts.as_of_at), key=lambda lead: lead[:2])


def by_day(facts: Facts) -> list[Row]:
    """`mart_leads_by_day_source_owner`."""
    groups: dict[tuple[str, date, str | None, str | None], list[tuple[bool, bool]]]
    groups = defaultdict(list)
    for tenant in facts.tenants:
        seen: set[str] = set()
        for created, _, row in _known(facts, tenant):
            company = (row["Company"] or "").strip().lower()
            day = facts.local_date(created, tenant)
            is_converted = instant(row["ConvertedDate"]) is not None
            is_duplicate = company in seen
            grain = (tenant, day, row["LeadSource"], row["OwnerId"])
            groups[grain].append((is_converted, is_duplicate))
            if company:
                seen.add(company)
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
