"""Support of one tenant in Zendesk's shape: organizations, tickets, their events and ratings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random

from company.world.calendar import DAY, HOUR, in_office, iso, midnight_utc
from company.world.companies import Company
from company.world.ids import Counter, zendesk_id
from company.world.records import Record, State, Version
from company.world.sales import Sales
from company.world.streams import Rota, chance, stream
from company.world.tenants import WORLD_END, WORLD_START, Tenant

_START, _END = midnight_utc(WORLD_START), midnight_utc(WORLD_END)
_PRIORITIES = ("low", "normal", "normal", "normal", "high", "urgent")
_CHANNELS = ("email", "email", "web", "chat", "voice", "api")
_COMPLAINTS = ("The issue took too long to resolve", "The issue was not resolved", None)
_AGENTS = 9


@dataclass(slots=True)
class Support:
    """Everything that happened in one tenant's support system; events as finished versions."""

    tenant: Tenant
    counter: Counter = field(default_factory=Counter)
    rota: Rota = field(default_factory=Rota)
    organizations: list[Record] = field(default_factory=list)
    users: list[Record] = field(default_factory=list)
    tickets: list[Record] = field(default_factory=list)
    events: list[Version] = field(default_factory=list)
    ratings: list[Record] = field(default_factory=list)

    def records(self) -> Iterator[tuple[str, list[Record]]]:
        """(resource, records) of the mutable objects."""
        yield "organization", self.organizations
        yield "user", self.users
        yield "ticket", self.tickets
        yield "satisfaction_rating", self.ratings


def simulate_support(seed: int, sales: Sales) -> Support:
    """Customers open tickets from their first signed deal on, prospects hardly ever."""
    support = Support(sales.tenant)
    for number in range(1, _AGENTS + 1):
        agent = zendesk_id("agent", number)
        _user(support, agent, "agent", _START, None, f"{agent}@{sales.tenant.email_domain}")
    first_won: dict[int, tuple[int, Company]] = {}
    for deal in sales.deals:
        if deal.is_won and deal.ended_at is not None and deal.ended_at < _END:
            known = first_won.get(deal.company.number)
            if known is None or deal.ended_at < known[0]:
                first_won[deal.company.number] = (deal.ended_at, deal.company)
    for since, company in sorted(first_won.values(), key=lambda entry: entry[0]):
        random = stream(seed, sales.tenant.name, "support", company.number)
        organization = _organization(random, support, company, since)
        requester = zendesk_id("requester", support.counter.next("requester"))
        host = company.domain or "mail.example"
        opened_at = support.organizations[-1].created_at
        _user(support, requester, "end-user", opened_at, organization, f"user{requester}@{host}")
        at = since + random.randrange(60 * DAY)
        pause = random.choice((60, 110, 110, 220, 500))
        while at < _END:
            _ticket(random, support, organization, requester, at)
            at += int(random.expovariate(1 / pause) * DAY) + HOUR
    return support


def _user(
    support: Support, number: int, role: str, at: int, organization: int | None, email: str
) -> None:
    """Somebody who asks for support, or gives it."""
    record = Record(
        str(number),
        at,
        {
            "name": f"User {number}",
            "email": email,
            "phone": f"+00 555 {number % 10_000:04}",
            "role": role,
            "organization_id": organization,
            "active": True,
            "created_at": iso(at),
        },
    )
    support.users.append(record)


def _organization(random: Random, support: Support, company: Company, since: int) -> int:
    """An organization that names its CRM account, or its domain only, or nothing."""
    rota = support.rota
    at = since + random.randrange(HOUR, DAY)
    number = zendesk_id("organization", support.counter.next("organization"))
    external_id: str | None = company.account_id
    domain = company.domain if chance(random, 50) else None
    if rota.turn("organization names a domain only", every=9, first=3):
        external_id, domain = None, company.domain
    elif rota.turn("organization names nothing", every=25, first=6):
        external_id = domain = None
    record = Record(
        str(number),
        at,
        {
            "name": company.name,
            "external_id": external_id,
            "organization_fields": {"domain": domain},
            "domain_names": [domain] if domain else [],
            "created_at": iso(at),
            "deleted_at": None,
        },
    )
    if chance(random, 10):
        renamed_at = at + random.randrange(20 * DAY, 300 * DAY)
        record.change(renamed_at, name=f"{company.name} Group")
    if rota.turn("organization deleted", every=60, first=10):
        gone_at = at + random.randrange(320 * DAY, 500 * DAY)
        record.change(gone_at, deleted_at=iso(gone_at))
    support.organizations.append(record)
    return number


@dataclass(slots=True)
class _Conversation:
    """One ticket while it is written: the last instant and status, and who asks and answers."""

    support: Support
    ticket: Record
    at: int
    status: str
    requester: int
    agent: int

    def say(self, at: int, role: str, status: str | None, public: bool | None) -> None:
        """One audit: a comment (`public` is None without one), a new status, or both."""
        self.at = at
        children: list[State] = []
        if public is not None:
            children.append({"event_type": "Comment", "public": public, "comment_public": public})
        if status is not None and status != self.status:
            change = {"event_type": "Change", "status": status, "previous_value": self.status}
            children.append(change)
            self.status = status
        if children:
            self.record_audit(role, children)
        self.ticket.change(at, status=self.status)

    def record_audit(self, role: str, children: list[State]) -> None:
        """Adds one ticket event with its child events, which get ids."""
        counter = self.support.counter
        updater = {"end_user": self.requester, "agent": self.agent, "system": -1}[role]
        number = zendesk_id("ticket_event", counter.next("ticket_event"))
        numbered = [
            {"id": zendesk_id("child_event", counter.next("child_event")), **child}
            for child in children
        ]
        payload: State = {
            "id": number,
            "ticket_id": int(self.ticket.id),
            "event_type": "Audit",
            "timestamp": self.at,
            "created_at": iso(self.at),
            "updater_id": updater,
            "metadata": {"updater_role": role},
            "child_events": numbered,
        }
        tenant = self.support.tenant.name
        event = Version("zendesk", tenant, "ticket_event", str(number), self.at, False, payload)
        self.support.events.append(event)


def _ticket(
    random: Random, support: Support, organization: int, requester: int, created_at: int
) -> None:
    """A ticket from its opening to its closing, with replies, waiting, reopening and a rating."""
    zone = support.tenant.zone
    channel, priority = random.choice(_CHANNELS), random.choice(_PRIORITIES)
    number = zendesk_id("ticket", support.counter.next("ticket"))
    ticket = Record(
        str(number),
        created_at,
        {
            "organization_id": organization,
            "requester_id": requester,
            "subject": f"Request {number}",
            "status": "new",
            "priority": None if chance(random, 5) else priority,
            "via": {"channel": channel},
            "created_at": iso(created_at),
        },
    )
    support.tickets.append(ticket)
    agent = zendesk_id("agent", random.randrange(1, _AGENTS + 1))
    talk = _Conversation(support, ticket, created_at, "new", requester, agent)
    opening: State = {"event_type": "Create", "status": "new", "via": channel}
    comment: State = {"event_type": "Comment", "public": True, "comment_public": True}
    talk.record_audit("end_user", [opening, comment])

    def next_at(low: int, high: int) -> int:
        return in_office(random, talk.at + random.randrange(low, high), zone)

    talk.say(next_at(HOUR // 6, 9 * HOUR), "agent", "open", chance(random, 80))
    while chance(random, 45):
        luck = random.randrange(100)
        if luck < 60:
            talk.say(next_at(HOUR, DAY), "agent", "pending", True)
            talk.say(talk.at + random.randrange(HOUR // 2, 2 * DAY), "end_user", "open", True)
        elif luck < 75:
            talk.say(next_at(HOUR, DAY), "agent", "hold", None)
            talk.say(next_at(DAY, 4 * DAY), "agent", "open", None)
        else:
            talk.say(next_at(HOUR // 2, 8 * HOUR), "agent", None, chance(random, 40))
    if chance(random, 3):
        return
    talk.say(next_at(HOUR, 2 * DAY), "agent", "solved", True)
    if support.rota.turn("reopened", every=15, first=5):
        talk.say(talk.at + random.randrange(HOUR, DAY), "end_user", "open", True)
        talk.say(next_at(HOUR, DAY), "agent", "solved", True)
    solved_at = talk.at
    talk.say(solved_at + 4 * DAY, "system", "closed", None)
    if chance(random, 60):
        _rating(random, support, number, requester, solved_at + DAY)


def _rating(random: Random, support: Support, ticket: int, requester: int, offered_at: int) -> None:
    """A survey a day after solving: four of ten are answered, most of them well."""
    number = zendesk_id("satisfaction_rating", support.counter.next("satisfaction_rating"))
    record = Record(
        str(number),
        offered_at,
        {
            "ticket_id": ticket,
            "requester_id": requester,
            "score": "offered",
            "comment": None,
            "reason": None,
            "created_at": iso(offered_at),
        },
    )
    if chance(random, 40):
        good = chance(random, 86)
        praise = random.choice(("Thank you, quick help.", None))
        record.change(
            offered_at + random.randrange(HOUR // 2, 5 * DAY),
            score="good" if good else "bad",
            comment=praise if good else "Still waiting for an answer.",
            reason=None if good else random.choice(_COMPLAINTS),
        )
    support.ratings.append(record)
