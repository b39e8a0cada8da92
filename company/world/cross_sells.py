"""Second deals of accounts that have one running: small, early, and some soon lost.

They come last and draw from a stream of their own, so the deals that they stand beside are as they
would be without them.
"""

from __future__ import annotations

from random import Random

from company.world.calendar import DAY, in_office, midnight_utc
from company.world.deals import LOST, STAGES, Deal, Move, make_deal
from company.world.owners import owner_at
from company.world.sales import Sales
from company.world.streams import Rota, chance, stream
from company.world.tenants import WORLD_END

_END = midnight_utc(WORLD_END)


def cross_sells(seed: int, sales: Sales) -> list[Deal]:
    """One beside every third deal that is open at the world's end, and every ninth other one.

    Every fourth account of those has two of them.
    """
    random = stream(seed, sales.tenant.name, "cross-sells")
    rota = Rota()
    found = []
    for deal in sales.deals:
        is_running = deal.ended_at is None or deal.ended_at >= _END
        turn = rota.turn("running", 3, 1) if is_running else rota.turn("over", 9, 4)
        account = deal.company.account
        if not turn or deal.record.deleted_at or account is None or account.deleted_at:
            continue
        for _ in range(2 if rota.turn("two", every=4, first=2) else 1):
            beside = _beside(random, sales, deal, is_running=is_running)
            if beside is not None:
                found.append(beside)
    return found


def _beside(random: Random, sales: Sales, deal: Deal, *, is_running: bool) -> Deal | None:
    """A deal opened while the other runs; None when that would be after the world's end."""
    zone = sales.tenant.zone
    start = in_office(random, deal.created_at + random.randrange(DAY, 12 * DAY), zone)
    if start >= min(_END, deal.ended_at or _END):
        return None
    moves = [Move(start, STAGES[0])]
    if chance(random, 60):
        at = in_office(random, start + random.randrange(2 * DAY, 25 * DAY), zone)
        moves.append(Move(at, STAGES[1]))
    if not is_running or chance(random, 15):
        at = in_office(random, moves[-1].at + random.randrange(5 * DAY, 40 * DAY), zone)
        moves.append(Move(at, LOST))
    return make_deal(
        random, sales.roster, sales.counter, deal.company, moves,
        owner=owner_at(deal.owners, start), lead_source="Customer", is_repeat=deal.is_repeat,
    )  # fmt: skip
