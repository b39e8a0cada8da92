"""The CRM of one tenant: users, leads, accounts and deals, from first touch to the last repeat."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import time
from itertools import pairwise
from random import Random

from company.world.calendar import (
    DAY,
    HOUR,
    in_office,
    instant,
    local_date,
    midnight_utc,
    salesforce_time,
)
from company.world.companies import Company, invent_company, open_account
from company.world.deals import Deal, make_deal, walk, walk_straight
from company.world.evidence import enter_evidence
from company.world.ids import Counter, salesforce_id
from company.world.losses import enter_loss_reasons
from company.world.owners import leaving_instant, owner_at, owner_path, pick_owner
from company.world.people import Roster, team_of
from company.world.records import Record
from company.world.streams import Rota, chance, stream
from company.world.tenants import WORLD_END, WORLD_START, Scale, Tenant

_SOURCES = (
    "Website", "Website", "Website", "Referral", "Referral", "Trade Show", "Trade Show",
    "Partner", "Cold Call", "unknown", None,
)  # fmt: skip
_START, _END = midnight_utc(WORLD_START), midnight_utc(WORLD_END)


@dataclass(slots=True)
class Lead:
    """A lead's record and what is needed to log activities on it."""

    record: Record
    owner_id: str
    ended_at: int | None


@dataclass(slots=True)
class Sales:
    """Everything that happened in one tenant's CRM."""

    roster: Roster
    counter: Counter = field(default_factory=Counter)
    rota: Rota = field(default_factory=Rota)
    companies: list[Company] = field(default_factory=list)
    leads: list[Lead] = field(default_factory=list)
    deals: list[Deal] = field(default_factory=list)
    cross_sells: list[Deal] = field(default_factory=list)
    """Deals beside a running one of the same account; none gets as far as a proposal."""
    renewals: list[Deal] = field(default_factory=list)
    """Deals of a second pipeline: customers asked to stay for another year."""
    roles: list[Record] = field(default_factory=list)
    users: list[Record] = field(default_factory=list)

    @property
    def tenant(self) -> Tenant:
        return self.roster.tenant

    def every_deal(self) -> list[Deal]:
        return [*self.deals, *self.cross_sells, *self.renewals]

    def with_account(self) -> list[Company]:
        """The companies that the CRM knows."""
        return [company for company in self.companies if company.account is not None]


def simulate_sales(seed: int, roster: Roster, scale: Scale) -> Sales:
    """The CRM's life. Deals run past the world's end; the writer cuts there."""
    sales = Sales(roster)
    sales.users = list(_users(seed, roster))
    for region in roster.tenant.regions:
        for number in range(scale.prospects_per_region):
            random = stream(seed, roster.tenant.name, "prospect", region, number)
            _live(random, sales, region)
    sales.roles = enter_evidence(seed, roster.tenant, sales.counter, sales.deals)
    enter_loss_reasons(seed, roster.tenant, sales.deals)
    _merge_and_delete(stream(seed, roster.tenant.name, "deletions"), sales)
    return sales


def _live(random: Random, sales: Sales, region: str) -> None:
    """One prospect: a lead or an outbound approach, then deals for as long as it keeps buying."""
    at = _START + int((_END - _START) * random.random() ** 0.8)
    company = invent_company(random, sales.tenant, region, len(sales.companies) + 1)
    sales.companies.append(company)
    if chance(random, 84):
        deal = _work_lead(random, sales, company, at)
    else:
        deal = _outbound_deal(random, sales, company, at)
    while deal is not None:
        if chance(random, 5):
            _second_lead(random, sales, deal)
        deal = _next_deal(random, sales, deal)


def _work_lead(random: Random, sales: Sales, company: Company, at: int) -> Deal | None:
    """A lead that is left alone, worked, disqualified or converted; the deal it became."""
    zone = sales.tenant.zone
    source = random.choice(_SOURCES)
    owner = pick_owner(random, sales.roster, company.region, at)
    record = lead_record(random, sales, company, source, owner.id, at)
    fate = random.randrange(100)
    worked_at = in_office(random, at + random.randrange(3 * DAY), zone)
    ended_at = None
    if fate >= 7:
        record.change(worked_at, Status="Working")
    if fate >= 28:
        ended_at = in_office(random, worked_at + random.randrange(DAY, 25 * DAY), zone)
    path = owner_path(random, sales.roster, company.region, at, owner, ended_at, [])
    for since, person in path[1:]:
        record.change(since, OwnerId=person.id)
    sales.leads.append(Lead(record, owner.id, ended_at))
    if ended_at is None:
        return None
    if fate < 76:
        record.change(ended_at, Status="Unqualified")
        return None
    if chance(random, 10):
        record.change(random.randrange(worked_at + 1, ended_at), Status="Qualified")
    _open_account(random, sales, company, ended_at)
    deal = None
    if not chance(random, 4):
        moves = walk(random, sales.roster, ended_at, 0, is_repeat=False)
        deal = make_deal(
            random, sales.roster, sales.counter, company, moves,
            owner=owner_at(path, ended_at), lead_source=source, is_repeat=False,
        )  # fmt: skip
        sales.deals.append(deal)
    convert(sales, record, company, deal, ended_at)
    return deal


def lead_record(
    random: Random, sales: Sales, company: Company, source: str | None, owner_id: str, at: int
) -> Record:
    number = sales.counter.next("lead")
    return Record(
        salesforce_id("lead", number),
        at,
        {
            "Name": f"Contact {number}",
            "Company": company.name,
            "Email": f"buyer{number}@{company.domain or 'mail.example'}",
            "LeadSource": source,
            "Status": "New",
            "OwnerId": owner_id,
            "IsConverted": False,
            "ConvertedDate": None,
            "ConvertedAccountId": None,
            "ConvertedContactId": None,
            "ConvertedOpportunityId": None,
            "CreatedById": owner_id,
            "CreatedDate": salesforce_time(at),
            "IsDeleted": False,
        },
    )


def convert(
    sales: Sales,
    lead: Record,
    company: Company,
    deal: Deal | None,
    at: int,
    status: str = "Qualified",
) -> None:
    """The lead becomes a contact of the company's account, and the deal's when there is one."""
    lead.change(
        at,
        Status=status,
        IsConverted=True,
        ConvertedDate=local_date(at, sales.tenant.zone).isoformat(),
        ConvertedAccountId=company.account_id,
        ConvertedContactId=company.contacts[0],
        ConvertedOpportunityId=deal.id if deal else None,
    )


def _open_account(random: Random, sales: Sales, company: Company, at: int) -> None:
    earlier = [
        other
        for other in sales.companies[-60:]
        if other.account is not None and other.account.created_at < at
    ]
    open_account(random, sales.roster, sales.counter, company, at, earlier)


def _outbound_deal(random: Random, sales: Sales, company: Company, at: int) -> Deal:
    """A deal without a lead; the account is opened an hour or a day before."""
    opened_at = in_office(random, at, sales.tenant.zone)
    _open_account(random, sales, company, opened_at)
    start = in_office(random, opened_at + random.choice((HOUR, DAY)), sales.tenant.zone)
    moves = walk(random, sales.roster, start, random.choice((0, 0, 1)), is_repeat=False)
    deal = make_deal(
        random, sales.roster, sales.counter, company, moves,
        owner=None, lead_source=random.choice(_SOURCES), is_repeat=False,
    )  # fmt: skip
    sales.deals.append(deal)
    return deal


def _second_lead(random: Random, sales: Sales, deal: Deal) -> None:
    """Another person of the company asks while the deal runs: converted into the existing deal."""
    zone = sales.tenant.zone
    at = deal.created_at + random.randrange(12 * DAY)
    owner = pick_owner(random, sales.roster, deal.company.region, at)
    record = lead_record(random, sales, deal.company, "Website", owner.id, at)
    converted_at = in_office(random, at + DAY, zone)
    record.change(in_office(random, at, zone), Status="Working")
    convert(sales, record, deal.company, deal, converted_at)
    sales.leads.append(Lead(record, owner.id, converted_at))


def _next_deal(random: Random, sales: Sales, deal: Deal) -> Deal | None:
    """The company's next deal: customers come back until they churn, lost prospects rarely.

    Every 24th deal after a won one is a standing order: the same amount, won within weeks.
    """
    again = {(True, False): 86, (True, True): 92, (False, True): 65, (False, False): 6}
    if deal.ended_at is None or not chance(random, again[deal.is_won, deal.is_repeat]):
        return None
    is_repeat = deal.is_won or deal.is_repeat
    standing = is_repeat and deal.is_won and sales.rota.turn("standing order", every=24, first=4)
    pause = random.randrange(2, 10) if standing else random.randrange(20, 150)
    start = in_office(random, deal.ended_at + pause * DAY, sales.tenant.zone)
    if start >= _END:
        return None
    if standing:
        moves = walk_straight(random, sales.roster, start)
    else:
        moves = walk(random, sales.roster, start, 0, is_repeat)
    owner = owner_at(deal.owners, start)
    known = owner.works_on(local_date(start, sales.tenant.zone))
    following = make_deal(
        random, sales.roster, sales.counter, deal.company, moves,
        owner=owner if known else None,
        lead_source="Customer" if is_repeat else deal.lead_source,
        is_repeat=is_repeat,
        amount_cents=deal.amount_cents if standing else None,
    )  # fmt: skip
    sales.deals.append(following)
    return following


def _merge_and_delete(random: Random, sales: Sales) -> None:
    """Duplicates merged, junk deleted: accounts with their deals, deals alone, leads."""
    by_company: dict[int, list[Deal]] = {}
    for deal in sales.deals:
        by_company.setdefault(deal.company.number, []).append(deal)
    known = sales.with_account()
    for survivor, company in pairwise(known):
        deals = by_company.get(company.number, [])
        at = max((_last_event(deal) for deal in deals), default=_account(company).created_at)
        at += random.randrange(2 * DAY, 90 * DAY)
        can_merge = (
            _account(survivor).created_at < at < _END
            and _account(survivor).deleted_at is None
            and survivor.region == company.region
        )
        if can_merge and sales.rota.turn("account merged", every=50, first=6):
            company.merged_into = survivor.account_id
            _account(company).delete(at, MasterRecordId=survivor.account_id)
            for deal in deals:
                deal.record.change(at, AccountId=survivor.account_id)
        elif chance(random, 2) and not any(deal.is_won for deal in deals):
            _account(company).delete(at)
            for deal in deals:
                deal.record.delete(at)
    for deal in sales.deals:
        junk = chance(random, 2)
        if deal.is_won:
            junk = sales.rota.turn("won deal deleted", every=60, first=6)
        if junk and deal.record.deleted_at is None:
            deal.record.delete(_last_event(deal) + random.randrange(DAY, 60 * DAY))
    for lead in sales.leads:
        if not lead.ended_at and chance(random, 3):
            lead.record.delete(lead.record.created_at + random.randrange(5 * DAY, 90 * DAY))


def _last_event(deal: Deal) -> int:
    return deal.moves[-1].at


def _account(company: Company) -> Record:
    if company.account is None:
        raise LookupError(f"{company.name} has no account")
    return company.account


def _users(seed: int, roster: Roster) -> Iterator[Record]:
    """A CRM user for everyone on the roster, and one for the integrations.

    The last rep who left reported to the first one: nobody corrected it since.
    """
    zone = roster.tenant.zone
    leavers = sorted((p for p in roster.reps if p.ended_on), key=lambda p: p.ended_on or WORLD_END)
    reported_to = {leavers[-1].number: leavers[0]} if len(leavers) > 1 else {}
    for person in roster.people:
        random = stream(seed, roster.tenant.name, "user", person.number)
        hired_at = instant(person.hired_on, time(), zone)
        senior_at = in_office(random, hired_at + random.randrange(300, 500) * DAY, zone)
        titles = {
            "head": ("Head of Sales", "Head of Sales"),
            "manager": ("Regional Sales Manager", "Regional Sales Manager"),
            "rep": ("Sales Executive", "Senior Sales Executive"),
        }
        record = _user_record(roster, person.number, person.name, hired_at)
        record.change(
            hired_at,
            EmployeeNumber=person.employee_number,
            Team__c=team_of(person.region),
            Region__c=person.region,
            Title=titles[person.role][0],
            ManagerId=(
                roster.people[person.manager_number - 1].id if person.manager_number else None
            ),
            Hire_Date__c=person.hired_on.isoformat(),
            MobilePhone=f"+00 555 {random.randrange(10_000):04}",
        )
        leaves_at = leaving_instant(roster, person)
        if leaves_at is None or senior_at < leaves_at:
            record.change(senior_at, Title=titles[person.role][1])
        if person.moved_on:
            record.change(
                instant(person.moved_on, time(), zone),
                Region__c=person.moved_region,
                Team__c=team_of(person.moved_region),
                ManagerId=roster.manager(person.moved_region).id,
            )
        if person.number in reported_to and leaves_at is not None:
            record.change(leaves_at - DAY, ManagerId=reported_to[person.number].id)
        if leaves_at is not None and person.ended_on is not None:
            record.change(
                leaves_at + HOUR // 2, IsActive=False, End_Date__c=person.ended_on.isoformat()
            )
        yield record
    first_day = instant(roster.people[0].hired_on, time(), zone)
    yield _user_record(roster, len(roster.people) + 1, "Data Integration", first_day)


def _user_record(roster: Roster, number: int, name: str, at: int) -> Record:
    login = f"{name.lower().replace(' ', '.')}@{roster.tenant.email_domain}"
    return Record(
        salesforce_id("user", number),
        at,
        {
            "Name": name,
            "Username": login,
            "Email": login,
            "MobilePhone": None,
            "EmployeeNumber": None,
            "Team__c": None,
            "Region__c": None,
            "Title": None,
            "ManagerId": None,
            "IsActive": True,
            "Hire_Date__c": None,
            "End_Date__c": None,
            "CreatedDate": salesforce_time(at),
        },
    )
