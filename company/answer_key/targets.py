"""Targets: whether they are sound, and how they split down to the day."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import groupby

from company.answer_key.facts import CENT, Facts, Row, add_months, days_between, half_away, week_of
from company.answer_key.places import first_day_of, last_day_of, working_days

MONTHS = {"year": 12, "quarter": 3, "month": 1}
NOTHING = Decimal("0.00")
TOLERANCE = Fraction(5, 1000)
BY_SEASON = "seasonal_working_days"


def first_of(period_type: str, day: date) -> date:
    """The first day of the month, quarter or year that holds a day."""
    count = MONTHS[period_type]
    return date(day.year, (day.month - 1) // count * count + 1, 1)


def end_of(period_type: str, start: date) -> date:
    """The first day after a month, quarter or year that begins with the month of `start`."""
    return add_months(start, MONTHS[period_type])


@dataclass(frozen=True)
class Target:
    """One row of the policy table `target`, its numbers read."""

    row: Row

    @property
    def scope(self) -> tuple[str, str, str, str, int]:
        """What it is a target of: tenant, scope, metric and version."""
        row = self.row
        kind, scope_id = row["scope_kind"], row["scope_id"]
        return row["tenant"], kind, scope_id, row["metric_id"], int(row["version"])

    @property
    def start(self) -> date:
        return date.fromisoformat(self.row["period_start"])

    @property
    def period_type(self) -> str:
        return str(self.row["period_type"])

    @property
    def days(self) -> set[date]:
        """A year, a quarter or a month from its first day on, whichever day that is."""
        after_last = add_months(self.start.replace(day=1), MONTHS[self.period_type])
        return set(days_between(self.start, after_last + (self.start - self.start.replace(day=1))))

    def number(self, name: str) -> Decimal | None:
        return Decimal(self.row[name]) if self.row[name] else None


def targets(facts: Facts) -> list[Target]:
    return [Target(row) for row in facts.valid("target", facts.as_of_date)]


def quality(facts: Facts) -> list[Row]:
    """`mart_target_quality`; its texts for the reader, observed and expected, are left to it."""
    every = targets(facts)
    rows = []
    for target in every:
        results = {
            "specific": _is_specific(facts, target),
            "measurable": _is_measurable(facts, target),
            "achievable": _is_achievable(target),
            "relevant": bool(target.row["owner"]),
            "time_bound": target.start == first_of(target.period_type, target.start),
            "no_overlap": not any(_overlap(target, other) for other in every),
        }
        tenant, scope_kind, scope_id, metric_id, version = target.scope
        rows += [
            {
                "target_id": target.row["target_id"],
                "version": version,
                "check_id": check_id,
                "tenant": tenant,
                "scope_kind": scope_kind,
                "scope_id": scope_id,
                "metric_id": metric_id,
                "period_type": target.period_type,
                "period_start": target.start,
                "owner": target.row["owner"] or None,
                "result": {True: "pass", False: "fail", None: "unknown"}[passed],
            }
            for check_id, passed in results.items()
        ]
    return rows


def _is_specific(facts: Facts, target: Target) -> bool:
    tenant, scope_kind, scope_id, metric_id, _ = target.scope
    known = {"tenant": {"*"}, "region": set[str](), "rep": set[str]()}
    for row in facts.policy.get("rep_assignment", []):
        if row["tenant"] == tenant:
            known["region"].add(row["region"])
            known["rep"].add(row["employee_number"])
    for user in facts.of("user", tenant).values():
        known["region"].add(user["Region__c"])
        known["rep"].add(user["EmployeeNumber"])
    return metric_id in ("won_amount", "won_count") and scope_id in known.get(scope_kind, set())


def _is_measurable(facts: Facts, target: Target) -> bool:
    value = target.number("target_value")
    in_currency = target.row["currency_code"] == facts.currency(target.row["tenant"])
    is_amount = target.row["metric_id"] == "won_amount"
    return value is not None and value > 0 and (in_currency or not is_amount)


def _is_achievable(target: Target) -> bool | None:
    value = target.number("target_value")
    baseline, growth = target.number("baseline_value"), target.number("growth_rate")
    if growth is None or value is None:
        return None
    if not baseline:
        return False
    grown = Fraction(baseline) * (1 + Fraction(growth))
    return abs(Fraction(value) - grown) <= TOLERANCE * grown


def _overlap(target: Target, other: Target) -> bool:
    return (
        target.row["target_id"] != other.row["target_id"]
        and target.scope == other.scope
        and target.period_type == other.period_type
        and bool(target.days & other.days)
    )


def _sound_targets(facts: Facts, checked: list[Row]) -> list[Target]:
    """Those that pass every check; it may be unknown whether they are achievable."""
    unsound = {
        (row["target_id"], row["version"])
        for row in checked
        if row["result"] != "pass" and (row["check_id"], row["result"]) != ("achievable", "unknown")
    }
    return [
        target
        for target in targets(facts)
        if (target.row["target_id"], int(target.row["version"])) not in unsound
    ]


@dataclass(frozen=True)
class Part:
    """A period of a plan: a target's own, or a child of a longer one."""

    period_type: str
    days: tuple[date, ...]
    value: Decimal
    parent: tuple[str, date] | tuple[None, None] = (None, None)
    adjustment: Decimal = NOTHING

    @property
    def start(self) -> date:
        return self.days[0]

    def worked(self, working: Mapping[date, Decimal]) -> int:
        fixed = {"guide_week": 5, "guide_day": 1}
        return fixed.get(self.period_type, len(working.keys() & set(self.days)))


def plan(facts: Facts, checked: list[Row]) -> list[Row]:
    """`mart_target_plan`."""
    sound = _sound_targets(facts, checked)
    rows = []
    for target in sound:
        tenant, scope_kind, scope_id, metric_id, version = target.scope
        own = {(t.period_type, t.start) for t in sound if t.scope == target.scope}
        days = tuple(sorted(target.days))
        working = _working(facts, target, days[0], days[-1])
        last_day = last_day_of(facts, tenant, scope_id) if scope_kind == "rep" else None
        whole = Part(target.period_type, days, target.number("target_value") or NOTHING)
        rows += [
            {
                "tenant": tenant,
                "scope_kind": scope_kind,
                "scope_id": scope_id,
                "metric_id": metric_id,
                "period_type": part.period_type,
                "period_start": part.start,
                "version": version,
                "target_id": target.row["target_id"],
                "target_value": part.value,
                "parent_period_type": part.parent[0],
                "parent_period_start": part.parent[1],
                "working_day_count": part.worked(working),
                "is_vacant": last_day is not None and last_day < part.start,
                "method": target.row["method"],
                "rounding_adjustment": part.adjustment,
                "currency_code": (
                    target.row["currency_code"] if metric_id == "won_amount" else None
                ),
            }
            for part in _branch(whole, target.row["method"], working, own)
        ]
    return with_latest(rows)


def with_latest(rows: list[Row]) -> list[Row]:
    """The rows, each saying whether it is of the highest version of its scope and period."""
    names = ("tenant", "scope_kind", "scope_id", "metric_id", "period_type", "period_start")
    highest: dict[tuple[object, ...], int] = {}
    for row in rows:
        key = tuple(row[name] for name in names)
        highest[key] = max(highest.get(key, 0), int(row["version"]))
    return [
        {**row, "is_latest_version": row["version"] == highest[tuple(row[n] for n in names)]}
        for row in rows
    ]


def _working(facts: Facts, target: Target, first: date, last: date) -> dict[date, Decimal]:
    """The working days of a target: those of a rep who came in its course from then on."""
    tenant, scope_kind, scope_id, _, _ = target.scope
    came_on = first_day_of(facts, tenant, scope_id) if scope_kind == "rep" else None
    if came_on is not None and first < came_on <= last:
        first = came_on
    days = working_days(facts, tenant, first, last + timedelta(days=1))
    return weights(facts, tenant, target.row["method"], days)


def weights(facts: Facts, tenant: str, method: str, days: Iterable[date]) -> dict[date, Decimal]:
    """What each of some working days weighs: 1, or by season what its month was given."""
    given = {
        int(row["month_number"]): Decimal(row["weight"])
        for row in facts.valid("target_season", facts.as_of_date, tenant=tenant)
        if method == BY_SEASON
    }
    return {day: given.get(day.month, Decimal(1)) for day in days}


def _branch(
    part: Part, method: str, working: Mapping[date, Decimal], own: set[tuple[str, date]]
) -> Iterator[Part]:
    """A part and all below it, but for what has a target of its own."""
    yield part
    children = _by_guide(part) if method == "guide_4x5" else _by_working_days(part, working)
    for child in children:
        if (child.period_type, child.start) not in own and child.worked(working):
            yield from _branch(child, method, working, own)


def _periods(part: Part) -> tuple[str, list[tuple[date, ...]]]:
    """The next smaller kind of period, and the days of each inside a part."""
    below: dict[str, tuple[str, Callable[[date], date]]] = {
        "year": ("quarter", lambda day: first_of("quarter", day)),
        "quarter": ("month", lambda day: first_of("month", day)),
        "month": ("week", week_of),
        "week": ("day", lambda day: day),
    }
    if part.period_type not in below:
        return "", []
    kind, first_day = below[part.period_type]
    return kind, [tuple(days) for _, days in groupby(part.days, key=first_day)]


def _by_working_days(part: Part, working: Mapping[date, Decimal]) -> list[Part]:
    """By the largest remainder: the cents that rounding down leaves go where it took most."""
    kind, periods = _periods(part)
    worked = [days for days in periods if working.keys() & set(days)]

    def weight(days: Iterable[date]) -> Fraction:
        return sum((Fraction(working[day]) for day in days if day in working), Fraction(0))

    shares = [
        Fraction(part.value) / Fraction(CENT) * weight(days) / weight(part.days) for days in worked
    ]
    rest = int(part.value / CENT) - sum(int(share) for share in shares)
    by_remainder = sorted(range(len(shares)), key=lambda n: (int(shares[n]) - shares[n], n))
    parent = (part.period_type, part.start)
    return [
        Part(kind, days, (int(shares[n]) + given) * CENT, parent, given * CENT)
        for n, days in enumerate(worked)
        for given in [int(n in by_remainder[:rest])]
    ]


def _by_guide(part: Part) -> list[Part]:
    """A fourth of the year, a third of the quarter, a fourth of the month, a fifth of the week."""
    parent = (part.period_type, part.start)
    if part.period_type in ("month", "guide_week"):
        kind, count = ("guide_week", 4) if part.period_type == "month" else ("guide_day", 5)
        return [Part(kind, part.days, half_away(Fraction(part.value) / count), parent)]
    kind, periods = _periods(part)
    value = half_away(Fraction(part.value) / len(periods)) if periods else NOTHING
    return [Part(kind, days, value, parent) for days in periods]
