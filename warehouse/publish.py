"""Makes a version visible, all of it at once, and keeps the earlier ones.

A version is a folder under `published/`, never changed once it has its name::

    v000001-2026-07-01/  manifest.json  open/{closebook.duckdb,parquet/*}  restricted/{...}
    current -> v000001-2026-07-01
    last_attempt.json    what the last build that failed said; gone with the next success

It is written under a temporary name, synced, renamed, and then the link `current` is replaced by
a rename: a reader sees the old version or the new one. Each table is written to Parquet in the
order of its grain, which makes the bytes, and so the SHA-256 in the manifest, a function of the
rows alone (the same on any number of threads); the DuckDB file is filled from that Parquet.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import duckdb

from ingestion.clock import Clock
from ingestion.failpoint import failpoint
from ingestion.landing import Landing, sha256_of, sync_file, write_atomically
from warehouse.decisions import Decision, decide, decisions_of_kind
from warehouse.errors import WarehouseError
from warehouse.home import MEMORY_LIMIT, Home

Access = Literal["open", "restricted"]
FOLDER_MODE: dict[Access, int] = {"open": 0o750, "restricted": 0o700}

DATABASE = "closebook.duckdb"

KEPT_VERSIONS = 10
"""Versions kept when nothing else is said (policy setting `kept_versions`)."""

_VERSION = re.compile(r"v(\d{6,})-\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True, slots=True)
class PublishedTable:
    """A warehouse table that is published, where it goes, and the order that identifies a row.

    `grain` names the columns that are unique together; without one the rows are ordered by all
    their columns. `descriptions` maps column -> its meaning and travels with the DuckDB file.
    `hidden` columns stay in the warehouse.
    """

    schema: str
    name: str
    access: Access
    grain: tuple[str, ...] = ()
    description: str = ""
    descriptions: tuple[tuple[str, str], ...] = ()
    hidden: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Basis:
    """What a version was built from. The same basis gives the same marts.

    `watermarks` is the last `commit_seq` of each store, `definitions` the SHA-256 of the models
    and expectations.
    """

    as_of_date: str
    as_of_at: str
    watermarks: dict[str, int]
    definitions: str


@dataclass(frozen=True, slots=True)
class VersionManifest:
    """What `manifest.json` says of a version.

    `tables` maps name -> {rows, sha256, access, grain}; `gates` holds one
    {gate, passed, checks, failed, warned} each; `databases` has the SHA-256 of each set's DuckDB
    file, by access. Times are UTC, ISO 8601.
    """

    version: str
    published_at: str
    as_of_date: str
    as_of_at: str
    watermarks: dict[str, int]
    definitions: str
    tables: dict[str, dict[str, Any]]
    gates: list[dict[str, Any]]
    quarantine_count: int
    databases: dict[str, str] = field(default_factory=dict)

    @property
    def basis(self) -> Basis:
        return Basis(self.as_of_date, self.as_of_at, self.watermarks, self.definitions)


def publish(
    home: Home,
    basis: Basis,
    tables: Sequence[PublishedTable],
    gates: list[dict[str, Any]],
    quarantine_count: int,
    clock: Clock,
    keep: int = KEPT_VERSIONS,
) -> VersionManifest:
    """Writes the tables of the warehouse as the next version and shows it.

    Raises WarehouseError when there is no table to publish. Whoever calls it holds the build lock.
    """
    if not tables:
        raise WarehouseError("no table is marked `meta: {publish: true}`; nothing was published")
    home.published.mkdir(parents=True, exist_ok=True)
    for left_behind in home.published.glob(".version.*"):
        shutil.rmtree(left_behind)
    version = f"v{_highest_number(home) + 1:06d}-{basis.as_of_date}"
    building = home.published / f".version.{uuid.uuid4().hex}"
    manifest = VersionManifest(
        version=version,
        published_at=clock.now().isoformat(),
        tables=_write_tables(home.database, tables, building),
        gates=gates,
        quarantine_count=quarantine_count,
        databases={access: sha256_of(building / access / DATABASE) for access in FOLDER_MODE},
        **asdict(basis),
    )
    (building / "manifest.json").write_text(
        json.dumps(asdict(manifest), indent=1, sort_keys=True), encoding="utf-8"
    )
    _seal(building)
    failpoint("version-before-rename")
    building.rename(home.published / version)
    sync_file(home.published)
    show(home, manifest)
    _retire(home, keep)
    return manifest


def show(home: Home, manifest: VersionManifest) -> None:
    """Makes a complete version current, unless readers see one of a later date already."""
    now = current_version(home)
    if now is None or now.as_of_date <= manifest.as_of_date:
        make_current(home, manifest.version)
    forget_attempt(home)


def _write_tables(
    database: Path, tables: Sequence[PublishedTable], folder: Path
) -> dict[str, dict[str, Any]]:
    """Writes both sets under `folder`; returns the manifest's entry of each table, by name."""
    entries: dict[str, dict[str, Any]] = {}
    with duckdb.connect(":memory:") as connection:
        connection.execute("set timezone = 'UTC'")
        connection.execute(f"set memory_limit = {_text(MEMORY_LIMIT)}")
        connection.execute(f"set temp_directory = {_text(f'{database}.tmp')}")
        connection.execute(f"attach {_text(database)} as warehouse (read_only)")
        for access in FOLDER_MODE:
            parquet_folder = folder / access / "parquet"
            parquet_folder.mkdir(parents=True)
            connection.execute(
                f"attach {_text(folder / access / DATABASE)} as published "
                "(storage_version 'v1.0.0')"  # 1.x tools must be able to open it
            )
            for table in tables:
                if table.access == access:
                    path = parquet_folder / f"{table.name}.parquet"
                    entries[table.name] = _write_table(connection, table, path)
            connection.execute("checkpoint published")
            connection.execute("detach published")
    return dict(sorted(entries.items()))


def _write_table(
    connection: duckdb.DuckDBPyConnection, table: PublishedTable, path: Path
) -> dict[str, Any]:
    source = f"warehouse.{_name(table.schema)}.{_name(table.name)}"
    target = f"published.main.{_name(table.name)}"
    order = ", ".join(f"{_name(column)} nulls last" for column in table.grain) or "all"
    hidden = ", ".join(_name(column) for column in table.hidden)
    shown = f"* exclude ({hidden})" if hidden else "*"
    try:
        connection.execute(
            f"copy (select {shown} from {source} order by {order}) "  # noqa: S608 (quoted names)
            f"to {_text(path)} (format parquet, compression zstd)"
        )
    except (duckdb.CatalogException, duckdb.BinderException) as error:
        raise WarehouseError(
            f"{table.schema}.{table.name} is marked as published but cannot be read: {error}"
        ) from error
    connection.execute(f"create table {target} as from read_parquet({_text(path)})")
    connection.execute(f"comment on table {target} is {_text(table.description)}")
    columns = {row[0] for row in connection.execute(f"describe {target}").fetchall()}
    for column, meaning in table.descriptions:
        if column in columns:
            connection.execute(f"comment on column {target}.{_name(column)} is {_text(meaning)}")
    return {
        "rows": connection.table(target).shape[0],
        "sha256": sha256_of(path),
        "access": table.access,
        "grain": list(table.grain),
    }


def _seal(building: Path) -> None:
    """Read-only files, private folders, everything on the disk: nothing changes it from here on."""
    for path in sorted(building.rglob("*"), reverse=True):
        if path.is_file():
            path.chmod(0o444)
        sync_file(path)
    for access, mode in FOLDER_MODE.items():
        (building / access).chmod(mode)
    sync_file(building)


def make_current(home: Home, version: str) -> None:
    """Points `current` at a version: the instant at which readers see it."""
    failpoint("current-before-flip")
    link = home.published / f".current.{uuid.uuid4().hex}"
    link.symlink_to(version)
    link.rename(home.published / "current")
    sync_file(home.published)
    failpoint("current-after-flip")


def versions(home: Home) -> list[VersionManifest]:
    """The versions that are kept, oldest first."""
    folders = [path for path in home.published.glob("v*") if _VERSION.fullmatch(path.name)]
    return [_read_manifest(path) for path in sorted(folders, key=lambda path: _number(path.name))]


def current_version(home: Home) -> VersionManifest | None:
    """The version that readers see; None before the first one."""
    try:
        version = (home.published / "current").readlink()
    except FileNotFoundError:
        return None
    return _read_manifest(home.published / version)


def rollback(
    home: Home, decisions: Landing, version: str, actor: str, reason: str, clock: Clock
) -> Decision:
    """Points `current` at an older version again; the reason is recorded as a decision first.

    A build from the same data and definitions as the version rolled back from is then skipped:
    only newer data, policy or definitions publish again. Raises WarehouseError when the version is
    not kept or is the current one.
    """
    now = current_version(home)
    kept = {manifest.version for manifest in versions(home)}
    if version not in kept:
        raise WarehouseError(
            f"there is no version {version!r}; kept are {', '.join(sorted(kept)) or 'none'}"
        )
    if now is None or version == now.version:
        raise WarehouseError(f"{version} is the version that readers see already")
    decision = decide(
        decisions,
        clock,
        kind="rollback",
        subject=now.version,
        actor=actor,
        reason=reason,
        payload={"from": now.version, "to": version},
    )
    make_current(home, version)
    return decision


def rolled_back(home: Home, decisions: Landing, basis: Basis) -> Decision | None:
    """The decision that took a version of this very basis off the readers' hands, if there is one.

    The decisions' own watermark is left out: recording the rollback moved it.
    """
    taken_back = {
        decision.subject: decision for decision in decisions_of_kind(decisions, "rollback")
    }
    now = current_version(home)
    for manifest in versions(home):
        if (
            manifest.version in taken_back
            and (now is None or manifest.version != now.version)
            and _inputs(manifest.basis) == _inputs(basis)
        ):
            return taken_back[manifest.version]
    return None


def _inputs(basis: Basis) -> tuple[str, int, int, str]:
    marks = basis.watermarks
    return basis.as_of_date, marks["landing"], marks["policy"], basis.definitions


def record_attempt(
    home: Home,
    *,
    as_of_date: str,
    failed_gate: str | None,
    message: str,
    failed_checks: list[dict[str, Any]],
    clock: Clock,
) -> None:
    """Leaves what a build that did not publish said, for the cockpit and `closebook status`."""
    home.published.mkdir(parents=True, exist_ok=True)
    attempt = {
        "as_of_date": as_of_date,
        "attempted_at": clock.now().isoformat(),
        "failed_gate": failed_gate,
        "message": message,
        "failed_checks": failed_checks,
    }
    write_atomically(
        home.published / "last_attempt.json", json.dumps(attempt, indent=1, default=str)
    )


def last_attempt(home: Home) -> dict[str, Any] | None:
    """What the last build said if it failed; None when it published or was skipped."""
    try:
        attempt: dict[str, Any] = json.loads(
            (home.published / "last_attempt.json").read_text(encoding="utf-8")
        )
    except FileNotFoundError:
        return None
    return attempt


def forget_attempt(home: Home) -> None:
    """Removes the note of a failed build: what is published is up to date again."""
    (home.published / "last_attempt.json").unlink(missing_ok=True)


def _retire(home: Home, keep: int) -> None:
    """Removes the oldest versions beyond `keep`, never the current one.

    A version is renamed first, so that no half-removed folder carries a version's name.
    """
    now = current_version(home)
    kept = versions(home)
    for manifest in kept[: max(0, len(kept) - keep)]:
        if now is None or manifest.version != now.version:
            withdraw(home, manifest.version)


def withdraw(home: Home, version: str) -> None:
    """Removes a version that readers do not see."""
    withdrawn = home.published / f".version.{uuid.uuid4().hex}"
    (home.published / version).rename(withdrawn)
    shutil.rmtree(withdrawn)


def _read_manifest(folder: Path) -> VersionManifest:
    try:
        return VersionManifest(**json.loads((folder / "manifest.json").read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise WarehouseError(
            f"{folder / 'manifest.json'} cannot be read ({error}); "
            "restore the folder from a backup, or remove it if it is not the current version"
        ) from error


def _highest_number(home: Home) -> int:
    names = [path.name for path in home.published.glob("v*") if _VERSION.fullmatch(path.name)]
    return max((_number(name) for name in names), default=0)


def _number(version: str) -> int:
    found = _VERSION.fullmatch(version)
    assert found is not None, version
    return int(found.group(1))


def _name(identifier: str) -> str:
    return '"' + identifier.replace('"', '""') + '"'


def _text(value: str | os.PathLike[str]) -> str:
    return "'" + str(value).replace("'", "''") + "'"
