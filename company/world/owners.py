"""Who owns what, when: reps leave and hand over, managers reassign, won deals go to other hands."""

from __future__ import annotations

from datetime import time, timedelta
from random import Random

from company.world.calendar import HOUR, instant, local_date
from company.world.people import Person, Roster
from company.world.streams import chance

OwnerPath = list[tuple[int, Person]]
"""(instant, owner from then on), in time order; the first entry is the creation."""


def pick_owner(random: Random, roster: Roster, region: str, at: int) -> Person:
    """A rep of the region who works at the instant; in 2 of 100 cases the regional manager."""
    if chance(random, 2):
        return roster.manager(region)
    return random.choice(_on_duty(roster, region, at))


def _on_duty(roster: Roster, region: str, at: int) -> tuple[Person, ...]:
    """The reps of a region at an instant, without those who left at 18:00 of the same day."""
    zone = roster.tenant.zone
    today, tomorrow = local_date(at, zone), local_date(at + 6 * HOUR, zone)
    staying = [rep for rep in roster.working(region, today) if rep.works_on(tomorrow)]
    return tuple(staying) or (roster.manager(region),)


def leaving_instant(roster: Roster, person: Person) -> int | None:
    """18:00 on a person's last day: everything open is handed over at this one instant."""
    if person.ended_on is None:
        return None
    return instant(person.ended_on - timedelta(days=1), time(18), roster.tenant.zone)


def owner_path(
    random: Random,
    roster: Roster,
    region: str,
    created_at: int,
    first: Person,
    closed_at: int | None,
    reassign_at: list[int],
) -> OwnerPath:
    """The owners of one object from its creation on.

    An open object is handed over when its owner leaves, a closed one in half of the cases.
    `reassign_at` are instants at which another rep takes it while its owner still works here.
    """
    path = [(created_at, first)]
    planned = sorted(reassign_at)
    while True:
        at, owner = path[-1]
        leaves = leaving_instant(roster, owner)
        if planned and (leaves is None or planned[0] < leaves):
            moment = planned.pop(0)
            if moment > at:
                path.append((moment, _other(random, roster, region, moment, owner)))
            continue
        if leaves is None:
            return path
        if closed_at is not None and leaves > closed_at and chance(random, 50):
            return path
        path.append((leaves, _other(random, roster, region, leaves, owner)))


def owner_at(path: OwnerPath, at: int) -> Person:
    """The owner at an instant, changes of that very instant included."""
    return [owner for since, owner in path if since <= at][-1]


def _other(random: Random, roster: Roster, region: str, at: int, owner: Person) -> Person:
    others = [person for person in _on_duty(roster, region, at) if person != owner]
    return random.choice(others) if others else roster.manager(region)
