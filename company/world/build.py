"""Builds a whole world: both tenants, all three vendors, the policy that fits them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from company.world.activities import follow_ups, tasks
from company.world.billing import bill
from company.world.blockers import blockers, write_blockers
from company.world.calendar import midnight_utc
from company.world.campaigns import campaigns
from company.world.contacts import contacts
from company.world.contracts import contracts
from company.world.credits import credit
from company.world.cross_sells import cross_sells
from company.world.histories import lead_history, opportunity_field_history, opportunity_history
from company.world.lines import opportunity_lines, sold_by_deal
from company.world.meetings import meetings, unlog
from company.world.money import Finance, simulate_finance
from company.world.odd_leads import odd_leads
from company.world.payroll import commission_due
from company.world.people import build_roster
from company.world.policy import write_policy
from company.world.products import crm_products
from company.world.quotes import quotes
from company.world.records import (
    Record,
    Version,
    salesforce_versions,
    stripe_versions,
    zendesk_versions,
)
from company.world.register import register_lines, write_register
from company.world.renewals import renewals
from company.world.sales import Sales, simulate_sales
from company.world.support import Support, simulate_support
from company.world.tenants import SCALES, TENANTS, WORLD_END
from company.world.writer import write_versions

DEFAULT_SEED = 7
DEFAULT_SCALE = "S"


@dataclass(frozen=True, slots=True)
class WorldSummary:
    """Where a world was written and how many object versions it holds."""

    folder: Path
    seed: int
    scale: str
    versions: int


def build_world(
    seed: int,
    out: Path,
    until: date = WORLD_END,
    scale: str = DEFAULT_SCALE,
) -> WorldSummary:
    """Writes `world.sqlite`, `files/` and `policy/` into `out`; the same arguments, the same bytes.

    `until` is the first UTC day that is left out. A world cut earlier is a prefix of the whole one:
    the days before the cut are the same. Raises KeyError for a scale that does not exist.
    """
    out.mkdir(parents=True, exist_ok=True)
    size = SCALES[scale]
    rosters = [build_roster(seed, tenant, size) for tenant in TENANTS]
    versions: list[Version] = []
    for roster in rosters:
        sales = simulate_sales(seed, roster, size)
        sales.cross_sells = cross_sells(seed, sales)
        sales.renewals = renewals(seed, sales)
        sales.leads += odd_leads(seed, sales)
        lines = list(opportunity_lines(seed, sales.tenant, sales.counter, sales.deals))
        versions.extend(_crm_versions(seed, sales, lines))
        finance = simulate_finance(seed, sales)
        bill(finance, sold_by_deal(lines))
        credit(finance)
        versions.extend(_finance_versions(finance))
        versions.extend(_support_versions(simulate_support(seed, sales)))
        register = register_lines(seed, roster, commission_due(sales, finance, size))
        folder = out / "files" / "payroll" / roster.tenant.name
        write_register(folder, roster.tenant, register, until)
        folder = out / "files" / "sales" / roster.tenant.name
        write_blockers(folder, roster.tenant, blockers(seed, sales), midnight_utc(until))
    count = write_versions(out / "world.sqlite", versions, midnight_utc(until))
    write_policy(out / "policy", rosters, size)
    return WorldSummary(out, seed, scale, count)


def _crm_versions(seed: int, sales: Sales, lines: list[Record]) -> Iterator[Version]:
    """Every version of every object of one tenant's CRM."""
    tenant, counter = sales.tenant.name, sales.counter
    names = {user.id: str(user.first_state["Name"]) for user in sales.users}
    for resource, records in _crm_records(seed, sales, lines):
        for record in records:
            yield from salesforce_versions(tenant, resource, record)
    for deal in sales.every_deal():
        yield from opportunity_history(tenant, counter, deal.record)
        yield from opportunity_field_history(tenant, counter, deal.record, names)
    for lead in sales.leads:
        yield from lead_history(tenant, counter, lead.record, names)


def _finance_versions(finance: Finance) -> Iterator[Version]:
    """Every version of every object of one tenant's finance system."""
    for resource, records in finance.records():
        for record in records:
            yield from stripe_versions(finance.tenant.name, resource, record)


def _support_versions(support: Support) -> Iterator[Version]:
    """Every version of every object of one tenant's support system."""
    yield from support.events
    for resource, records in support.records():
        for record in records:
            yield from zendesk_versions(support.tenant.name, resource, record)


def _crm_records(
    seed: int, sales: Sales, lines: list[Record]
) -> Iterator[tuple[str, list[Record]]]:
    """(resource, records) of the mutable CRM objects."""
    signed = contracts(seed, sales)
    gone = {deal.id: at for deal in sales.deals if (at := deal.record.deleted_at) is not None}
    yield "user", sales.users
    yield "account", [c.account for c in sales.companies if c.account is not None]
    yield "lead", [lead.record for lead in sales.leads]
    yield "opportunity", [deal.record for deal in sales.every_deal()]
    yield "opportunity_line_item", _delete_with_deals(lines, gone)
    yield "opportunity_contact_role", _delete_with_deals(sales.roles, gone)
    logged = [*tasks(seed, sales), *meetings(seed, sales)]
    unlog(seed, sales, logged)
    yield "task", [*logged, *follow_ups(seed, sales)]
    yield "product", crm_products(sales.users[0].id)
    yield "contract", signed
    yield "contact", contacts(seed, sales)
    yield "quote", _delete_with_deals(quotes(sales), gone)
    run, members = campaigns(seed, sales)
    yield "campaign", run
    yield "campaign_member", members


def _delete_with_deals(parts: list[Record], gone: dict[str, int]) -> list[Record]:
    """The parts of deals: deleted in the second their deal is; none is made after that."""
    living = []
    for part in parts:
        deleted_at = gone.get(str(part.first_state["OpportunityId"]))
        if deleted_at is not None:
            if part.created_at >= deleted_at:
                continue
            part.delete(deleted_at)
        living.append(part)
    return living
