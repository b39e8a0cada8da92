"""Old loads as they are declared now: a copy in the warehouse folder, which is a cache.

A load names the columns it was written with. When these are not the declared ones, everything that
builds (the gate, staging) reads a copy with the declared columns: an added column is null, a
removed one is left out, one of another type is cast exactly or the build is refused.
"""

from __future__ import annotations

from pathlib import Path

from ingestion.landing import Landing, Manifest
from ingestion.schema import Columns, as_declared, columns_of, refusing_inexact
from ingestion.typed import SQL_TYPES, connect, copy_to, name_of, schema_version
from warehouse.errors import WarehouseError
from warehouse.home import Home


def readable(home: Home, store: Landing, load: Manifest, columns: Columns) -> list[Path]:
    """The files of a load, with exactly these columns: its own, or copies that are cached.

    Raises WarehouseError when a value is not exactly one of its column's type now.
    """
    originals = [store.root / file.path for file in load.files]
    if load.schema_version == schema_version(columns) or not originals:
        return originals
    old = columns_of(store, load)
    if _physical(old) == _physical(columns):
        return originals
    return [
        _copy(
            home, path, old, columns, f"{load.source}.{load.resource}", f"{load.load_id}.{number}"
        )
        for number, path in enumerate(originals)
    ]


def forget_unused(home: Home, used: set[str]) -> None:
    """Removes the copies that are not among the paths `used`: of earlier declarations."""
    for path in (home.warehouse / "readable").glob("*"):
        if str(path.absolute()) not in used:
            path.unlink()


def _physical(columns: Columns) -> dict[str, str]:
    """What Parquet knows of the columns: their names and types, in any order."""
    return {name: SQL_TYPES[kind] for name, kind in columns}


def _copy(home: Home, path: Path, old: Columns, new: Columns, what: str, name: str) -> Path:
    folder = home.warehouse / "readable"
    target = folder / f"{name}.{schema_version(new)}.parquet"
    if target.exists():
        return target
    folder.mkdir(parents=True, exist_ok=True)
    beside = target.with_suffix(".tmp")
    names = ", ".join(name_of(column) for column, _ in new)
    query = as_declared([path], old, new, what)
    with connect() as db, refusing_inexact(WarehouseError):
        copy_to(db, f"SELECT {names} FROM ({query}) ORDER BY _row_number", beside)  # noqa: S608
    beside.rename(target)
    return target
