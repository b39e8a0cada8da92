"""What a vendor offers, as data: a `Resource` is a name, a key, a cursor rule and typed columns."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

ColumnType = Literal[
    "string",
    "bigint",
    "int",
    "boolean",
    "date",
    "timestamp",
    "decimal(18,2)",
    "decimal(18,6)",
    "json",
]
"""Types a landed column may have. `timestamp` is UTC without a zone; `json` is JSON text."""


@dataclass(frozen=True, slots=True)
class Column:
    """One declared column.

    `path` is where the value sits in the vendor's row, dots for nesting (``Account.Name``), a
    number for a place in a list (``Requestor.0.id``), a doubled dot for a key that ends with one
    (``currency..code``); it defaults to `name`. `also` is the path of a second part, joined to the
    first by ``@``: a key of two fields. `personal` columns
    are dropped (``"drop"``), replaced by their salted SHA-256 (``"hash"``), or cut to the domain
    of an e-mail address (``"domain"``) before anything typed is written.
    """

    name: str
    type: ColumnType
    path: str = ""
    personal: Literal["", "drop", "hash", "domain"] = ""
    also: str = ""

    @property
    def source_path(self) -> str:
        return self.path or self.name


def keys_of(path: str) -> list[str]:
    """The keys that lead to a value: ``currency..code`` is ``["currency.", "code"]``."""
    return re.split(r"\.(?!\.)", path)


@dataclass(frozen=True, slots=True)
class Cursor:
    """How an incremental request asks for news.

    `column` holds the vendor's modification (or creation) time; a request asks for rows at or
    after the last cursor less `overlap` (``>=``: equal timestamps must not be lost).
    `opaque` cursors (Zendesk) are handed back as they were given.
    """

    column: str
    overlap: timedelta = timedelta(0)
    opaque: bool = False


@dataclass(frozen=True, slots=True)
class Resource:
    """One kind of object of one vendor. `key` names the column that identifies a row (required)."""

    name: str
    key: str
    columns: tuple[Column, ...]
    cursor: Cursor | None
    endpoint: str = ""
    modified_at: str = ""
    """Column with the vendor's own time of the row; the first back-fill is recorded as of it."""
    deleted_flag: str = ""
    """Boolean column that is true on a tombstone; empty when the vendor reports no deletes."""
    sweep: bool = False
    """The vendor deletes without a trace: after each read all ids are read, and a row that landed
    and is not among them lands once more with `deleted_flag` true. The vendor's rows have no such
    column."""

    def column(self, name: str) -> Column:
        """The declared column called `name`. Raises KeyError when there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"{self.name} declares no column {name!r}")
