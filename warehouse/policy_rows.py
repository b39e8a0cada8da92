"""Policy files as read: typed rows with their lines, and the faults found in them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from warehouse.policy_tables import PolicyTable

Value = str | int | bool | date | datetime | Decimal | None


def shown(value: Value) -> str:
    """A value as a file holds it."""
    return "" if value is None else str(value)


@dataclass(frozen=True, slots=True)
class PolicyProblem:
    """One fault in one file: where, what stands there, why it is refused, how to repair it.

    `row` is the line of the file (the header is line 1); 0 when it is about the whole file.
    """

    file: str
    row: int
    field: str
    value: str
    why: str
    fix: str

    def __str__(self) -> str:
        place = f"{self.file}" + (f", line {self.row}" if self.row else "")
        what = (
            f", {self.field}" + (f" = {self.value!r}" if self.value else "") if self.field else ""
        )
        return f"{place}{what}: {self.why}. {self.fix}."


@dataclass(frozen=True, slots=True)
class PolicyRow:
    """One row of a table: its line in the file (0 when read back from a landing), typed values."""

    line: int
    values: Mapping[str, Value]

    @property
    def valid_from(self) -> date:
        value = self.values["valid_from"]
        assert isinstance(value, date)
        return value

    @property
    def valid_to(self) -> date:
        """Exclusive; an open row runs to the end of time."""
        value = self.values["valid_to"]
        assert value is None or isinstance(value, date)
        return value or date.max

    def text(self, names: Iterable[str] | None = None) -> str:
        """`name=value` of these columns, of all of them without."""
        named = self.values if names is None else names
        return ", ".join(f"{name}={shown(self.values[name])}" for name in named)


@dataclass(frozen=True, slots=True)
class PolicyFile:
    """One table's file as read: typed rows and the SHA-256 of its bytes.

    `faulty` are rows with a fault of their own; a value that cannot be read is None in them. They
    never land, but what refers to them is not at fault as well. `is_whole` says that nothing in
    the file was refused while it was read.
    """

    table: PolicyTable
    name: str
    sha256: str
    rows: tuple[PolicyRow, ...]
    faulty: tuple[PolicyRow, ...] = ()
    is_whole: bool = True

    @property
    def all_rows(self) -> tuple[PolicyRow, ...]:
        """In the order of the file."""
        return tuple(sorted((*self.rows, *self.faulty), key=lambda row: row.line))


Files = Mapping[str, PolicyFile]
"""By table; one that cannot be read at all is not there."""
