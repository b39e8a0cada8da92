"""Rules on single landed rows: a row at fault is quarantined, too many of them refuse the load."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from expectations.contract import Severity
from expectations.sql import array, name
from expectations.suites.raw.currencies import CURRENCIES

OWNER = "data_engineering"

# Rows that are quarantined one by one before their load as a whole is in doubt. One percent is
# more than any vendor's ordinary dirt; five rows keep a small daily load from being refused for
# one bad record.
MAX_SHARE = Decimal("0.01")
MAX_ROWS = 5

FIRST_DAY = "1990-01-01"


@dataclass(frozen=True, slots=True)
class RowRule:
    """One expectation on a row. `fault` is SQL over the landed columns, true on a row at fault
    (null is not), with ``{latest}`` for the last plausible day."""

    name: str
    field: str
    fault: str
    why: str
    fix: str
    owner: str = OWNER
    severity: Severity = "critical"
    max_share: Decimal = MAX_SHARE
    max_rows: int = MAX_ROWS
    reason: str = "more is a fault of the export, not of a record"


def key_present(key: Sequence[str]) -> RowRule:
    """Every part of the key has a value."""
    return RowRule(
        name="key_present",
        field=", ".join(key),
        fault=" or ".join(
            f"coalesce(trim(cast({name(part)} as varchar)), '') = ''" for part in key
        ),
        why="A row without its key can be neither updated nor deleted later.",
        fix="find the record at its source and export it with its id",
    )


def not_negative(field: str, why: str) -> RowRule:
    """An amount or a count that cannot be below zero."""
    return RowRule(
        name=f"{field}_not_negative",
        field=field,
        fault=f"{name(field)} < 0",
        why=why,
        fix=f"correct {field} at its source",
        owner="finance",
    )


def between(field: str, low: int, high: int, why: str) -> RowRule:
    """A number within [low, high]."""
    return RowRule(
        name=f"{field}_in_range",
        field=field,
        fault=f"{name(field)} < {low} or {name(field)} > {high}",
        why=why,
        fix=f"correct {field} at its source: {low} to {high}",
    )


def one_of(field: str, values: Sequence[str], why: str) -> RowRule:
    """A coded value that the models know."""
    return RowRule(
        name=f"{field}_known",
        field=field,
        fault=f"not list_contains({array(values)}, {name(field)})",
        why=why,
        fix=f"if the vendor added the value, teach it to the models: {', '.join(values)}",
    )


def known_currency(field: str) -> RowRule:
    """An ISO 4217 code, in either case."""
    return RowRule(
        name=f"{field}_known",
        field=field,
        fault=f"not list_contains({array(sorted(CURRENCIES))}, upper({name(field)}))",
        why="An amount in an unknown currency cannot be converted or added up.",
        fix="enter the ISO 4217 code of the currency",
        owner="finance",
    )


def plausible(field: str) -> RowRule:
    """A date or a time within [1990-01-01, as_of + 10 years]."""
    day = f"cast({name(field)} as date)"
    return _plausible(field, f"{day} < date '{FIRST_DAY}' or {day} > date '{{latest}}'")


def plausible_epoch(field: str) -> RowRule:
    """The same, in seconds since 1970: compared as numbers, whatever the vendor sent."""
    seconds = name(field)
    return _plausible(
        field,
        f"{seconds} < epoch(date '{FIRST_DAY}') or {seconds} >= epoch(date '{{latest}}') + 86400",
    )


def _plausible(field: str, fault: str) -> RowRule:
    return RowRule(
        name=f"{field}_plausible",
        field=field,
        fault=fault,
        why="A day before 1990 or more than ten years ahead is a typing error or a placeholder.",
        fix=f"correct {field} at its source",
    )


def plausible_dates(columns: Sequence[tuple[str, str]]) -> tuple[RowRule, ...]:
    """One rule for each declared column of type date or timestamp."""
    return tuple(plausible(field) for field, kind in columns if kind in ("date", "timestamp"))
