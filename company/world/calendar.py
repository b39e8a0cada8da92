"""Instants and local time. Everywhere in the world an instant is whole seconds since 1970, UTC."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from random import Random
from zoneinfo import ZoneInfo

DAY = 86_400
HOUR = 3_600


def instant(day: date, at: time, zone: ZoneInfo) -> int:
    """The instant of a local day and time."""
    return int(datetime.combine(day, at, zone).timestamp())


def midnight_utc(day: date) -> int:
    """The first instant of a day in UTC."""
    return int(datetime.combine(day, time(), UTC).timestamp())


@lru_cache(maxsize=100_000)
def local_date(at: int, zone: ZoneInfo) -> date:
    """The local day that holds an instant."""
    return datetime.fromtimestamp(at, zone).date()


@lru_cache(maxsize=100_000)
def iso(at: int) -> str:
    """``2026-06-30T16:00:00Z``: Zendesk's form, and that of `valid_at`."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def salesforce_time(at: int) -> str:
    """``2026-06-30T16:00:00.000+0000``: Salesforce's form."""
    return iso(at)[:-1] + ".000+0000"


def in_office(random: Random, at: int, zone: ZoneInfo) -> int:
    """An instant in office hours (9 to 18, Monday to Friday) on the local day of `at` or after it.

    Never before `at`, so a chain of events keeps its order.
    """
    day = local_date(at, zone)
    while True:
        if day.weekday() < 5:
            opening = instant(day, time(9), zone)
            closing = opening + 9 * HOUR
            if at < closing:
                return random.randrange(max(at, opening), closing)
        day += timedelta(days=1)


def months_later(at: int, count: int, zone: ZoneInfo) -> int:
    """The same local time some months later, on the last day of a month that is too short."""
    moment = datetime.fromtimestamp(at, zone)
    month = add_months(month_start(moment.date()), count)
    last = add_months(month, 1) - timedelta(days=1)
    day = month.replace(day=min(moment.day, last.day))
    return instant(day, moment.time(), zone)


def month_start(day: date) -> date:
    """The first day of a day's month."""
    return day.replace(day=1)


def add_months(month: date, count: int) -> date:
    """The first day of the month that is `count` months from `month` (a first day itself)."""
    index = month.year * 12 + month.month - 1 + count
    return date(index // 12, index % 12 + 1, 1)
