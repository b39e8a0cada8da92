"""The columns that loads were written with, and how an old load is read as declared now.

A load names the fingerprint of its columns in its manifest (`schema_version`); the columns stand
under the store's root in ``_schemas/<fingerprint>.json``, written once and before the first load
that names them. A declaration may change: an added column is null in older loads, a removed one is
not read, and one of another type is cast, exactly or not at all.
"""

# ruff: noqa: S608  names are declared in code and quoted, values are bound or quoted literals

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from ingestion.errors import ContractError
from ingestion.landing import Landing, Manifest, sync_file
from ingestion.resource import ColumnType
from ingestion.typed import (
    SQL_TYPES,
    Landed,
    cast_sql,
    connect,
    literal,
    name_of,
    schema_version,
)

Columns = tuple[tuple[str, ColumnType], ...]

_WIDER: frozenset[tuple[ColumnType, ColumnType]] = frozenset({("int", "bigint")})
_SHOWN = 60


@dataclass(frozen=True, slots=True)
class SchemaChange:
    """What one version of a resource's columns has that an earlier one has not, and the reverse.

    `retyped` has (name, type before, type after).
    """

    added: tuple[str, ...]
    removed: tuple[str, ...]
    retyped: tuple[tuple[str, ColumnType, ColumnType], ...]

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.retyped)

    def __str__(self) -> str:
        parts = [f"added {name}" for name in self.added]
        parts += [f"removed {name}" for name in self.removed]
        parts += [f"{name} was {old}, is {new}" for name, old, new in self.retyped]
        return ", ".join(parts) or "the same columns in another order"


def change(old: Columns, new: Columns) -> SchemaChange:
    """What happened to the columns between two versions."""
    before, after = dict(old), dict(new)
    return SchemaChange(
        added=tuple(name for name in after if name not in before),
        removed=tuple(name for name in before if name not in after),
        retyped=tuple(
            (name, before[name], after[name])
            for name in after
            if name in before and before[name] != after[name]
        ),
    )


def keep_schema(landing: Landing, columns: Columns) -> str:
    """Keeps the columns under their fingerprint, if they are not kept yet; returns it."""
    version = schema_version(columns)
    path = _path(landing, version)
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(f".{version}.{uuid.uuid4().hex}")
        beside.write_text(json.dumps([list(column) for column in columns], indent=1), "utf-8")
        sync_file(beside)
        beside.rename(path)
        sync_file(path.parent)
    return version


def columns_of(landing: Landing, load: Manifest) -> Columns:
    """The columns that a load was written with.

    A load that is older than `_schemas`, or than fingerprints, is asked itself.
    """
    kept = kept_columns(landing, load.schema_version)
    return kept if kept is not None else _columns_in([landing.root / f.path for f in load.files])


def kept_columns(landing: Landing, version: str) -> Columns | None:
    """The columns kept under a fingerprint; None when there are none."""
    try:
        entries = json.loads(_path(landing, version).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return tuple((name, kind) for name, kind in entries)


def _path(landing: Landing, version: str) -> Path:
    return landing.root / "_schemas" / f"{version}.json"


def _columns_in(files: Sequence[Path]) -> Columns:
    """The columns of Parquet files; JSON text cannot be told from other text there."""
    kinds: dict[str, ColumnType] = {
        sql: kind for kind, sql in reversed(SQL_TYPES.items()) if kind != "json"
    }
    with connect() as db:
        described = db.execute(
            "DESCRIBE SELECT * FROM read_parquet($files, union_by_name = true, "
            "hive_partitioning = false)",
            {"files": [str(path) for path in files]},
        ).fetchall()
    return tuple((name, kinds[sql]) for name, sql, *_ in described)


def landed(landing: Landing, loads: Sequence[Manifest], columns: Columns) -> Landed | None:
    """What these loads hold, in their order, as `columns`; None when they hold no row.

    A value that cannot be cast exactly makes the query raise; see `refusing_inexact`.
    """
    version = schema_version(columns)
    paths = [(load, landing.root / file.path) for load in loads for file in load.files if file.rows]
    if not paths:
        return None
    groups: dict[Columns, list[Path]] = {}
    known: dict[str, Columns] = {version: columns}
    for load, path in paths:
        if not load.schema_version or load.schema_version not in known:
            known[load.schema_version] = columns_of(landing, load)
        groups.setdefault(known[load.schema_version], []).append(path)
    return Landed(
        tuple(path for _, path in paths),
        " UNION ALL ".join(
            as_declared(files, old, columns, load_name(loads)) for old, files in groups.items()
        ),
    )


def load_name(loads: Sequence[Manifest]) -> str:
    """``source.resource`` of loads of one resource, for messages."""
    return f"{loads[0].source}.{loads[0].resource}"


def as_declared(files: Sequence[Path], old: Columns, new: Columns, what: str) -> str:
    """SQL for the rows of files written with the columns `old`, as `new`, and their `filename`."""
    before = dict(old)
    paths = ", ".join(literal(str(path)) for path in files)
    values = ", ".join(
        f"{_exact(name, before.get(name), kind, what)} AS {name_of(name)}" for name, kind in new
    )
    return (
        f"SELECT {values}, filename FROM read_parquet([{paths}], filename = true, "
        "hive_partitioning = false)"
    )


def _exact(name: str, old: ColumnType | None, new: ColumnType, what: str) -> str:
    """SQL for a column of type `old` as `new`; it raises for a value that would be changed."""
    if old is None:
        return f"CAST(NULL AS {SQL_TYPES[new]})"
    value = name_of(name)
    if SQL_TYPES[old] == SQL_TYPES[new]:
        return value
    if (old, new) in _WIDER:
        return f"CAST({value} AS {SQL_TYPES[new]})"
    text = f"CAST({value} AS VARCHAR)"
    if old == "string":
        text = f"nullif({text}, '')"
    cast = cast_sql(new, text)
    found = literal(f"{what}.{name}: a load from when it was declared {old} holds ")
    why = literal(f", which is not exactly a value of type {new}. {_FIX}")
    message = f"{found} || left({text}, {_SHOWN}) || {why} || filename"
    return (
        f"CASE WHEN {text} IS NOT NULL AND ({cast}) IS NULL THEN "
        f"CAST(error({message}) AS {SQL_TYPES[new]}) ELSE {cast} END"
    )


_FIX = (
    "Declare the new type under another name and keep the old column as it was, or declare a type "
    "that holds both. The value stands in "
)


@contextmanager
def refusing_inexact(kind: type[Exception] = ContractError) -> Iterator[None]:
    """Raises `kind`, with column, value and what to do, when `as_declared` refuses a value."""
    try:
        yield
    except duckdb.Error as error:
        if _FIX not in str(error):
            raise
        raise kind(str(error).partition(": ")[2]) from None


def versions(landing: Landing, loads: Sequence[Manifest]) -> Iterator[tuple[Manifest, Columns]]:
    """The first load of each run of loads with the same columns, in the order of `loads`."""
    before: str | None = None
    for load in loads:
        if load.files and load.schema_version != before:
            before = load.schema_version
            yield load, columns_of(landing, load)


def rows_of(
    landing: Landing, loads: Sequence[Manifest], columns: Columns, order: str = ""
) -> list[tuple[Any, ...]]:
    """The values of `columns` of every row of these loads, whatever they were written with.

    Raises ContractError when a value is not exactly one of its column's type now.
    """
    found = landed(landing, loads, columns)
    if found is None:
        return []
    names = ", ".join(name_of(name) for name, _ in columns)
    with connect() as db, refusing_inexact():
        rows: list[tuple[Any, ...]] = db.execute(
            f"SELECT {names} FROM ({found.query})" + (f" ORDER BY {order}" if order else "")
        ).fetchall()
    return rows
