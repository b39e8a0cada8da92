"""What each tenant set out to sell: targets by tenant, region and rep, and how they were written.

A few are as real ones are: wrong. Integer arithmetic only, as the roster: they are committed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date

from company.world.people import Roster
from company.world.tenants import AURORA, Scale, Tenant

_YEAR_PERCENT = {2024: 85, 2025: 140, 2026: 170}
"""A region's year in percent of its seats' quotas: the company opens in 2023 and grows."""

_GROWTH_PERCENT = {2025: 50, 2026: 20}
_PLANNED_ON = date(2025, 12, 1)
_CHANGED_ON = date(2026, 4, 1)

SEASON = {
    1: {_PLANNED_ON: "0.90"},
    2: {_PLANNED_ON: "0.60"},
    3: {_PLANNED_ON: "1.10"},
    6: {_PLANNED_ON: "1.30"},
    7: {_PLANNED_ON: "0.90"},
    9: {_PLANNED_ON: "1.20"},
    12: {_PLANNED_ON: "1.40", _CHANGED_ON: "1.50"},
}
"""Month -> first day -> what a working day of it weighs at Aurora: little around the Spring
Festival, more where a quarter ends."""


@dataclass(frozen=True, slots=True)
class Target:
    """One target, in whole units; `growth_percent` is what it adds to `baseline`."""

    target_id: str
    tenant: str
    scope_kind: str
    scope_id: str
    metric_id: str
    period_type: str
    period_start: date
    value: int | None
    currency: str | None
    valid_from: date
    baseline: int | None = None
    growth_percent: int | None = None
    owner: str | None = "sales_operations"
    method: str = "working_days"
    version: int = 1
    valid_to: date | None = None


def targets(roster: Roster, scale: Scale) -> list[Target]:
    """Everything that a tenant aims at, in order of period and scope."""
    return [
        *_years(roster.tenant, scale),
        *_of_reps(roster, scale),
        *_shorter(roster.tenant, scale),
        *_counts(roster.tenant, scale),
        *_flawed(roster.tenant, scale),
    ]


def _years(tenant: Tenant, scale: Scale) -> Iterator[Target]:
    """A year of the tenant and of each region; the last region has none before 2025.

    In April 2026 the first two regions' years are raised by a tenth: the first keeps its old
    version beside the new one, the second's is ended. Aurora plans its 2026 by the season.
    """
    for year in _YEAR_PERCENT:
        values = {region: _region_year(tenant, scale, year, region) for region in tenant.regions}
        whole = _year(tenant, "tenant", "*", year, sum(values.values()))
        by_season = tenant is AURORA and year == _CHANGED_ON.year
        yield replace(whole, method="seasonal_working_days") if by_season else whole
        for region in tenant.regions[: None if year > 2024 else -1]:
            target = _year(tenant, "region", region, year, values[region])
            if year == _CHANGED_ON.year and region in tenant.regions[:2]:
                ends = region == tenant.regions[1]
                yield replace(target, valid_to=_CHANGED_ON if ends else None)
                yield replace(
                    target,
                    value=values[region] * 110 // 100,
                    baseline=values[region],
                    growth_percent=10,
                    version=2,
                    valid_from=_CHANGED_ON,
                )
            else:
                yield target


def _of_reps(roster: Roster, scale: Scale) -> Iterator[Target]:
    """2026 of every rep: the year of who was there, and of who came in its first quarter.

    Who came later has the rest of it by quarters, half of the one that he came in. The year of who
    left before the plan was revised in April ended with him; that of who left since was let stand.
    """
    tenant, year = roster.tenant, 2026
    for rep in roster.reps:
        seat = _region_year(tenant, scale, year, rep.region) // scale.seats_per_region
        seat = seat * (90 + 5 * (rep.number % 5)) // 100
        target = replace(
            _year(tenant, "rep", rep.employee_number, year, seat),
            target_id=f"{tenant.name}-{rep.employee_number}-{year}",
            valid_to=rep.ended_on if rep.ended_on and rep.ended_on < _CHANGED_ON else None,
        )
        came_in = (rep.hired_on.month + 2) // 3
        if rep.works_on(date(year, 1, 1)):
            yield target
        elif rep.hired_on.year == year and came_in == 1:
            yield replace(
                target,
                value=seat * (13 - rep.hired_on.month) // 12,
                baseline=None,
                growth_percent=None,
                valid_from=rep.hired_on,
            )
        elif rep.hired_on.year == year:
            for number in range(came_in, 5):
                yield replace(
                    target,
                    target_id=f"{target.target_id}-q{number}",
                    period_type="quarter",
                    period_start=date(year, 3 * number - 2, 1),
                    value=seat // (8 if number == came_in else 4),
                    baseline=None,
                    growth_percent=None,
                    valid_from=rep.hired_on,
                )


def _shorter(tenant: Tenant, scale: Scale) -> Iterator[Target]:
    """A quarter and two months of regions that differ from what their year gives them."""
    year = _region_year(tenant, scale, 2026, tenant.regions[-1])
    for period_type, start, value in (
        ("quarter", date(2026, 7, 1), year * 3 // 10),
        ("month", date(2026, 5, 1), year // 10),
        ("month", date(2026, 6, 1), year // 11),
    ):
        yield replace(
            _year(tenant, "region", tenant.regions[-1], 2026, value),
            target_id=f"{tenant.name}-campaign-{start:%Y-%m}",
            period_type=period_type,
            period_start=start,
            baseline=None,
            growth_percent=None,
            valid_from=date(2026, 4, 20),
        )


def _counts(tenant: Tenant, scale: Scale) -> Iterator[Target]:
    """Deals to win in 2026: one tenant plans by the guide's four weeks and five days, one by days.

    The planning of days begins with the second quarter.
    """
    deals = scale.prospects_per_region * len(tenant.regions) // 7
    for period_type, start, value, method in (
        [("year", date(2026, 1, 1), deals, "guide_4x5")]
        if tenant is AURORA
        else [
            ("quarter", date(2026, month, 1), deals // 4 + month, "working_days")
            for month in (4, 7, 10)
        ]
    ):
        yield replace(
            _year(tenant, "tenant", "*", 2026, value),
            target_id=f"{tenant.name}-deals-{start:%Y-%m}",
            metric_id="won_count",
            period_type=period_type,
            period_start=start,
            currency=None,
            baseline=None,
            growth_percent=None,
            method=method,
        )


def _flawed(tenant: Tenant, scale: Scale) -> Iterator[Target]:
    """One target a check that fails it, and the two that overlap; all of them of deals won."""
    third_quarter = date(2026, 7, 1)
    deals = scale.prospects_per_region // 20
    region, last = tenant.regions[0], tenant.regions[-1]
    sound = Target(
        "", tenant.name, "region", region, "won_count", "quarter", third_quarter,
        deals, None, date(2026, 6, 15),
    )  # fmt: skip
    for name, flawed in (
        ("unknown-region", replace(sound, scope_id="Central")),
        ("unknown-metric", replace(sound, metric_id="calls_made")),
        ("no-value", replace(sound, period_type="month", value=None)),
        ("no-baseline", replace(sound, scope_id=last, growth_percent=15)),
        ("baseline-off", replace(sound, baseline=deals, growth_percent=15)),
        ("no-owner", replace(sound, period_start=date(2026, 10, 1), owner=None)),
        ("late-start", replace(sound, period_type="month", period_start=date(2026, 5, 11))),
        ("twice", replace(sound, scope_id=last, period_type="month")),
        ("twice-again", replace(sound, scope_id=last, period_type="month", value=deals + 1)),
    ):
        yield replace(flawed, target_id=f"{tenant.name}-{name}")


def _year(tenant: Tenant, scope_kind: str, scope_id: str, year: int, value: int) -> Target:
    """A year of won amount: what it grows by, and the year before that this takes it from."""
    growth = _GROWTH_PERCENT.get(year)
    scope = tenant.name if scope_kind == "tenant" else scope_id.lower().replace(" ", "-")
    return Target(
        f"{tenant.name}-{scope}-{year}",
        tenant.name,
        scope_kind,
        scope_id,
        "won_amount",
        "year",
        date(year, 1, 1),
        value,
        tenant.currency,
        date(year - 1, 12, 1),
        baseline=None if growth is None else value * 100 // (100 + growth),
        growth_percent=growth,
    )


def _region_year(tenant: Tenant, scale: Scale, year: int, region: str) -> int:
    """The first region is to sell a little more than the second, and so on."""
    quotas = 12 * tenant.quota * scale.seats_per_region * scale.quota_percent // 100
    percent = _YEAR_PERCENT[year] * (104 - 4 * tenant.regions.index(region))
    return quotas * percent // 10_000 // 1000 * 1000
