"""Reads the published version, and can do nothing else.

`published/current` is a link to one version's folder. A reader resolves the link first, then
holds one in-memory DuckDB instance per version that attaches the version's file read-only: an
instance opened by the file's own path would be shared by path and go on reading a replaced file.
The instance is then locked down, in an order that matters (see `open_locked`).

Which of a version's two sets is read, `open` or `restricted`, is said when the reader is made;
nothing here falls back from one to the other.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import duckdb

Access = Literal["open", "restricted"]

ATTEMPTS = 20
"""How often a version that vanished between resolving and opening it is looked up again."""


class ReaderError(Exception):
    """Base of what a reader refuses."""


class NothingPublishedError(ReaderError):
    """There is no published version to read."""


class NotAReadError(ReaderError):
    """The SQL is not one single SELECT."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What one query gave: the version it read, and the rows as an Arrow table."""

    version: str
    table: Any

    def rows(self) -> list[dict[str, Any]]:
        """One dict a row, by column name; money is `Decimal`."""
        rows: list[dict[str, Any]] = self.table.to_pylist()
        return rows

    def arrow(self) -> Any:
        """The `pyarrow.Table`."""
        return self.table

    def pandas(self) -> Any:
        """A `pandas.DataFrame`."""
        return self.table.to_pandas()


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One version, pinned: every query of one snapshot reads the same published numbers.

    It stays readable after a newer version is published, and after its own folder is removed.
    """

    version: str
    manifest: Mapping[str, Any]
    instance: duckdb.DuckDBPyConnection

    def query(self, sql: str, params: Sequence[Any] | Mapping[str, Any] | None = None) -> Answer:
        """Runs one SELECT with bound parameters; table names need no prefix.

        Raises NotAReadError for anything but a single SELECT, and duckdb.Error when it fails.
        """
        statements = duckdb.extract_statements(sql)
        if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
            raise NotAReadError(f"A reader runs one SELECT at a time, not: {sql[:200]}")
        # A cursor of its own: one connection must not be used by two threads at once. The
        # default database is a property of the cursor, so each one is told.
        with self.instance.cursor() as cursor:
            cursor.execute("use published.main")
            table = cursor.sql(sql, params=params).to_arrow_table()
        return Answer(self.version, table)


class Reader:
    """Reads one set of whatever is published now. Threads may share it."""

    def __init__(self, published: Path, access: Access) -> None:
        if access not in ("open", "restricted"):
            raise ValueError(f"access is 'open' or 'restricted', not {access!r}")
        self.published = published
        self.access = access
        self._lock = threading.Lock()
        self._latest: Snapshot | None = None

    def snapshot(self) -> Snapshot:
        """The version that is current now, pinned.

        Raises NothingPublishedError when there is none, or when this set of it may not be read.
        """
        with self._lock:
            for _ in range(ATTEMPTS):
                folder = self._current()
                if self._latest is not None and self._latest.version == folder.name:
                    return self._latest
                try:
                    self._latest = self._open(folder)
                except FileNotFoundError:
                    continue  # removed between resolving the link and opening the file: look again
                return self._latest
        raise NothingPublishedError(
            f"{self.published / 'current'} names a version that is not there; "
            "run `closebook versions` to see what is, and `closebook versions rollback` to pick one"
        )

    def query(self, sql: str, params: Sequence[Any] | Mapping[str, Any] | None = None) -> Answer:
        """Runs one SELECT on the version that is current now; see `Snapshot.query`."""
        return self.snapshot().query(sql, params)

    def _current(self) -> Path:
        try:
            return self.published / (self.published / "current").readlink()
        except FileNotFoundError:
            raise NothingPublishedError(
                f"nothing is published under {self.published} yet; run `closebook run`"
            ) from None

    def _open(self, folder: Path) -> Snapshot:
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        return Snapshot(
            folder.name, manifest, open_locked(folder / self.access / "closebook.duckdb")
        )


def open_locked(database: Path) -> duckdb.DuckDBPyConnection:
    """An in-memory instance that reads one file, attached as `published`, and nothing else.

    Raises FileNotFoundError when the file is gone, NothingPublishedError when it may not be read.
    """
    try:
        with database.open("rb"):
            pass
    except PermissionError:
        raise NothingPublishedError(
            f"this user may not read {database}; the restricted set belongs to the account that "
            "publishes it"
        ) from None
    instance = duckdb.connect(":memory:")
    try:
        instance.execute(
            f"attach '{str(database).replace(chr(39), chr(39) * 2)}' as published (read_only)"
        )
    except duckdb.IOException:
        instance.close()
        if not database.exists():
            raise FileNotFoundError(database) from None
        raise
    # In this order. The attach white-lists its own path and log, so with external access merely
    # off, COPY ... TO '<the attached file>' still destroys it: the file system itself goes too.
    # The lock comes last, or it would refuse the settings before it.
    for setting in (
        "set autoinstall_known_extensions = false",
        "set autoload_known_extensions = false",
        "set enable_external_access = false",
        "set disabled_filesystems = 'LocalFileSystem'",
        "set lock_configuration = true",
    ):
        instance.execute(setting)
    return instance
