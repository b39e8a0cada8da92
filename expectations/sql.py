"""Writing SQL from data: literals, names and lists, quoted in one place."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

Value = str | int | Decimal | bool | date | datetime | Path | None


def literal(value: Value) -> str:
    """`value` as a SQL literal. Times become UTC without a zone."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | Decimal):
        return str(value)
    if isinstance(value, datetime):
        return f"timestamp '{timestamp_text(value)}'"
    if isinstance(value, date):
        return f"date '{value.isoformat()}'"
    return "'" + str(value).replace("'", "''") + "'"


def name(identifier: str) -> str:
    """`identifier` quoted."""
    return '"' + identifier.replace('"', '""') + '"'


def array(values: Iterable[Value]) -> str:
    """A list literal."""
    return "[" + ", ".join(literal(value) for value in values) + "]"


def rows(columns: Sequence[str], values: Sequence[Sequence[Value]]) -> str:
    """A sub-select of constant rows; no rows give an empty relation with the same columns."""
    names = ", ".join(name(column) for column in columns)
    listed = [f"({', '.join(literal(value) for value in row)})" for row in values]
    if not listed:
        listed = [f"({', '.join('null' for _ in columns)})"]
    known = "true" if values else "false"
    body = f"(values {', '.join(listed)}) as constant_row({names})"
    return f"(select * from {body} where {known})"


def timestamp_text(instant: datetime) -> str:
    """`instant` as `YYYY-MM-DD HH:MM:SS.ffffff` in UTC; a naive one is UTC already."""
    if instant.tzinfo is not None:
        instant = instant.astimezone(UTC).replace(tzinfo=None)
    return instant.isoformat(sep=" ", timespec="microseconds")
