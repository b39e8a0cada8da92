"""The tenants' own calendars: days off and make-up working days, as they are announced."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

_YEARS = range(2023, 2027)
_FRIDAY = 4


@dataclass(frozen=True, slots=True)
class SpecialDay:
    """A day on which a tenant works, or does not, against what its weekday says."""

    tenant: str
    day: date
    is_working_day: bool
    name: str


def special_days() -> list[SpecialDay]:
    """Every tenant's special days over the world's years, in order of tenant and day."""
    found = [
        *(SpecialDay("aurora", *special) for special in _aurora()),
        *(SpecialDay("borealis", *special) for special in _borealis()),
    ]
    return sorted(found, key=lambda special: (special.tenant, special.day))


_AURORA_OFF = (
    ("2023-01-02", 1, "New Year's Day"),
    ("2023-01-21", 7, "Spring Festival"),
    ("2023-04-05", 1, "Tomb-Sweeping Day"),
    ("2023-04-29", 5, "Labour Day"),
    ("2023-06-22", 3, "Dragon Boat Festival"),
    ("2023-09-29", 8, "National Day"),
    ("2024-01-01", 1, "New Year's Day"),
    ("2024-02-10", 8, "Spring Festival"),
    ("2024-04-04", 3, "Tomb-Sweeping Day"),
    ("2024-05-01", 5, "Labour Day"),
    ("2024-06-10", 1, "Dragon Boat Festival"),
    ("2024-09-15", 3, "Mid-Autumn Festival"),
    ("2024-10-01", 7, "National Day"),
    ("2025-01-01", 1, "New Year's Day"),
    ("2025-01-28", 8, "Spring Festival"),
    ("2025-04-04", 3, "Tomb-Sweeping Day"),
    ("2025-05-01", 5, "Labour Day"),
    ("2025-05-31", 3, "Dragon Boat Festival"),
    ("2025-10-01", 8, "National Day"),
    ("2026-01-01", 3, "New Year's Day"),
    ("2026-02-15", 9, "Spring Festival"),
    ("2026-04-04", 3, "Tomb-Sweeping Day"),
    ("2026-05-01", 5, "Labour Day"),
    ("2026-06-19", 3, "Dragon Boat Festival"),
    ("2026-09-25", 3, "Mid-Autumn Festival"),
    ("2026-10-01", 7, "National Day"),
)
"""(first day, days, name): weekends inside are off anyway."""

_AURORA_MAKE_UP = (
    "2023-01-28", "2023-01-29", "2023-04-23", "2023-05-06", "2023-06-25", "2023-10-07",
    "2023-10-08", "2024-02-04", "2024-02-18", "2024-04-07", "2024-04-28", "2024-05-11",
    "2024-09-14", "2024-09-29", "2024-10-12", "2025-01-26", "2025-02-08", "2025-04-27",
    "2025-09-28", "2025-10-11", "2026-01-04", "2026-02-14", "2026-02-28", "2026-05-09",
    "2026-09-20", "2026-10-10",
)  # fmt: skip


def _aurora() -> Iterator[tuple[date, bool, str]]:
    """Long holidays are paid for with a weekend day of the weeks around them."""
    for first, count, name in _AURORA_OFF:
        for offset in range(count):
            day = date.fromisoformat(first) + timedelta(days=offset)
            if day.weekday() <= _FRIDAY:
                yield day, False, name
    for text in _AURORA_MAKE_UP:
        yield date.fromisoformat(text), True, "Make-up working day"


def _borealis() -> Iterator[tuple[date, bool, str]]:
    """Public holidays, on the nearest weekday, and one Saturday of stocktaking in December."""
    for year in _YEARS:
        yield _observed(date(year, 1, 1)), False, "New Year's Day"
        yield _nth_weekday(date(year, 6, 1), 0, 0), False, "Memorial Day"
        yield _observed(date(year, 7, 4)), False, "Independence Day"
        yield _nth_weekday(date(year, 9, 1), 0, 1), False, "Labor Day"
        thanksgiving = _nth_weekday(date(year, 11, 1), 3, 4)
        yield thanksgiving, False, "Thanksgiving"
        yield thanksgiving + timedelta(days=1), False, "Day after Thanksgiving"
        yield _observed(date(year, 12, 25)), False, "Christmas Day"
        yield _nth_weekday(date(year, 12, 1), 5, 1), True, "Stocktaking"


def _observed(day: date) -> date:
    """The weekday on which a holiday is kept: Friday for a Saturday, Monday for a Sunday."""
    return day + timedelta(days={5: -1, 6: 1}.get(day.weekday(), 0))


def _nth_weekday(month: date, weekday: int, count: int) -> date:
    """The n-th such weekday of a month; the 0th is the last one before the month begins."""
    ahead = (weekday - month.weekday()) % 7
    return month + timedelta(days=ahead + 7 * (count - 1))
