"""Renewals: before a customer's year is over he is asked to stay, in a pipeline of its own.

They come last and draw from a stream of their own, so every other deal is as it would be without
them. They need no proposal, and nobody has billed one yet.
"""

from __future__ import annotations

from random import Random

from company.world.calendar import DAY, in_office, local_date, midnight_utc
from company.world.deals import LOST, NEGOTIATION, RENEWAL_DUE, STAGES, WON, Deal, Move, make_deal
from company.world.owners import owner_at
from company.world.sales import Sales
from company.world.streams import Rota, chance, stream
from company.world.tenants import WORLD_END

RENEWAL = "Renewal"
_END = midnight_utc(WORLD_END)


def renewals(seed: int, sales: Sales) -> list[Deal]:
    """One for every third won deal, in the second month before its year is over.

    Every sixth was taken for a new deal: it began as one, until somebody corrected its type.
    """
    random = stream(seed, sales.tenant.name, "renewals")
    rota = Rota()
    found = []
    for deal in sales.deals:
        account = deal.company.account
        if not deal.is_won or deal.ended_at is None or deal.record.deleted_at:
            continue
        if account is None or account.deleted_at or not rota.turn("renewed", every=3, first=1):
            continue
        start = in_office(
            random, deal.ended_at + random.randrange(300, 330) * DAY, sales.tenant.zone
        )
        if start < _END:
            found.append(_renewal(random, rota, sales, deal, start))
    return found


def _renewal(random: Random, rota: Rota, sales: Sales, deal: Deal, start: int) -> Deal:
    is_mistaken = rota.turn("mistaken", every=6, first=2)
    moves = _moves(random, sales, start, STAGES[0] if is_mistaken else RENEWAL_DUE)
    owner = owner_at(deal.owners, start)
    known = owner.works_on(local_date(start, sales.tenant.zone))
    renewal = make_deal(
        random, sales.roster, sales.counter, deal.company, moves,
        owner=owner if known else None, lead_source="Customer", is_repeat=True,
        amount_cents=deal.amount_cents * random.randrange(90, 112) // 100,
        kind=None if is_mistaken else RENEWAL,
    )  # fmt: skip
    if is_mistaken:
        renewal.record.change(start + 3 * DAY, Type=RENEWAL)
    return renewal


def _moves(random: Random, sales: Sales, start: int, first: str) -> list[Move]:
    """Due, negotiated (or not), and renewed by three of four; one of nine is left lying."""
    moves = [Move(start, first)]
    stages = [STAGES[WON] if chance(random, 75) else LOST]
    if not chance(random, 20):
        stages.insert(0, STAGES[NEGOTIATION])
    if chance(random, 11):
        stages.pop()
    for stage in stages:
        at = moves[-1].at + random.randrange(5 * DAY, 30 * DAY)
        moves.append(Move(in_office(random, at, sales.tenant.zone), stage))
    return moves
