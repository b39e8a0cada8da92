"""Percentiles, intervals of rates and days, as `docs/marts.md` defines them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from math import sqrt
from typing import TypeVar

from company.answer_key.facts import MILLIONTH, half_away

Z = 1.959964
SECONDS_A_DAY = 86400
Ordered = TypeVar("Ordered", int, Decimal)


def seconds_between(start: datetime, end: datetime) -> int:
    return (end - start) // timedelta(seconds=1)


def percentile(values: Iterable[Ordered], hundredths: int) -> Ordered | None:
    """The value at rank ceil(p * n) in ascending order; None of nothing."""
    ordered = sorted(values)
    rank = -(-hundredths * len(ordered) // 100)
    return ordered[rank - 1] if ordered else None


def days(seconds: int | None, over: int = 1) -> Decimal | None:
    """Seconds, or the mean of a sum of seconds over so many, in days to six places."""
    if seconds is None or over == 0:
        return None
    return half_away(Fraction(seconds, SECONDS_A_DAY * over), MILLIONTH)


def percentile_days(seconds: Sequence[int], hundredths: int) -> Decimal | None:
    return days(percentile(seconds, hundredths))


def interval(part: int, whole: int) -> tuple[Decimal | None, Decimal | None]:
    """Wilson's score interval of part / whole, in double precision."""
    if whole == 0:
        return None, None
    n, p = float(whole), part / whole
    middle = p + Z * Z / (2 * n)
    reach = Z * sqrt((p * (1 - p) + Z * Z / (4 * n)) / n)
    low, high = ((middle + side) / (1 + Z * Z / n) for side in (-reach, reach))
    return (
        half_away(Fraction(max(low, 0.0)), MILLIONTH),
        half_away(Fraction(min(high, 1.0)), MILLIONTH),
    )
