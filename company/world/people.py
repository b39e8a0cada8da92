"""Who works at a tenant: heads of sales, regional managers and reps, hired and leaving.

Integer arithmetic only: the roster decides the policy files, which are committed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from random import Random

from company.world.ids import salesforce_id
from company.world.streams import chance, stream
from company.world.tenants import WORLD_START, Scale, Tenant


@dataclass(frozen=True, slots=True)
class Person:
    """One employee. `number` counts within the tenant; `ended_on` is the day after the last.

    `region` and `team` are those on hiring; `moved_on` and `moved_region` say when a person changed
    them. `seat` is the place in the region that the person fills: a successor has the same seat.
    """

    number: int
    name: str
    role: str
    region: str
    seat: int
    manager_number: int | None
    hired_on: date
    ended_on: date | None = None
    moved_on: date | None = None
    moved_region: str = ""

    @property
    def id(self) -> str:
        return salesforce_id("user", self.number)

    @property
    def employee_number(self) -> str:
        return f"E{1000 + self.number}"

    def works_on(self, day: date) -> bool:
        return self.hired_on <= day and (self.ended_on is None or day < self.ended_on)

    def region_on(self, day: date) -> str:
        return self.moved_region if self.moved_on and day >= self.moved_on else self.region


@dataclass(frozen=True, slots=True)
class Roster:
    """Everyone who ever worked at one tenant, in order of `number`."""

    tenant: Tenant
    people: tuple[Person, ...]

    @property
    def reps(self) -> tuple[Person, ...]:
        return tuple(person for person in self.people if person.role == "rep")

    def working(self, region: str, day: date) -> tuple[Person, ...]:
        """The reps of a region on a day; the regional manager when it has none."""
        reps = tuple(p for p in self.reps if p.works_on(day) and p.region_on(day) == region)
        return reps or (self.manager(region),)

    def manager(self, region: str) -> Person:
        return next(p for p in self.people if p.role == "manager" and p.region == region)

    def by_id(self, user_id: str) -> Person:
        return next(person for person in self.people if person.id == user_id)


def team_of(region: str) -> str:
    """Each region has one team."""
    return f"{region} Sales"


def build_roster(seed: int, tenant: Tenant, scale: Scale) -> Roster:
    """The roster of one tenant: the same for the same seed and scale, on every machine.

    In each region seat 0 is held throughout; seat 1 always changes hands, others by chance; later
    seats are opened as the company grows. One rep of the first region moves to the second.
    """
    random = stream(seed, tenant.name, "people", scale.name)
    names = _names(random, tenant)
    people: list[Person] = []

    def add(role: str, region: str, seat: int, boss: int | None, hired: date) -> Person:
        person = Person(len(people) + 1, next(names), role, region, seat, boss, hired)
        people.append(person)
        return person

    head = add("head", tenant.regions[0], 0, None, date(2021, 3, 1))
    managers = [
        add("manager", region, 0, head.number, date(2022, 1, 10)) for region in tenant.regions
    ]
    for manager in managers:
        for seat in range(scale.seats_per_region):
            opened = WORLD_START + timedelta(days=random.randrange(60, 700))
            hired = date(2022, 9, 1) if seat * 2 < scale.seats_per_region else opened
            rep = add("rep", manager.region, seat, manager.number, hired)
            leaves = seat == 1 or (seat > 1 and chance(random, 40))
            if leaves:
                last = max(rep.hired_on, WORLD_START) + timedelta(days=random.randrange(150, 800))
                if last < date(2026, 5, 31):
                    people[rep.number - 1] = replace(rep, ended_on=last)
                    gap = timedelta(days=random.randrange(5, 40))
                    add("rep", manager.region, seat, manager.number, last + gap)
    mover = next(person for person in people if person.role == "rep" and person.seat == 0)
    people[mover.number - 1] = replace(
        mover, moved_on=date(2025, 4, 1), moved_region=tenant.regions[1]
    )
    return Roster(tenant, tuple(people))


def _names(random: Random, tenant: Tenant) -> Iterator[str]:
    """Names in random order, none twice."""
    pairs = [(first, last) for first in tenant.first_names for last in tenant.last_names]
    random.shuffle(pairs)
    for first, last in pairs:
        yield f"{last} {first}" if tenant.family_name_first else f"{first} {last}"
