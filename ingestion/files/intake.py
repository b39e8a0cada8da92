"""Takes a folder of files into the landing store, as rows of the canonical entities.

One load per file and entity. A file that was taken in before, with the same content and mapping,
is left alone; a corrected one replaces its own rows and no others. Several files may feed one row:
each load keeps what its file said (``fragment.parquet``), and lands the whole row, put together
from every file's fragment; a row that no file holds any more lands once more, as deleted.

Rows refused one by one stand in ``<file>.errors.csv`` beside the file.
"""

# ruff: noqa: S608  names are declared in code and quoted, values are bound or quoted literals

from __future__ import annotations

import gzip
import hashlib
import json
import os
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from fnmatch import fnmatch
from pathlib import Path

import duckdb

from ingestion.clock import Clock
from ingestion.connections import nearest
from ingestion.entities import ENTITIES
from ingestion.errors import ConfigurationError
from ingestion.files.mapping import FileMapping, Mapping, read_mapping
from ingestion.files.read import entity_rows, load_raw
from ingestion.landing import Landing, LoadFile, Manifest, OpenLoad
from ingestion.load_log import LoadFacts, milliseconds_since, modified_text
from ingestion.resource import ColumnType
from ingestion.schema import Columns, as_declared, columns_of, keep_schema, refusing_inexact
from ingestion.typed import (
    LOAD_COLUMNS,
    PART,
    REJECTS,
    connect,
    copy_to,
    count_of,
    filled_sql,
    literal,
    name_of,
    refused_fields,
    schema_version,
    sha256_of,
)

SOURCE = "files"
DEFAULT_MAPPING = "mapping.yml"
FRAGMENT = "fragment.parquet"
UNCHANGED = "unchanged"
ERRORS = ".errors.csv"
_NOWHERE = ", and no file gives it"
_CORRECTION = (
    "deliver a correction under the name of the file that it corrects, or take the older file away"
)

# The fields that say when a row became what it is, the most telling first.
_EFFECTIVE = (
    "closed_at",
    "converted_at",
    "entered_at",
    "changed_at",
    "occurred_at",
    "applied_at",
    "refunded_at",
    "paid_at",
    "issued_at",
    "responded_at",
    "pay_date",
    "created_at",
)


Fragments = dict[tuple[str, str], Manifest]
"""(entity, file) -> the accepted load that holds what the file says of the entity now."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One file of a folder and how it is read."""

    folder: Path
    path: Path
    file: FileMapping
    mapping: Mapping
    sha256: str

    @property
    def name(self) -> str:
        return _name(self.folder, self.path)

    def identity(self) -> dict[str, str]:
        """What a load remembers of the file; equal for an equal file under an equal mapping."""
        return {
            "file": self.name,
            "file_sha256": self.sha256,
            "mapping_sha256": self.mapping.fingerprint(self.file),
        }

    def priority(self, name: str) -> int:
        """Where in the mapping a file stands; files that it no longer names come first."""
        relative = name.removeprefix(f"{self.folder.resolve().name}/")
        files = enumerate(self.mapping.files)
        return next((n for n, file in files if fnmatch(relative, file.pattern)), -1)


@dataclass(frozen=True, slots=True)
class EntityCounts:
    """What one delivery of a file did to the rows of one entity.

    `taken` rows stand in the file; `removed` ones stood in it before, and now in no file;
    `left` ones stood in it before, and are now what the other files say.
    """

    entity: str
    taken: int
    removed: int = 0
    left: int = 0

    def __str__(self) -> str:
        return (
            f"{self.entity} {self.taken}"
            + (f", {self.removed} removed" if self.removed else "")
            + (f", {self.left} left to other files" if self.left else "")
        )


@dataclass(frozen=True, slots=True)
class FileReport:
    """What became of one file; `refused` counts rows, which stand in `errors`; `unused` names
    columns."""

    file: str
    outcome: str
    rows: tuple[EntityCounts, ...] = ()
    refused: int = 0
    duplicates: int = 0
    errors: str = ""
    unused: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def line(self) -> str:
        parts = [self.outcome, *map(str, self.rows)]
        if self.duplicates:
            parts.append(f"{self.duplicates} equal duplicates dropped")
        parts += self.notes
        if self.refused:
            parts.append(f"{self.refused} refused")
        if self.unused:
            parts.append(f"columns not mapped: {', '.join(self.unused)}")
        return f"{self.file}: {', '.join(parts)}"


@dataclass(frozen=True, slots=True)
class IntakeReport:
    """What an intake did, file by file; `loads` were committed, in order."""

    files: tuple[FileReport, ...]
    loads: tuple[Manifest, ...]

    @property
    def refused(self) -> int:
        """How many rows were refused, of all files."""
        return sum(file.refused for file in self.files)

    def __str__(self) -> str:
        """A line per file, but one for all unchanged ones; the last says what to correct."""
        lines = [file.line() for file in self.files if file.outcome != UNCHANGED]
        unchanged = len(self.files) - len(lines)
        if unchanged:
            lines.append(f"{unchanged} file{'s' if unchanged > 1 else ''} {UNCHANGED}")
        if self.refused:
            lines.append(self.to_correct())
        return "\n".join(lines)

    def to_correct(self) -> str:
        """How many rows were refused, and where they stand."""
        where = ", ".join(f"{file.refused} in {file.errors}" for file in self.files if file.refused)
        return f"{self.refused} row{'s' if self.refused > 1 else ''} to correct: {where}"


def entity_columns(entity: str) -> tuple[tuple[str, ColumnType], ...]:
    """Name and type of the columns of an entity's landed Parquet, in order."""
    fields = tuple((field.name, field.type) for field in ENTITIES[entity].fields)
    return (
        ("source_tenant", "string"),
        ("source_id", "string"),
        *fields,
        ("effective_at", "timestamp"),
        ("is_deleted", "boolean"),
        *LOAD_COLUMNS,
        ("_file", "string"),
    )


def intake(
    folder: Path,
    mapping_path: Path | None,
    landing: Landing,
    clock: Clock,
) -> IntakeReport:
    """Takes in every file of `folder` that the mapping (default: its mapping.yml) names.

    Rows are recorded at the clock's time. Raises ConfigurationError when the folder, the mapping or
    a file as a whole cannot be used; files before it in the mapping's order have landed then.
    """
    if not folder.is_dir():
        raise ConfigurationError(f"{folder} is not a folder")
    mapping = read_mapping(mapping_path or folder / DEFAULT_MAPPING)
    reports: list[FileReport] = []
    loads: list[Manifest] = []
    fragments = _fragments(landing, mapping.tenant)
    deliveries = [
        Delivery(folder, path, file, mapping, sha256_of(path))
        for path, file in _matched(folder, mapping)
    ]
    identities = {delivery.name: delivery.identity().items() for delivery in deliveries}
    # Files that have landed as they stand in the folder now; the others are still to be read, or
    # were taken away.
    standing = {
        name
        for (_, name), load in fragments.items()
        if name in identities and identities[name] <= load.extra.items()
    }
    with connect() as db:
        for delivery in deliveries:
            report, committed = _take(db, delivery, landing, fragments, standing, clock)
            reports.append(report)
            loads.extend(committed)
            fragments.update(((load.resource, delivery.name), load) for load in committed)
            standing.add(delivery.name)
    named = {report.file for report in reports}
    reports.extend(
        FileReport(_name(folder, path), "left alone, the mapping does not name it")
        for path in _data_files(folder)
        if _name(folder, path) not in named and path != mapping.path
    )
    return IntakeReport(tuple(reports), tuple(loads))


def _data_files(folder: Path) -> list[Path]:
    return [
        path
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        and not path.name.startswith(".")
        and not path.name.endswith(ERRORS)
        and path.name != DEFAULT_MAPPING
    ]


def _name(folder: Path, path: Path) -> str:
    """A file's name in landing: with its folder's, so that two folders stay apart."""
    return f"{folder.resolve().name}/{path.relative_to(folder).as_posix()}"


def _matched(folder: Path, mapping: Mapping) -> Iterator[tuple[Path, FileMapping]]:
    """Files in the mapping's order, then by name. Raises when the mapping names none of them."""
    files = _data_files(folder)
    names = {path.relative_to(folder).as_posix(): path for path in files}
    found = [
        (names[name], file)
        for file in mapping.files
        for name in names
        if fnmatch(name, file.pattern)
    ]
    if not found:
        pattern = mapping.files[0].pattern
        hint = nearest(pattern, set(names)) if names else "; the folder is empty"
        raise ConfigurationError(f"{mapping.path}: {folder} has no file {pattern!r}{hint}")
    taken: dict[Path, str] = {}
    for path, file in found:
        if path in taken:
            raise ConfigurationError(
                f"{mapping.path}: {path.name} is named twice, by {taken[path]!r} and by "
                f"{file.pattern!r}; list all its entities under one"
            )
        taken[path] = file.pattern
    yield from found


def _take(
    db: duckdb.DuckDBPyConnection,
    delivery: Delivery,
    landing: Landing,
    fragments: Fragments,
    standing: set[str],
    clock: Clock,
) -> tuple[FileReport, list[Manifest]]:
    """Lands one file: a load per entity that it feeds, unless it has landed as it is."""
    started, began = clock.now(), time.monotonic()
    name, identity = delivery.name, delivery.identity()
    entities = list(dict.fromkeys(entity.entity for entity in delivery.file.entities))
    landed = [fragments[entity, name] for entity in entities if (entity, name) in fragments]
    kept = [
        before
        for before in landed
        if identity.items() <= before.extra.items()
        # What lacked a value may have it now, from another file; what another file denied it may
        # say so no more.
        and before.extra.get("lacking", "")
        in ("", _beside(fragments, standing, before.resource, name))
    ]
    due = [entity for entity in entities if entity not in {before.resource for before in kept}]
    db.execute(
        "CREATE OR REPLACE TEMP TABLE error "
        "(entity VARCHAR, row BIGINT, field VARCHAR, value VARCHAR, why VARCHAR, fix VARCHAR)"
    )
    for before in kept:
        _refused_before(db, landing, before)
    if not due:
        errors = _write_errors(db, delivery.path)
        return FileReport(name, UNCHANGED, refused=_refused_rows(db), errors=errors), []
    with tempfile.TemporaryDirectory() as scratch:
        header, notes = load_raw(db, delivery.path, delivery.file, Path(scratch))
    db.execute("INSERT INTO error SELECT '', * FROM broken")
    duplicates = 0
    for entity in due:
        duplicates += _own_rows(db, delivery, entity)
        with refusing_inexact():
            denied = _leave_to_others(db, delivery, landing, fragments, standing, entity)
            _whole_rows(db, delivery, landing, fragments, standing, entity)
        notes = (*notes, *denied)
    used = set[str]().union(*(entity.columns() for entity in delivery.file.entities))
    unused = tuple(column for column in header if column not in used)
    errors = _write_errors(db, delivery.path)
    committed: list[Manifest] = []
    for entity in due:
        with landing.open_load(SOURCE, delivery.mapping.tenant, entity) as load:
            keep = delivery.path if entity == due[0] else None
            lacks = count_of(
                db,
                f"SELECT count(*) FROM error WHERE entity = {literal(entity)} "
                f"AND (ends_with(why, {literal(_NOWHERE)}) OR fix = {literal(_CORRECTION)})",
            )
            beside = _beside(fragments, standing, entity, name) if lacks else ""
            known = identity | {"lacking": beside}
            manifest = _written(db, load, entity, clock.now(), known, keep)
            facts = _facts(db, load, delivery, entity, started, began, unused if keep else ())
            committed.append(
                load.commit(
                    replace(
                        manifest,
                        unknown_columns=tuple(sorted(facts.unknown_types)),
                        schema_version=keep_schema(landing, entity_columns(entity)),
                        extra=manifest.extra | {"facts": facts.as_json()},
                    )
                )
            )
    refused = _refused_rows(db)
    rows = tuple(_counts(db, entity) for entity in due)
    gone = sum(counts.removed + counts.left for counts in rows)
    emptied = gone and not refused and not any(counts.taken for counts in rows)
    outcome = "emptied, every row that it had is gone" if emptied else "taken in"
    report = FileReport(name, outcome, rows, refused, duplicates, errors, unused, notes)
    return report, committed


def _facts(
    db: duckdb.DuckDBPyConnection,
    load: OpenLoad,
    delivery: Delivery,
    entity: str,
    started: datetime,
    began: float,
    unused: tuple[str, ...],
) -> LoadFacts:
    """What a load says of itself. The file counts for the first entity that it feeds.

    Only fields that the mapping fills are counted: of the others an empty column says nothing.
    """
    pages = [path for path in load.folder.iterdir() if path.name.startswith("pages-")]
    types = dict(entity_columns(entity))
    mapped = [
        field
        for field in _value_names(entity)
        if any(
            field == name
            for item in delivery.file.entities
            if item.entity == entity
            for name, _ in item.fields
        )
    ]
    counts = "".join(f", count({filled_sql(name_of(field), types[field])})" for field in mapped)
    found = db.execute(
        f"SELECT count(*), min(effective_at), max(effective_at){counts} "
        f"FROM {name_of('whole_' + entity)} WHERE row IS NOT NULL"
    ).fetchone()
    assert found is not None
    return LoadFacts(
        started_at=started.astimezone(UTC).isoformat(),
        milliseconds=milliseconds_since(began),
        requests=None,
        raw_bytes=delivery.path.stat().st_size if pages else 0,
        gzipped_bytes=sum(path.stat().st_size for path in pages),
        delivered_rows=found[0],
        first_modified_at=modified_text(found[1]),
        last_modified_at=modified_text(found[2]),
        filled=dict(zip(mapped, found[3:], strict=True)),
        unknown_types=dict.fromkeys(unused, "text"),
        refused=refused_fields(
            db,
            "SELECT row AS row_number, field, why FROM error "
            f"WHERE entity = {literal(entity)} OR (entity = '' AND {bool(pages)})",
        ),
    )


def _counts(db: duckdb.DuckDBPyConnection, entity: str) -> EntityCounts:
    """Counts `whole_<entity>`, where rows that are in the file have their `row`."""
    whole = name_of("whole_" + entity)
    return EntityCounts(
        entity,
        count_of(db, f"SELECT count(*) FROM {whole} WHERE row IS NOT NULL"),
        count_of(db, f"SELECT count(*) FROM {whole} WHERE is_deleted"),
        count_of(db, f"SELECT count(*) FROM {whole} WHERE row IS NULL AND NOT is_deleted"),
    )


def _beside(fragments: Fragments, standing: set[str], entity: str, name: str) -> str:
    """What the other files say of an entity, and whether they still stand, as a hash."""
    others = sorted(
        (other, load.extra["fragment"]["sha256"], other in standing)
        for (of_entity, other), load in fragments.items()
        if of_entity == entity and other != name
    )
    return hashlib.sha256(json.dumps(others).encode()).hexdigest()


def _refused_before(db: duckdb.DuckDBPyConnection, landing: Landing, load: Manifest) -> None:
    """Adds to `error` the rows that were refused when the file landed as it still is."""
    for file in load.rejects:
        db.execute(
            f"INSERT INTO error SELECT {literal(load.resource)}, row_number, field, value, why, "
            f"fix FROM {_parquet([str(landing.root / file.path)])}"
        )


def _refused_rows(db: duckdb.DuckDBPyConnection) -> int:
    return count_of(db, "SELECT count(DISTINCT row) FROM error")


def _fragments(landing: Landing, tenant: str) -> Fragments:
    return {
        (load.resource, load.extra["file"]): load
        for load in landing.accepted()
        if (load.source, load.tenant) == (SOURCE, tenant)
    }


def _own_rows(db: duckdb.DuckDBPyConnection, delivery: Delivery, entity: str) -> int:
    """Creates `own_<entity>`: what the file says, one row per source_id.

    Faulty rows go to `error`. Equal duplicates are dropped and counted; of rows with one id and
    different values the last that can be read stays and the others are refused. Where several
    entries of the mapping read one id, the later one wins, field by field.
    """
    selects = " UNION ALL ".join(
        entity_rows(item, delivery.file, delivery.mapping.timezone, number)
        for number, item in enumerate(delivery.file.entities)
        if item.entity == entity
    )
    values = ", ".join(name_of(name) for name in _value_names(entity))
    db.execute(f"CREATE OR REPLACE TEMP TABLE candidate AS {selects}")
    db.execute(
        f"""
        INSERT INTO error
        SELECT {literal(entity)}, row, fault.field, fault.value, fault.why, fault.fix
        FROM (SELECT row, unnest(faults) AS fault FROM candidate)
        """
    )
    db.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE ranked AS
        SELECT
            *, hash({values}) AS content, len(faults) = 0 AS is_readable,
            last_value(hash({values})) OVER of_one_id AS kept_content,
            last_value(row) OVER of_one_id AS kept_row,
            last_value(len(faults) = 0) OVER of_one_id AS is_one_kept,
            row_number() OVER (
                PARTITION BY source_id, spec ORDER BY len(faults) = 0 DESC, row DESC
            ) AS place
        FROM candidate WHERE source_id IS NOT NULL
        WINDOW of_one_id AS (
            PARTITION BY source_id, spec ORDER BY len(faults) = 0, row
            ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
        )
        """
    )
    db.execute(
        f"""
        INSERT INTO error
        SELECT
            {literal(entity)}, row, 'source_id', source_id,
            'row ' || kept_row || ' has the same id'
            || CASE WHEN is_one_kept THEN ' and other values; that one was kept' ELSE '' END,
            'give each row an id of its own, or remove the one that is wrong'
        FROM ranked WHERE place > 1 AND (NOT is_readable OR content <> kept_content)
        """
    )
    db.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE {name_of("own_" + entity)} AS
        SELECT max(row) AS row, source_id, {_latest_known(_value_names(entity), "spec")}
        FROM ranked WHERE place = 1 AND is_readable GROUP BY source_id
        """
    )
    return count_of(
        db,
        "SELECT count(*) FROM ranked WHERE place > 1 AND is_readable AND content = kept_content",
    )


def _leave_to_others(
    db: duckdb.DuckDBPyConnection,
    delivery: Delivery,
    landing: Landing,
    fragments: Fragments,
    standing: set[str],
    entity: str,
) -> tuple[str, ...]:
    """Refuses rows of `own_<entity>` that another file of the same pattern gives other values.

    Neither the order of names nor that of deliveries tells which of two files is right: the row
    that landed stays, whole, and the other one goes to `error`. An entity that is read with `keep`
    is a log's, of which every file holds a part, and is not compared. Returns what to report.
    """
    if any(item.entity == entity and item.keep for item in delivery.file.entities):
        return ()
    peers = {
        name: load
        for (of_entity, name), load in fragments.items()
        if of_entity == entity
        and name != delivery.name
        and name in standing
        and delivery.priority(name) == delivery.priority(delivery.name)
    }
    own, names = name_of("own_" + entity), _value_names(entity)
    different = " OR ".join(
        f"mine.{name_of(name)} IS DISTINCT FROM theirs.{name_of(name)}" for name in names
    )
    batches: dict[Columns, list[str]] = {}
    for name, load in peers.items():
        batches.setdefault(_held(landing, load), []).append(name)
    notes = []
    db.execute("CREATE OR REPLACE TEMP TABLE denied (source_id VARCHAR)")
    for held, of_batch in batches.items():
        paths = {name: landing.root / peers[name].extra["fragment"]["path"] for name in of_batch}
        both = f"{own} AS mine JOIN ($said) AS theirs USING (source_id) WHERE ({different})"
        said = both.replace("$said", _said(list(paths.values()), held, entity))
        if not count_of(db, f"SELECT count(*) FROM {said}"):
            continue
        for name, path in paths.items():
            said = both.replace("$said", _said([path], held, entity))
            ids = count_of(db, f"SELECT count(*) FROM {said}")
            if not ids:
                continue
            notes.append(f"{ids} with other values in {name}")
            db.execute(f"INSERT INTO denied SELECT source_id FROM {said}")
            for field in names:
                here, there = f"mine.{name_of(field)}", f"theirs.{name_of(field)}"
                db.execute(
                    f"""
                    INSERT INTO error
                    SELECT
                        {literal(entity)}, mine.row, {literal(field)}, {here}::VARCHAR,
                        'id ' || source_id || {literal(f" has {field} ")}
                        || coalesce({here}::VARCHAR, 'nothing')
                        || {literal(f" in {delivery.name} and ")}
                        || coalesce({there}::VARCHAR, 'nothing')
                        || {literal(f" in {name}; the latter was kept")},
                        {literal(_CORRECTION)}
                    FROM {said} AND {here} IS DISTINCT FROM {there}
                    """
                )
    # The file has no say in them any more, not even the one that it had: so the other file may be
    # corrected without being held against an earlier word of this one.
    db.execute(f"DELETE FROM {own} WHERE source_id IN (FROM denied)")
    db.execute("DELETE FROM candidate WHERE source_id IN (FROM denied)")
    return tuple(notes)


def _latest_known(names: list[str], order: str) -> str:
    """SQL for one row out of several: of each column the value of the highest `order` that is."""
    return ", ".join(
        f"arg_max({name_of(column)}, {order}) FILTER (WHERE {name_of(column)} IS NOT NULL) "
        f"AS {name_of(column)}"
        for column in names
    )


def _value_names(entity: str) -> list[str]:
    return [field.name for field in ENTITIES[entity].fields] + ["effective_at"]


def _whole_rows(
    db: duckdb.DuckDBPyConnection,
    delivery: Delivery,
    landing: Landing,
    fragments: Fragments,
    standing: set[str],
    entity: str,
) -> None:
    """Creates `whole_<entity>`: every row that the file has a say in, or had, put together, and
    `fragment_<entity>`, the file's own say.

    Values of files that are later in the mapping win, and over those of a file that was taken away
    or is about to be read anew, those of a file of its pattern that stands as it is. Rows of the
    file that still lack a required field go to `error`; rows that were there and now are in no file
    are marked deleted.
    """
    own, whole = name_of("own_" + entity), name_of("whole_" + entity)
    names = _value_names(entity)
    columns = ", ".join(name_of(column) for column in names)
    previous = f"SELECT source_id, {columns} FROM {own} WHERE false"
    # `row` tells rows of this file from rows that it held before.
    parts = [f"SELECT {2 * delivery.priority(delivery.name) + 1} AS priority, * FROM {own}"]
    others: dict[tuple[int, Columns], list[Path]] = {}
    for (of_entity, name), load in fragments.items():
        if of_entity != entity:
            continue
        path, held = landing.root / load.extra["fragment"]["path"], _held(landing, load)
        if name == delivery.name:
            previous = f"SELECT source_id, {columns} FROM ({_said([path], held, entity)})"
        else:
            rank = 2 * delivery.priority(name) + (name in standing)
            others.setdefault((rank, held), []).append(path)
    for (priority, held), paths in others.items():
        parts.append(
            f"SELECT {priority}, NULL::BIGINT, source_id, {columns} "
            f"FROM ({_said(paths, held, entity)})"
        )
    # A row that is refused this time is not gone: it stays as it landed before, and the
    # file still says of it what it said then.
    db.execute(
        """
        CREATE OR REPLACE TEMP TABLE still AS
        SELECT source_id FROM candidate WHERE source_id IS NOT NULL
        """
    )
    db.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE {name_of("fragment_" + entity)} AS
        SELECT source_id, {columns} FROM {own}
        UNION ALL
        SELECT * FROM ({previous}) ANTI JOIN {own} USING (source_id) SEMI JOIN still
        USING (source_id)
        """
    )
    combined = _latest_known(names, "priority")
    required = [field.name for field in ENTITIES[entity].fields if field.required]
    lacking = " OR ".join(f"{name_of(field)} IS NULL" for field in required) or "false"
    effective = [field for field in _EFFECTIVE if field in names]
    effective_at = "coalesce(effective_at" + "".join(f", {field}" for field in effective) + ")"
    db.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE merged AS
        WITH previous AS ({previous}),
        fragment AS ({" UNION ALL ".join(parts)}),
        touched AS (
            SELECT source_id FROM {own}
            UNION
            SELECT source_id FROM previous ANTI JOIN still USING (source_id)
        )
        SELECT max(row) AS row, source_id, {combined}
        FROM fragment SEMI JOIN touched USING (source_id) GROUP BY source_id
        """
    )
    for field in required:
        # An entry that gives the field and was refused is told of already.
        giving = [
            str(number)
            for number, item in enumerate(delivery.file.entities)
            if item.entity == entity and any(field == name for name, _ in item.fields)
        ]
        db.execute(
            f"""
            INSERT INTO error
            SELECT
                {literal(entity)}, row, {literal(field)}, NULL,
                {literal(f"{entity} needs {field}{_NOWHERE}")},
                'fill it in, or map it in ' || {literal(delivery.mapping.path.name)}
            FROM merged WHERE row IS NOT NULL AND {name_of(field)} IS NULL
            AND source_id NOT IN (
                SELECT source_id FROM candidate
                WHERE source_id IS NOT NULL AND len(faults) > 0
                AND list_contains([{", ".join(giving)}]::INT[], spec)
            )
            """
        )
    db.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE {whole} AS
        WITH previous AS ({previous}),
        complete AS (SELECT * FROM merged WHERE NOT ({lacking})),
        gone AS (
            SELECT NULL::BIGINT AS row, * FROM previous
            ANTI JOIN complete USING (source_id)
            ANTI JOIN still USING (source_id)
        )
        SELECT * REPLACE ({effective_at} AS effective_at), false AS is_deleted FROM complete
        UNION ALL BY NAME
        SELECT *, true AS is_deleted FROM gone
        """
    )


def _said_columns(entity: str) -> Columns:
    """The columns of a fragment, as the entity has them now."""
    names = {"source_id", *_value_names(entity)}
    return tuple(column for column in entity_columns(entity) if column[0] in names)


def _held(landing: Landing, load: Manifest) -> Columns:
    """The columns that a load's fragment was written with."""
    not_said = {"source_tenant", "is_deleted", "_file", *(name for name, _ in LOAD_COLUMNS)}
    if load.schema_version == schema_version(entity_columns(load.resource)):
        return _said_columns(load.resource)
    return tuple(column for column in columns_of(landing, load) if column[0] not in not_said)


def _said(paths: list[Path], held: Columns, entity: str) -> str:
    """SQL for what fragments of the columns `held` say, in the columns of now."""
    return as_declared(paths, held, _said_columns(entity), f"{SOURCE}.{entity}")


def _parquet(paths: list[str]) -> str:
    listed = ", ".join(literal(path) for path in paths)
    return f"read_parquet([{listed}], hive_partitioning = false)"


def _write_errors(db: duckdb.DuckDBPyConnection, path: Path) -> str:
    """Writes ``<file>.errors.csv`` and returns its path; '' and none is left when all is well."""
    target = path.with_name(f"{path.name}{ERRORS}")
    if not count_of(db, "SELECT count(*) FROM error"):
        target.unlink(missing_ok=True)
        return ""
    if not os.access(target.parent, os.W_OK):
        raise ConfigurationError(
            f"{path.name} has rows to correct, but {target.parent} is read-only: make it "
            "writable, or take in a copy of it; nothing of this file landed"
        )
    beside = target.with_name(f".{target.name}")
    db.execute(
        "COPY (SELECT DISTINCT row, field, value, why, fix FROM error ORDER BY row, field, why) "
        f"TO {literal(str(beside))} (FORMAT csv, HEADER)"
    )
    beside.rename(target)
    return str(target)


def _written(
    db: duckdb.DuckDBPyConnection,
    load: OpenLoad,
    entity: str,
    now: datetime,
    identity: dict[str, str],
    original: Path | None,
) -> Manifest:
    """Writes the load's files; `original` is kept gzipped, exactly as delivered."""
    whole = name_of("whole_" + entity)
    instant = literal(now.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f"))
    values = ", ".join(name_of(column) for column in _value_names(entity))
    copy_to(
        db,
        f"""
        SELECT
            {literal(load.tenant)} AS source_tenant, source_id, {values}, is_deleted,
            {literal(load.load_id)} AS _load_id,
            row_number() OVER (ORDER BY row NULLS LAST, source_id) AS _row_number, 1 AS _page,
            TIMESTAMP {instant} AS _recorded_at, false AS _is_backfilled,
            {literal(load.tenant)} AS _tenant, {literal(identity["file"])} AS _file
        FROM {whole} ORDER BY _row_number
        """,
        load.folder / PART,
    )
    copy_to(
        db,
        f"SELECT source_id, {values} FROM {name_of('fragment_' + entity)} ORDER BY source_id",
        load.folder / FRAGMENT,
    )
    pages: tuple[str, ...] = ()
    if original is not None:
        page = load.folder / "pages-00001.csv.gz"
        page.write_bytes(gzip.compress(original.read_bytes(), compresslevel=5, mtime=0))
        pages = (load.relative(page.name),)
    refused = f"entity = {literal(entity)}" + (" OR entity = ''" if original is not None else "")
    rejects: tuple[LoadFile, ...] = ()
    lines = count_of(db, f"SELECT count(*) FROM error WHERE {refused}")
    if lines:
        copy_to(
            db,
            "SELECT 1 AS page, row AS row_number, field, value, why, fix FROM error "
            f"WHERE {refused} ORDER BY row, field",
            load.folder / REJECTS,
        )
        rejects = (LoadFile(load.relative(REJECTS), lines, sha256_of(load.folder / REJECTS)),)
    rows = count_of(db, f"SELECT count(*) FROM {whole}")
    fragment = load.folder / FRAGMENT
    return Manifest(
        load_id=load.load_id,
        source=load.source,
        tenant=load.tenant,
        resource=load.resource,
        recorded_at=now.astimezone(UTC).isoformat(),
        rows=rows,
        files=(LoadFile(load.relative(PART), rows, sha256_of(load.folder / PART)),),
        rejected_rows=count_of(
            db,
            f"SELECT count(DISTINCT row) FROM error WHERE {refused}",
        ),
        rejects=rejects,
        pages=pages,
        extra={
            **identity,
            "fragment": {"path": load.relative(FRAGMENT), "sha256": sha256_of(fragment)},
        },
    )
