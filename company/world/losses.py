"""Why deals were lost, as it comes to be known: at the close, later, otherwise or never."""

from __future__ import annotations

from random import Random

from company.world.calendar import DAY, HOUR
from company.world.deals import LOSS_REASONS, LOST, Deal
from company.world.streams import Rota, stream
from company.world.tenants import Tenant


def enter_loss_reasons(seed: int, tenant: Tenant, deals: list[Deal]) -> None:
    """Takes the reason from some closes, and sets, corrects or clears it some time later.

    A correction stands 24 hours after the close to the second, or one second later, in turn.
    """
    random = stream(seed, tenant.name, "loss reasons")
    rota = Rota()
    lost = [
        (move.at, deal, number)
        for deal in deals
        for number, move in enumerate(deal.moves)
        if move.stage == LOST
    ]
    for at, deal, number in sorted(lost, key=lambda loss: (loss[0], loss[1].id)):
        reopened_at = deal.moves[number + 1].at if number + 1 < len(deal.moves) else None
        for since, reason in _afterwards(random, rota, at, _reason_at(deal, at)):
            if reopened_at is None or since < reopened_at:
                deal.record.change(since, Loss_Reason__c=reason)


def _afterwards(random: Random, rota: Rota, at: int, reason: str) -> list[tuple[int, str | None]]:
    """What becomes of a reason: (instant, reason from then on), the close itself included."""
    other = random.choice([known for known in LOSS_REASONS if known != reason])
    later = at + random.randrange(2 * DAY, 120 * DAY)
    soon = at + random.randrange(HOUR, 20 * HOUR)
    luck = random.randrange(100)
    if rota.turn("to the second", every=40, first=4):
        return [(at + DAY, other)]
    if rota.turn("a second later", every=40, first=8):
        return [(at + DAY + 1, other)]
    if luck < 9:
        return [(at, None), (later, reason)]
    if luck < 14:
        return [(at, None), (soon, reason)]
    if luck < 20:
        return [(at, None)]
    if luck < 28:
        return [(later, other)]
    if rota.turn("cleared", every=30, first=6):
        return [(later, None)]
    return []


def _reason_at(deal: Deal, at: int) -> str:
    """The reason that the deal was closed with."""
    return next(str(s.after["Loss_Reason__c"]) for s in deal.record.steps() if s.at == at)
