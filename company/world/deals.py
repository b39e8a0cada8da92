"""One deal's way through the sales process: moves, amounts, close dates and owners."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import pairwise
from random import Random

from company.world.calendar import DAY, in_office, local_date, salesforce_time
from company.world.companies import Company
from company.world.ids import Counter, salesforce_id
from company.world.owners import OwnerPath, owner_path, pick_owner
from company.world.people import Person, Roster
from company.world.records import Record, money
from company.world.streams import chance

STAGES = (
    "Qualification",
    "Discovery",
    "Proposal/Price Quote",
    "Negotiation/Review",
    "Closed Won",
)
DISCOVERY, PROPOSAL, NEGOTIATION, WON = 1, 2, 3, 4
LOST = "Closed Lost"
RENEWAL_DUE = "Renewal Due"
_PROBABILITY = {
    STAGES[0]: 10, STAGES[1]: 20, STAGES[2]: 50, STAGES[3]: 75, STAGES[4]: 100, LOST: 0,
    RENEWAL_DUE: 60,
}  # fmt: skip
_FORECAST = {STAGES[2]: "BestCase", STAGES[3]: "Commit", STAGES[4]: "Closed", LOST: "Omitted"}

_DAYS_IN_STAGE = (9, 14, 16, 18)
_LOSS_PERCENT_NEW = (33, 27, 24, 19)
_LOSS_PERCENT_REPEAT = (12, 9, 10, 8)
LOSS_REASONS = ("Price", "Competitor", "No Budget", "No Decision", "Timing")
_NEXT_STEPS = ("Call the buyer", "Send the quote", "Site visit", "Review terms", "Demo")
_TYPICAL_CENTS = {"CNY": 12_000_000, "USD": 1_800_000}


@dataclass(frozen=True, slots=True)
class Move:
    """A deal enters a stage at an instant."""

    at: int
    stage: str


@dataclass(slots=True)
class Deal:
    """One opportunity: its record, and the facts that other parts of the world build upon.

    `amount_cents` is the final amount, in `company.currency`. `ended_at` is the final close, won or
    lost; None while the deal never closes. `quoted_at` is when the quote set the amount.
    """

    id: str
    company: Company
    lead_source: str | None
    is_repeat: bool
    moves: list[Move]
    amount_cents: int
    owners: OwnerPath
    record: Record
    quoted_at: int | None = None
    quote_cents: int = 0
    amount_changes: list[tuple[int, int]] = field(default_factory=list)

    @property
    def created_at(self) -> int:
        return self.moves[0].at

    @property
    def ended_at(self) -> int | None:
        return _ended_at(self.moves)

    @property
    def is_won(self) -> bool:
        return self.moves[-1].stage == STAGES[WON]

    def entries(self, stage: int) -> list[int]:
        """The instants at which the deal entered a stage."""
        return [move.at for move in self.moves if move.stage == STAGES[stage]]


def _ended_at(moves: list[Move]) -> int | None:
    return moves[-1].at if moves[-1].stage in (STAGES[WON], LOST) else None


def walk(random: Random, roster: Roster, start: int, first: int, is_repeat: bool) -> list[Move]:
    """The stages of one deal until it is won, lost for good or forgotten.

    Six of a hundred steps skip a stage, four go back, one enters two stages in the same second;
    six of a hundred lost deals are reopened at the proposal.
    """
    zone = roster.tenant.zone
    losses = _LOSS_PERCENT_REPEAT if is_repeat else _LOSS_PERCENT_NEW
    pace = random.uniform(0.4, 1.5) * (0.5 if is_repeat else 1.0)
    moves = [Move(start, STAGES[first])]
    stage, at = first, start
    while not chance(random, 2):
        days = random.expovariate(1 / (_DAYS_IN_STAGE[stage] * pace)) + 0.5
        at = in_office(random, at + int(days * DAY), zone)
        if chance(random, losses[stage]):
            moves.append(Move(at, LOST))
            if not chance(random, 6):
                break
            stage = PROPOSAL
            at = in_office(random, at + random.randrange(10, 80) * DAY, zone)
            moves.append(Move(at, STAGES[stage]))
            continue
        luck = random.randrange(100)
        if luck < 4 and stage > 0:
            stage -= 1
        elif luck < 10:
            stage = min(stage + 2, WON)
        elif luck < 11 and stage + 2 < WON:
            moves.append(Move(at, STAGES[stage + 1]))
            stage += 2
        else:
            stage += 1
        moves.append(Move(at, STAGES[stage]))
        if stage == WON:
            break
    return moves


def walk_straight(random: Random, roster: Roster, start: int) -> list[Move]:
    """Every stage in order and won, each step within four days."""
    moves = [Move(start, STAGES[0])]
    for stage in STAGES[1:]:
        at = moves[-1].at + random.randrange(DAY, 4 * DAY)
        moves.append(Move(in_office(random, at, roster.tenant.zone), stage))
    return moves


def make_deal(
    random: Random,
    roster: Roster,
    counter: Counter,
    company: Company,
    moves: list[Move],
    *,
    owner: Person | None,
    lead_source: str | None,
    is_repeat: bool,
    amount_cents: int | None = None,
    kind: str | None = None,
) -> Deal:
    """A deal with its record: every change that its moves, amounts, dates and owners bring.

    `kind` is its type, new or existing business when it is not said.
    """
    start, ended_at = moves[0].at, _ended_at(moves)
    first_owner = owner or pick_owner(random, roster, company.region, start)
    owners = owner_path(
        random, roster, company.region, start, first_owner, ended_at,
        list(_reassignments(random, start, ended_at)),
    )  # fmt: skip
    final = amount_cents or _invent_amount(random, company.currency, is_repeat)
    estimate = None if chance(random, 25) else final * random.randrange(70, 125) // 10_000 * 100
    number = counter.next("opportunity")
    kind = kind or ("Existing Business" if is_repeat else "New Business")
    state = {
        "Name": f"{company.name} - {kind}",
        "AccountId": company.account_id,
        "ContractId": None,
        "OwnerId": first_owner.id,
        "Amount": money(estimate),
        "CurrencyIsoCode": company.currency,
        "CloseDate": _date_after(roster, start, random.randrange(30, 110)),
        "Type": kind,
        "LeadSource": lead_source,
        "NextStep": random.choice(_NEXT_STEPS),
        "CreatedById": first_owner.id,
        "CreatedDate": salesforce_time(start),
        "IsDeleted": False,
        "Discovery_Completed__c": None,
        "Proposal_Sent__c": None,
        "Customer_Committed__c": None,
        "Contract_Signed__c": None,
        **_stage_fields(random, moves[0]),
    }
    opportunity_id = salesforce_id("opportunity", number)
    record = Record(opportunity_id, start, state)
    deal = Deal(
        opportunity_id, company, lead_source, is_repeat, moves, final, owners, record
    )  # fmt: skip
    _enter_stages(random, roster, deal)
    _enter_amounts(random, deal, estimate)
    _slip(random, roster, deal)
    for since, person in owners[1:]:
        record.change(since, OwnerId=person.id)
    return deal


def _invent_amount(random: Random, currency: str, is_repeat: bool) -> int:
    """Cents: a skewed size around the typical deal; most end in whole hundreds."""
    cents = int(_TYPICAL_CENTS[currency] * random.lognormvariate(0, 0.7))
    if is_repeat:
        cents = cents * 6 // 10
    return max(cents // 10_000, 1) * 10_000 if chance(random, 60) else max(cents, 10_000)


def _reassignments(random: Random, start: int, ended_at: int | None) -> Iterator[int]:
    """Four of a hundred deals change hands underway, ten after the close."""
    if chance(random, 4):
        yield start + random.randrange(DAY, 40 * DAY)
    if ended_at is not None and chance(random, 10):
        yield ended_at + random.randrange(DAY, 60 * DAY)


def _date_after(roster: Roster, at: int, days: int) -> str:
    return (local_date(at, roster.tenant.zone) + timedelta(days=days)).isoformat()


def _stage_fields(random: Random, move: Move) -> dict[str, object]:
    closed = move.stage in (STAGES[WON], LOST)
    return {
        "StageName": move.stage,
        "Probability": _PROBABILITY[move.stage],
        "ForecastCategoryName": _FORECAST.get(move.stage, "Pipeline"),
        "IsClosed": closed,
        "IsWon": move.stage == STAGES[WON],
        "Closed_At__c": salesforce_time(move.at) if closed else None,
        "Loss_Reason__c": random.choice(LOSS_REASONS) if move.stage == LOST else None,
    }


def _enter_stages(random: Random, roster: Roster, deal: Deal) -> None:
    """Stage, probability and closing fields at each move; the close date follows a close."""
    for previous, move in pairwise(deal.moves):
        fields = _stage_fields(random, move)
        if fields["IsClosed"]:
            fields |= {"CloseDate": _date_after(roster, move.at, 0), "NextStep": None}
        if previous.stage == LOST:
            fields["CloseDate"] = _date_after(roster, move.at, 45)
        if move.at == previous.at:
            deal.record.change_again(move.at, **fields)
        else:
            deal.record.change(move.at, **fields)


def _enter_amounts(random: Random, deal: Deal, estimate: int | None) -> None:
    """The quote with the first late stage, a discount during negotiation, a cleared estimate."""
    late = [move.at for move in deal.moves if move.stage in STAGES[PROPOSAL:]]
    if not late:
        return
    deal.quoted_at = late[0]
    gap = deal.quoted_at - deal.created_at
    if estimate is not None and gap > 4 * DAY and chance(random, 4):
        deal.record.change(deal.created_at + gap // 2, Amount=None)
    deal.quote_cents = deal.amount_cents
    span = deal.moves[-1].at - deal.quoted_at
    if span > 2 * DAY and chance(random, 45):
        deal.quote_cents = deal.amount_cents * random.randrange(103, 115) // 100
        discounted_at = deal.quoted_at + span * random.randrange(30, 90) // 100
        deal.amount_changes = [(discounted_at, deal.amount_cents)]
    for at, cents in [(deal.quoted_at, deal.quote_cents), *deal.amount_changes]:
        deal.record.change(at, Amount=money(cents))


def _slip(random: Random, roster: Roster, deal: Deal) -> None:
    """A third of the deals put the close date off, some also clear the next step."""
    if chance(random, 33):
        at = deal.created_at + random.randrange(5 * DAY, 50 * DAY)
        if at < (deal.ended_at or deal.moves[-1].at + 60 * DAY):
            deal.record.change(
                at,
                CloseDate=_date_after(roster, at, random.randrange(20, 80)),
                NextStep=None if chance(random, 30) else random.choice(_NEXT_STEPS),
            )
