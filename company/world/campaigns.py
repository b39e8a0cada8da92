"""Campaigns and who they touched: one a quarter and channel, its leads are its members."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, time, timedelta

from company.world.calendar import DAY, HOUR, add_months, instant, local_date, salesforce_time
from company.world.ids import salesforce_id
from company.world.records import Record, money
from company.world.sales import Lead, Sales
from company.world.streams import chance, stream
from company.world.tenants import WORLD_END, WORLD_START

CHANNELS = ("Website", "Trade Show", "Partner")
_MONTHS = 3
_COST_CENTS = {"CNY": 9_000_000, "USD": 1_300_000}


@dataclass(frozen=True, slots=True)
class _Campaign:
    record: Record
    starts_on: date
    ends_on: date


def campaigns(seed: int, sales: Sales) -> tuple[list[Record], list[Record]]:
    """All campaigns, and the members of each."""
    random = stream(seed, sales.tenant.name, "campaigns")
    found: dict[str, list[_Campaign]] = {channel: [] for channel in CHANNELS}
    month = WORLD_START
    while month < WORLD_END:
        for channel in CHANNELS:
            cents = _COST_CENTS[sales.tenant.currency] * random.randrange(60, 140) // 100
            found[channel].append(_campaign(sales, channel, month, cents))
        month = add_months(month, _MONTHS)
    members = [
        member
        for lead in sales.leads
        for campaign in found.get(str(lead.record.first_state["LeadSource"]), [])
        for member in _member(seed, sales, campaign, lead)
    ]
    return [campaign.record for entries in found.values() for campaign in entries], members


def _campaign(sales: Sales, channel: str, starts_on: date, cents: int) -> _Campaign:
    """Planned three weeks ahead; what it cost is known a week after its end."""
    zone, number = sales.tenant.zone, sales.counter.next("campaign")
    ends_on = add_months(starts_on, _MONTHS) - timedelta(days=1)
    owner = sales.users[0].id
    begins, ends = instant(starts_on, time(9), zone), instant(ends_on, time(18), zone)
    planned_at = begins - 21 * DAY
    record = Record(
        salesforce_id("campaign", number),
        planned_at,
        {
            "Name": f"{channel} {starts_on:%Y-%m}",
            "Type": channel,
            "Status": "Planned",
            "StartDate": starts_on.isoformat(),
            "EndDate": ends_on.isoformat(),
            "BudgetedCost": money(cents // 100_000 * 100_000),
            "ActualCost": None,
            "CurrencyIsoCode": sales.tenant.currency,
            "OwnerId": owner,
            "CreatedById": owner,
            "CreatedDate": salesforce_time(planned_at),
            "IsDeleted": False,
        },
    )
    record.change(begins, Status="In Progress", ActualCost=money(cents // 3))
    record.change(ends + 7 * DAY, Status="Completed", ActualCost=money(cents))
    return _Campaign(record, starts_on, ends_on)


def _member(seed: int, sales: Sales, campaign: _Campaign, lead: Lead) -> Iterator[Record]:
    """The lead as a member of the campaign of its channel that ran when it came in."""
    zone = sales.tenant.zone
    came_on = local_date(lead.record.created_at, zone)
    if not campaign.starts_on <= came_on <= campaign.ends_on:
        return
    random = stream(seed, sales.tenant.name, "member", lead.record.id)
    at = lead.record.created_at + random.randrange(60, HOUR)
    owner = str(lead.record.first_state["OwnerId"])
    record = Record(
        salesforce_id("campaign_member", sales.counter.next("campaign_member")),
        at,
        {
            "CampaignId": campaign.record.id,
            "LeadId": lead.record.id,
            "ContactId": None,
            "Status": "Sent",
            "HasResponded": False,
            "FirstRespondedDate": None,
            "CreatedById": owner,
            "CreatedDate": salesforce_time(at),
            "IsDeleted": False,
        },
    )
    if campaign.record.first_state["Type"] == "Trade Show" or chance(random, 70):
        responded_at = at + random.randrange(DAY)
        record.change(
            responded_at,
            Status="Responded",
            HasResponded=True,
            FirstRespondedDate=local_date(responded_at, zone).isoformat(),
        )
    for converted_at, state in lead.record.states():
        if state["ConvertedContactId"]:
            record.change(max(converted_at, at), ContactId=state["ConvertedContactId"])
            break
    gone_at = lead.record.deleted_at
    if gone_at is not None and gone_at > at:
        record.delete(gone_at)
    yield record
