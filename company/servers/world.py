"""The world as of one instant: which objects each vendor would show, in the order it shows them.

`world.sqlite` holds every version of every object. A server shows one instant of it, `now`: of each
object the latest version not after `now`. The objects of one (vendor, tenant, resource) are copied
into a private temporary database on first use and dropped when `now` moves, so that a page costs
its own rows and not a sort of the whole history.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any


class WorldError(Exception):
    """The world file or an instant given for it cannot be used; the message says why."""


@dataclass(frozen=True, slots=True)
class Stream:
    """The objects of one kind of one tenant: the unit that is listed and paged through."""

    vendor: str
    tenant: str
    resource: str


@dataclass(frozen=True, slots=True)
class Found:
    """One object as of `now`. `sort` is its place in the vendor's order, in epoch seconds."""

    id: str
    sort: int
    deleted: bool
    payload: dict[str, Any]


Position = tuple[int, str]
"""A place in a stream's order: (sort, id)."""

_MODIFIED = "cast(strftime('%s', json_extract(payload, '$.updated_at')) as integer)"
_CREATED = "cast(strftime('%s', json_extract(payload, '$.created_at')) as integer)"

# Salesforce orders by what a query asks for, so its own order is only the id. A ticket's place is
# when Zendesk touched it (`generated_timestamp`), which is when the version became true.
_SORT = {
    ("zendesk", "ticket"): "cast(strftime('%s', valid_at) as integer)",
    ("zendesk", "organization"): _MODIFIED,
    ("zendesk", "user"): _MODIFIED,
    ("zendesk", "ticket_event"): _CREATED,
    ("zendesk", "satisfaction_rating"): _MODIFIED,
}
_SORT_OF_VENDOR = {"salesforce": "0", "stripe": "json_extract(payload, '$.created')"}

_COLUMNS = ("vendor", "tenant", "resource", "id", "valid_at", "deleted", "payload")


class World:
    """Read access to a world file as of `now`. Not for use by two threads at once.

    Raises WorldError when the file is missing or has no table `object_version`.
    """

    def __init__(self, path: Path, now: datetime) -> None:
        self.now = now
        self._filled: set[Stream] = set()
        if not path.is_file():
            raise WorldError(f"{path}: no such world file; `python -m company.world` writes one")
        # An empty name is a private database on disk: large worlds do not live in memory.
        self._db = sqlite3.connect("", uri=True, check_same_thread=False, isolation_level=None)
        self._db.execute("attach ? as source", (f"{path.absolute().as_uri()}?mode=ro",))
        columns = [row[1] for row in self._read("pragma source.table_info(object_version)")]
        if sorted(columns) != sorted(_COLUMNS):
            raise WorldError(
                f"{path}: table object_version has columns {columns}, expected {list(_COLUMNS)}"
            )
        self._db.executescript(
            """
            create table object (
                vendor text, tenant text, resource text, sort integer, id text,
                deleted integer, payload text
            );
            create unique index object_by_id on object (vendor, tenant, resource, id);
            create index object_by_sort on object (vendor, tenant, resource, sort, id);
            create table inserted (
                vendor text, tenant text, resource text, id text, valid_at text, payload text
            );
            """
        )

    def close(self) -> None:
        self._db.close()

    def move_to(self, now: datetime) -> None:
        """Shows the world as of `now`, earlier or later than before."""
        self.now = now
        self._empty()

    def insert(self, stream: Stream, id: str, payload: dict[str, Any]) -> None:
        """Adds an object that the file does not have, from `now` on, until `forget_inserted`."""
        self._db.execute(
            "insert into inserted values (?, ?, ?, ?, ?, ?)",
            (*_key(stream), id, instant_text(self.now), json.dumps(payload)),
        )
        if stream in self._filled:
            self._fill_inserted(stream)

    def forget_inserted(self) -> None:
        """Takes away what `insert` added."""
        if self._db.execute("delete from inserted").rowcount:
            self._empty()

    def get(self, stream: Stream, id: str) -> Found | None:
        """The object with this id, deleted or not; None when there is none as of `now`."""
        self._fill(stream)
        rows = self._found(f"{_WHERE} and id = ?", (*_key(stream), id))
        return rows[0] if rows else None

    def ascending(
        self,
        stream: Stream,
        limit: int,
        *,
        since: int = 0,
        after: Position | None = None,
        deleted: bool = True,
    ) -> list[Found]:
        """At most `limit` objects with sort >= `since` and place > `after`, oldest first."""
        self._fill(stream)
        return self._found(
            f"{_WHERE} and (sort, id) > (?, ?) and sort >= ? and deleted <= ?"
            " order by sort, id limit ?",
            (*_key(stream), *(after or (-1, "")), since, int(deleted), limit),
        )

    def descending(
        self, stream: Stream, limit: int, *, since: int, until: int, before: Position | None
    ) -> list[Found]:
        """At most `limit` objects not deleted with since <= sort <= until and place < `before`,
        newest first."""
        self._fill(stream)
        condition, values = ("and (sort, id) < (?, ?)", before) if before else ("", ())
        return self._found(
            f"{_WHERE} {condition} and sort between ? and ? and deleted = 0"
            " order by sort desc, id desc limit ?",
            (*_key(stream), *values, since, until, limit),
        )

    def select(self, stream: Stream, tail: str, values: Sequence[object]) -> list[int]:
        """Handles of the objects that `tail` (SQL after `where ...`) keeps, in its order.

        Handles stay good until `now` moves. `tail` may name id, deleted and payload.
        """
        self._fill(stream)
        # `tail` is compiled from a parsed query with every literal bound, see salesforce.py.
        rows = self._read(
            f"select rowid from object where {_WHERE} {tail}",  # noqa: S608
            (*_key(stream), *values),
        )
        return [row[0] for row in rows]

    def fetch(self, handles: Sequence[int]) -> list[Found]:
        """The objects of these handles, in their order."""
        marks = ", ".join("?" * len(handles))
        rows = self._read(
            f"select rowid, id, sort, deleted, payload from object where rowid in ({marks})",  # noqa: S608
            handles,
        )
        found = {row[0]: _row(row[1:]) for row in rows}
        return [found[handle] for handle in handles]

    def _empty(self) -> None:
        self._db.execute("delete from object")
        self._filled.clear()

    def _fill(self, stream: Stream) -> None:
        if stream in self._filled:
            return
        # max() makes SQLite take the other columns from the row that holds the maximum.
        self._db.execute(
            f"""
            insert into object
            select vendor, tenant, resource, {_sort(stream)}, id, deleted, payload
            from (
                select vendor, tenant, resource, id, max(valid_at) as valid_at, deleted, payload
                from source.object_version
                where {_WHERE} and valid_at <= ?
                group by id
            )
            """,  # noqa: S608 - only constants of this module are put in
            (*_key(stream), instant_text(self.now)),
        )
        self._fill_inserted(stream)
        self._filled.add(stream)

    def _fill_inserted(self, stream: Stream) -> None:
        self._db.execute(
            f"""
            insert or replace into object
            select vendor, tenant, resource, {_sort(stream)}, id, 0, payload
            from inserted where {_WHERE} and valid_at <= ?
            """,  # noqa: S608 - only constants of this module are put in
            (*_key(stream), instant_text(self.now)),
        )

    def _found(self, tail: str, values: Sequence[object]) -> list[Found]:
        rows = self._read(f"select id, sort, deleted, payload from object where {tail}", values)  # noqa: S608
        return [_row(row) for row in rows]

    def _read(self, sql: str, values: Sequence[object] = ()) -> Iterable[tuple[Any, ...]]:
        return self._db.execute(sql, values).fetchall()


_WHERE = "vendor = ? and tenant = ? and resource = ?"


def instant(text: str) -> datetime:
    """An ISO 8601 time with a zone, as UTC. Raises WorldError when it is none."""
    try:
        value = datetime.fromisoformat(text)
    except ValueError:
        value = None
    if value is None or value.tzinfo is None:
        raise WorldError(
            f"now={text!r} is not an ISO 8601 time with a zone, e.g. 2026-07-01T03:00:00+08:00"
        )
    return value.astimezone(UTC)


def instant_text(value: datetime) -> str:
    """A UTC instant as the world file writes it: `2026-06-30T16:00:00Z`."""
    return value.strftime("%Y-%m-%dT%H:%M:%SZ")


def _key(stream: Stream) -> tuple[str, str, str]:
    return (stream.vendor, stream.tenant, stream.resource)


def _sort(stream: Stream) -> str:
    return _SORT.get((stream.vendor, stream.resource)) or _SORT_OF_VENDOR[stream.vendor]


def _row(row: tuple[Any, ...]) -> Found:
    id, sort, deleted, payload = row
    # A decimal of at most 15 digits survives being read as a float and written again.
    return Found(id, sort, bool(deleted), json.loads(payload))
