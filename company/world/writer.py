"""Writes a world to disk: the SQLite file of object versions, byte for byte the same each time."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from decimal import Decimal
from json.encoder import encode_basestring
from pathlib import Path

from company.world.calendar import iso
from company.world.records import Version

_TABLE = """
create table object_version (
    vendor text not null,
    tenant text not null,
    resource text not null,
    id text not null,
    valid_at text not null,
    deleted integer not null,
    payload text not null,
    primary key (vendor, tenant, resource, id, valid_at)
) without rowid
"""


def to_json(value: object) -> str:
    """JSON text of a payload. Decimals are written as they stand, so money never is a float."""
    return _WRITERS[type(value)](value)


def _object(value: dict[str, object]) -> str:
    members = [f'"{name}":{_WRITERS[type(item)](item)}' for name, item in value.items()]
    return "{" + ",".join(members) + "}"


def _array(value: list[object]) -> str:
    return "[" + ",".join([to_json(item) for item in value]) + "]"


_WRITERS: dict[type, Callable[..., str]] = {
    str: encode_basestring,
    int: int.__repr__,
    Decimal: Decimal.__str__,
    bool: lambda value: "true" if value else "false",
    type(None): lambda _: "null",
    dict: _object,
    list: _array,
}


def write_versions(path: Path, versions: Iterable[Version], until: int) -> int:
    """Writes the versions valid before `until` (seconds, UTC) to a new file; returns their count.

    An existing file is replaced. Rows are inserted in the order of the primary key.
    """
    path.unlink(missing_ok=True)
    rows = sorted(
        (
            (v.vendor, v.tenant, v.resource, v.id, iso(v.valid_at), int(v.deleted), v.payload)
            for v in versions
            if v.valid_at < until
        ),
        key=lambda row: row[:5],
    )
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        connection.execute("pragma journal_mode = off")
        connection.execute("pragma synchronous = off")
        connection.execute(_TABLE)
        connection.execute("begin")
        connection.executemany(
            "insert into object_version values (?, ?, ?, ?, ?, ?, ?)",
            ((*row[:6], to_json(row[6])) for row in rows),
        )
        connection.execute("commit")
    finally:
        connection.close()
    return len(rows)
