"""What a stage entry must show: evidence dates, amounts and decision makers, and the lapses.

About seven of a hundred entries break a rule; before the rules are enforced three show evidence
that somebody entered days later. Since they are enforced, the lapses of each rule are spaced out
instead of drawn, so that the failed share of every window stays below `MAX_FAILED_RATE`, by count
and by value, whatever the seed and the scale.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from company.world.calendar import DAY, midnight_utc, salesforce_time
from company.world.deals import DISCOVERY, NEGOTIATION, PROPOSAL, WON, Deal
from company.world.ids import Counter, salesforce_id
from company.world.records import Record, money
from company.world.streams import Rota, chance, stream
from company.world.tenants import ENTRY_RULES_ENFORCED_FROM, WORLD_END, Tenant

_LAPSE_PERCENT = 7
_ENFORCED_SPACING = 15
_WITHDRAWAL_SPACING = 12

EVIDENCE_FIELDS = (
    "Discovery_Completed__c",
    "Proposal_Sent__c",
    "Customer_Committed__c",
    "Contract_Signed__c",
)
"""The fields of a deal that hold the date of an evidence; the CRM keeps their history."""

_EVIDENCE = (
    ("Discovery_Completed__c", PROPOSAL),
    ("Customer_Committed__c", NEGOTIATION),
    ("Contract_Signed__c", WON),
)
_OTHER_ROLES = ("Business User", "Executive Sponsor", "Technical Buyer", "Evaluator", "Influencer")


class _Lapses:
    """Decides which entries of one rule lapse; asked once an entry, in time order."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._since_last = 0
        self._cents = 0
        self._entries = 0

    def strikes(self, at: int, cents: int) -> bool:
        """Whether the entry at the instant, worth so much, breaks the rule."""
        if at < midnight_utc(ENTRY_RULES_ENFORCED_FROM) - DAY:
            return chance(self._random, _LAPSE_PERCENT)
        self._since_last += 1
        self._entries += 1
        self._cents += cents
        if self._since_last > _ENFORCED_SPACING and cents * self._entries <= self._cents:
            self._since_last = 0
            return True
        return False


def enter_evidence(seed: int, tenant: Tenant, counter: Counter, deals: list[Deal]) -> list[Record]:
    """Enters evidence into the deals' records; returns the contact roles of all deals."""
    random = stream(seed, tenant.name, "evidence")
    second_thoughts = stream(seed, tenant.name, "second thoughts")
    rota = Rota()
    for field, stage in _EVIDENCE:
        lapses = _Lapses(random)
        for at, deal in _first_entries(deals, stage):
            if not lapses.strikes(at, deal.amount_cents):
                shown_at = _shortly_before(random, deal, at)
                if stage == PROPOSAL:
                    shown_at = _before_discovery(second_thoughts, rota, deal, shown_at)
                entered_at = _afterwards(second_thoughts, rota, field, at) or shown_at
                deal.record.change(entered_at, **{field: salesforce_time(shown_at)})
                if (
                    stage == NEGOTIATION
                    and _is_settled(deal)
                    and rota.turn("commitment", every=40, first=8)
                ):
                    withdrawn_at = deal.moves[-1].at + second_thoughts.randrange(14, 50) * DAY
                    deal.record.change(withdrawn_at, **{field: None})
            elif (late := _late(random, deal, stage)) is not None:
                _enter_date(deal, field, late)
    for _, deal in _first_entries(deals, PROPOSAL):
        sent_at = deal.entries(PROPOSAL)[0] + random.randrange(3 * DAY)
        _enter_date(deal, "Proposal_Sent__c", sent_at)
    _lapse_amounts(random, deals)
    _lapse_close_dates(random, deals)
    _withdraw_proposals(second_thoughts, deals)
    _forget_next_steps(second_thoughts, deals)
    roles = list(_contact_roles(random, counter, deals))
    _withdraw_roles(second_thoughts, deals, roles)
    return roles


def _first_entries(deals: list[Deal], stage: int) -> list[tuple[int, Deal]]:
    """(instant, deal) of each deal's first entry into a stage, in time order."""
    found = [(entries[0], deal) for deal in deals if (entries := deal.entries(stage))]
    return sorted(found, key=lambda entry: (entry[0], entry[1].id))


def _enter_date(deal: Deal, field: str, at: int) -> None:
    deal.record.change(at, **{field: salesforce_time(at)})


def _shortly_before(random: Random, deal: Deal, entered_at: int) -> int:
    """Between the move before and the entry; one in ten at the very instant of the entry."""
    if chance(random, 10):
        return entered_at
    previous = max(move.at for move in deal.moves if move.at < entered_at)
    return random.randrange(previous, entered_at)


def _afterwards(random: Random, rota: Rota, field: str, entered_at: int) -> int | None:
    """When somebody got round to entering the evidence of every 30th entry before enforcement."""
    if entered_at > midnight_utc(ENTRY_RULES_ENFORCED_FROM) - 10 * DAY:
        return None
    if not rota.turn(f"{field} afterwards", every=30, first=10):
        return None
    return entered_at + random.randrange(DAY // 2, 9 * DAY)


def _is_settled(deal: Deal) -> bool:
    """Every entry is older than the rules' enforcement: what is taken back then blocks nothing."""
    return deal.moves[-1].at < midnight_utc(ENTRY_RULES_ENFORCED_FROM) - DAY


def _before_discovery(random: Random, rota: Rota, deal: Deal, shown_at: int) -> int:
    """Of every twentieth deal that enters discovery later than it is made: before it does."""
    entries = deal.entries(DISCOVERY)
    if not entries or not deal.created_at < entries[0] <= shown_at:
        return shown_at
    early = rota.turn("needs confirmed early", every=20, first=4)
    return random.randrange(deal.created_at, entries[0]) if early else shown_at


def _withdraw_commitment(random: Random, rota: Rota, deal: Deal) -> None:
    """Every 40th customer who committed did not, as it turns out weeks after the last move."""
    if rota.turn("commitment withdrawn", every=40, first=8):
        withdrawn_at = deal.moves[-1].at + random.randrange(14, 50) * DAY
        deal.record.change(withdrawn_at, Customer_Committed__c=None)


def _late(random: Random, deal: Deal, stage: int) -> int | None:
    """An instant after the first entry and before a second; None: never (only without a second)."""
    entries = deal.entries(stage)
    if len(entries) > 1:
        return random.randrange(entries[0] + 1, entries[1])
    if chance(random, 50):
        return None
    return entries[0] + random.randrange(DAY, 15 * DAY)


def _repair_at(random: Random, deal: Deal, entered_at: int) -> int | None:
    """When a lapse of an amount or a close date is put right: before anything else happens.

    None when there is no room for a lapse between the entry and the next move or amount.
    """
    following = [move.at for move in deal.moves if move.at > entered_at]
    following += [at for at, _ in deal.amount_changes]
    room = min((*following, entered_at + 8 * DAY)) - entered_at
    return entered_at + random.randrange(DAY // 2, room) if room > DAY else None


def _lapse_amounts(random: Random, deals: list[Deal]) -> None:
    """Some deals are quoted with the amount empty or zero, most of them repaired soon."""
    lapses = _Lapses(random)
    for at, deal in _first_entries(deals, PROPOSAL):
        if at != deal.quoted_at or not lapses.strikes(at, deal.amount_cents):
            continue
        repair_at = _repair_at(random, deal, at)
        if repair_at is None:
            continue
        deal.record.change(at, Amount=None if chance(random, 50) else money(0))
        if deal.is_won or deal.amount_changes or chance(random, 75):
            deal.record.change(repair_at, Amount=money(deal.quote_cents))


def _lapse_close_dates(random: Random, deals: list[Deal]) -> None:
    """Some deals are quoted without a close date, as an old import left them.

    Every fourth of those repaired had a date for a while before, and lost it again.
    """
    lapses, rota = _Lapses(random), Rota()
    for at, deal in _first_entries(deals, PROPOSAL):
        if not lapses.strikes(at, deal.amount_cents):
            continue
        repair_at = _repair_at(random, deal, at)
        if repair_at is not None:
            date = salesforce_time(repair_at + 40 * DAY)[:10]
            deal.record.change(at, CloseDate=None)
            deal.record.change(repair_at, CloseDate=date)
            if rota.turn("repaired twice", every=4, first=2):
                third = (repair_at - at) // 3
                deal.record.change(at + third, CloseDate=date)
                deal.record.change(at + 2 * third, CloseDate=None)


def _withdraw_proposals(random: Random, deals: list[Deal]) -> None:
    """Every twelfth proposal turns out not to have been sent; half of these are sent later.

    No entry rule asks for it, so the verdicts of the gate stay what they are.
    """
    quoted = _first_entries(deals, PROPOSAL)[_WITHDRAWAL_SPACING // 2 :: _WITHDRAWAL_SPACING]
    for number, (entered_at, deal) in enumerate(quoted):
        # Later than three days, within which the proposal was said to have been sent.
        withdrawn_at = entered_at + random.randrange(3 * DAY, 12 * DAY)
        deal.record.change(withdrawn_at, Proposal_Sent__c=None)
        if number % 2:
            _enter_date(deal, "Proposal_Sent__c", withdrawn_at + random.randrange(DAY, 20 * DAY))


def _forget_next_steps(random: Random, deals: list[Deal]) -> None:
    """The next step of every third deal that is open at the end is cleared, and none entered."""
    end = midnight_utc(WORLD_END)
    running = [
        deal
        for deal in deals
        if deal.created_at < end and (deal.ended_at is None or deal.ended_at >= end)
    ]
    for deal in running[1::3]:
        last_move = max(move.at for move in deal.moves if move.at < end)
        cleared_at = last_move + random.randrange(DAY, 20 * DAY)
        if cleared_at < end:
            deal.record.change(cleared_at, NextStep=None)


def _withdraw_roles(random: Random, deals: list[Deal], roles: list[Record]) -> None:
    """Every 25th decision maker of the deals that are settled turns out not to be one."""
    settled = {deal.id: deal.moves[-1].at for deal in deals if _is_settled(deal)}
    makers = [role for role in roles if role.first_state["Role"] == "Decision Maker"]
    known = [role for role in makers if role.first_state["OpportunityId"] in settled]
    for role in known[10::25]:
        last_move = settled[str(role.first_state["OpportunityId"])]
        role.delete(max(last_move, role.created_at) + random.randrange(2, 40) * DAY)


def _contact_roles(random: Random, counter: Counter, deals: list[Deal]) -> Iterator[Record]:
    """Decision makers before, after or missing at negotiation, and the other people of a deal."""
    lapses = _Lapses(random)
    planned: dict[str, int | None] = {}
    for at, deal in _first_entries(deals, NEGOTIATION):
        struck = lapses.strikes(at, deal.amount_cents)
        in_time = random.randrange(deal.created_at, at + 1)
        planned[deal.id] = _late(random, deal, NEGOTIATION) if struck else in_time
    for deal in deals:
        known_at = planned.get(deal.id)
        if deal.id not in planned and chance(random, 30):
            known_at = deal.created_at + random.randrange(20 * DAY)
        if known_at is not None:
            yield _contact_role(counter, deal, known_at, "Decision Maker", 0)
        for place, role in enumerate(random.sample(_OTHER_ROLES, random.randrange(3)), start=1):
            since = deal.created_at + random.randrange(25 * DAY)
            yield _contact_role(counter, deal, since, role, place)


def _contact_role(counter: Counter, deal: Deal, at: int, role: str, place: int) -> Record:
    kind = "opportunity_contact_role"
    return Record(
        salesforce_id(kind, counter.next(kind)),
        at,
        {
            "OpportunityId": deal.id,
            "ContactId": deal.company.contacts[place],
            "Role": role,
            "IsPrimary": place == 0,
            "CreatedById": deal.owners[0][1].id,
            "CreatedDate": salesforce_time(at),
            "IsDeleted": False,
        },
    )
