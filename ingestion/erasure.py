"""Erasure: a person who asks to be forgotten leaves what has landed, and does not land again.

A person is a key of a resource, kept as a salted SHA-256 only. Each load that holds it, or a row
that speaks of it (`TRACES`), is written anew without it, in the same place; then the old typed
files and the raw pages that hold it are removed. A tombstone keeps it out of every later load.
"""

# ruff: noqa: S608  names are declared in code and quoted, values are bound or quoted literals

from __future__ import annotations

import gzip
import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC
from pathlib import Path
from typing import Any, Literal

import duckdb

from ingestion.catalog import CONNECTORS, connector_of
from ingestion.clock import Clock
from ingestion.connections import nearest
from ingestion.connector import Connector
from ingestion.errors import ConfigurationError
from ingestion.failpoint import failpoint
from ingestion.landing import Landing, LoadFile, Manifest, OpenLoad, sha256_of, write_atomically
from ingestion.resource import Column, Resource, keys_of
from ingestion.salt import salt_of_erasures
from ingestion.typed import (
    PART,
    REJECTS,
    Forgotten,
    connect,
    copy_to,
    count_of,
    forgotten_sql,
    literal,
    name_of,
)

BLOTTED = "(erased)"


@dataclass(frozen=True, slots=True)
class Trace:
    """Where another resource speaks of a person: `column` holds its key.

    A ``row`` goes with the person; of a ``cell`` only the key goes, and the row stays.
    """

    resource: str
    column: str
    how: Literal["row", "cell"]


TRACES: dict[tuple[str, str], tuple[Trace, ...]] = {
    ("salesforce", "lead"): (
        Trace("lead_history", "lead_id", "row"),
        Trace("campaign_member", "lead_id", "row"),
        Trace("task", "who_id", "cell"),
    ),
    ("salesforce", "contact"): (
        Trace("opportunity_contact_role", "contact_id", "row"),
        Trace("campaign_member", "contact_id", "row"),
        Trace("task", "who_id", "cell"),
    ),
    ("zendesk", "ticket"): (
        Trace("ticket_event", "ticket_id", "row"),
        Trace("satisfaction_rating", "ticket_id", "row"),
    ),
    ("zendesk", "user"): (Trace("ticket", "requester_id", "cell"),),
    ("request_tracker", "ticket"): (Trace("ticket_event", "ticket_id", "row"),),
    ("request_tracker", "user"): (
        Trace("ticket", "requestor_id", "cell"),
        Trace("ticket_event", "creator_id", "cell"),
    ),
    ("roundup", "user"): (
        Trace("issue", "creator_id", "cell"),
        Trace("msg", "author_id", "cell"),
    ),
}
"""What goes with a person, where its own rows are not all. Whoever is named here and is no resource
is not read itself, and is known from these columns alone. Not here, on purpose: what an invoice, a
payment or a deal says of its customer or owner, which the books must keep."""


@dataclass(frozen=True, slots=True)
class Person:
    """Persons of one kind of one tenant; `keys_sha256` are their salted hashes."""

    source: str
    tenant: str
    resource: str
    keys_sha256: tuple[str, ...]

    @property
    def subject(self) -> str:
        return f"{self.source}/{self.tenant}/{self.resource}"

    def traces(self) -> dict[str, list[Trace]]:
        """By resource, what is looked for there: their own rows first."""
        found: defaultdict[str, list[Trace]] = defaultdict(list)
        for resource in CONNECTORS[self.source].resources:
            if resource.name == self.resource:
                found[resource.name].append(Trace(resource.name, resource.key, "row"))
        for trace in TRACES.get((self.source, self.resource), ()):
            found[trace.resource].append(trace)
        return dict(found)


def person(selection: str, keys: Sequence[str]) -> Person:
    """The persons ``SOURCE/TENANT/RESOURCE`` with these keys.

    Raises ConfigurationError for another shape, an unknown resource, or without a salt.
    """
    parts = selection.split("/")
    if len(parts) != 3 or not all(parts):
        raise ConfigurationError(
            f"{selection!r} is not SOURCE/TENANT/RESOURCE, e.g. salesforce/aurora/lead"
        )
    source, tenant, resource = parts
    known = {r.name for r in connector_of(source).resources}
    known |= {name for of, name in TRACES if of == source}
    if resource not in known:
        raise ConfigurationError(f"{source} has no resource {resource!r}{nearest(resource, known)}")
    salt = salt_of_erasures()
    hashes = tuple(sorted({hashlib.sha256((salt + key).encode()).hexdigest() for key in keys}))
    return Person(source, tenant, resource, hashes)


@dataclass(frozen=True, slots=True)
class Held:
    """A place that holds a person: the files to go, with their SHA-256, by the load they are of."""

    place: int
    files: dict[str, str]


def held(landing: Landing, who: Person) -> list[Held]:
    """The places that hold the persons or rows that speak of them, as they are now."""
    return [
        Held(found.place, found.files(landing))
        for resource, traces in who.traces().items()
        for found in _places(landing, who, resource, traces)
        if found.is_held
    ]


def remember(landing: Landing, clock: Clock, who: Person, decision_id: str) -> None:
    """Writes the tombstones: from here on no load brings these persons."""
    folder = landing.root / "_forgotten"
    folder.mkdir(parents=True, exist_ok=True)
    for key in who.keys_sha256:
        identity = hashlib.sha256(f"{who.subject}/{key}".encode()).hexdigest()
        path = folder / f"{identity}.json"
        if not path.exists():
            record = asdict(replace(who, keys_sha256=(key,))) | {
                "decision": decision_id,
                "forgotten_at": clock.now().astimezone(UTC).isoformat(),
            }
            write_atomically(path, json.dumps(record, indent=1, sort_keys=True))


def forgotten(landing: Landing, source: str, tenant: str, resource: str) -> tuple[Forgotten, ...]:
    """Who must not land with this resource, by the tombstones."""
    found = []
    for path in sorted((landing.root / "_forgotten").glob("[!.]*.json")):
        record = json.loads(path.read_text(encoding="utf-8"))
        who = Person(
            record["source"], record["tenant"], record["resource"], tuple(record["keys_sha256"])
        )
        if (who.source, who.tenant) == (source, tenant):
            found += [
                Forgotten(trace.column, trace.how, key)
                for trace in who.traces().get(resource, ())
                for key in who.keys_sha256
            ]
    return tuple(found)


def erase(landing: Landing, clock: Clock, who: Person, decision_id: str) -> list[Manifest]:
    """Takes the persons out of everything that has landed; doing it again finishes what is left.

    Returns the loads that now stand in the places that held them.
    """
    written: list[Manifest] = []
    for resource, traces in who.traces().items():
        with landing.turn(who.source, who.tenant, resource):
            for found in _places(landing, who, resource, traces):
                if found.is_held:
                    written.append(_written_anew(landing, clock, who, found, decision_id))
            for load in _loads(landing, who, resource):
                if "erased" in load.extra:
                    _remove(landing, load)
    return written


@dataclass(frozen=True, slots=True)
class _Place:
    """One place of a resource: all that was committed there, and what of it holds a person."""

    typings: tuple[Manifest, ...]
    standing: Manifest | None
    targets: tuple[Forgotten, ...]
    parts: bool
    pages: tuple[str, ...]
    rows: frozenset[int] | None
    """Numbers of their rows in the delivery; None when the pages that tell them are gone."""
    rejects: bool

    @property
    def place(self) -> int:
        return self.typings[0].place

    @property
    def is_held(self) -> bool:
        return self.parts or bool(self.pages) or self.rejects

    def files(self, landing: Landing) -> dict[str, str]:
        """Path -> SHA-256 of everything that goes."""
        typed = [file for load in self.typings for file in (*load.files, *load.rejects)]
        there = {f.path: f.sha256 for f in typed if (landing.root / f.path).exists()}
        return there | {page: sha256_of(landing.root / page) for page in self.pages}


def _loads(landing: Landing, who: Person, resource: str) -> list[Manifest]:
    return [
        load
        for load in landing.loads()
        if (load.source, load.tenant, load.resource) == (who.source, who.tenant, resource)
    ]


def _places(
    landing: Landing, who: Person, resource: str, traces: Sequence[Trace]
) -> Iterator[_Place]:
    connector = connector_of(who.source)
    declared = next(r for r in connector.resources if r.name == resource)
    targets = tuple(
        Forgotten(trace.column, trace.how, key) for trace in traces for key in who.keys_sha256
    )
    standing = {load.load_id for load in landing.accepted()}
    by_place: defaultdict[int, list[Manifest]] = defaultdict(list)
    for load in _loads(landing, who, resource):
        by_place[load.place].append(load)
    with connect() as db:
        db.execute("SET VARIABLE salt = $salt", {"salt": salt_of_erasures()})
        for place in sorted(by_place):
            typings = by_place[place]
            there = [page for page in typings[0].pages if (landing.root / page).exists()]
            pages, rows = _pages_that_hold(landing, connector, declared, there, targets)
            whole = bool(there) and len(there) == len(typings[0].pages)
            yield _Place(
                typings=tuple(typings),
                standing=next((load for load in typings if load.load_id in standing), None),
                targets=targets,
                parts=any(_part_holds(db, landing, load, targets) for load in typings),
                pages=tuple(pages),
                rows=frozenset(rows) if whole else None,
                rejects=any(
                    _rejects_hold(db, landing, load, rows if whole else None) for load in typings
                ),
            )


def _part_holds(
    db: duckdb.DuckDBPyConnection, landing: Landing, load: Manifest, targets: Sequence[Forgotten]
) -> bool:
    for file in load.files:
        path = landing.root / file.path
        if file.rows and path.exists():
            condition = " OR ".join(_conditions(db, path, targets).values()) or "false"
            if count_of(db, f"SELECT count(*) FROM {_parquet(path)} WHERE {condition}"):
                return True
    return False


def _conditions(
    db: duckdb.DuckDBPyConnection, path: Path, targets: Sequence[Forgotten]
) -> dict[tuple[str, str], str]:
    """SQL by (column, how): whether a row holds a key. A file may lack a column of today."""
    columns = {
        name for name, *_ in db.execute(f"DESCRIBE SELECT * FROM {_parquet(path)}").fetchall()
    }
    return {
        (column, how): sql
        for (column, how), sql in forgotten_sql(targets).items()
        if column in columns
    }


def _rejects_hold(
    db: duckdb.DuckDBPyConnection, landing: Landing, load: Manifest, rows: set[int] | None
) -> bool:
    """Whether refused values are, or where the pages are gone may be, of a person."""
    mine = "true" if rows is None else _numbered(rows)
    shown = f"value NOT IN ({literal(BLOTTED)}, '(personal)')"
    return any(
        count_of(db, f"SELECT count(*) FROM {_parquet(path)} WHERE {mine} AND {shown}") > 0
        for path in (landing.root / file.path for file in load.rejects)
        if path.exists()
    )


def _numbered(rows: Sequence[int] | set[int] | frozenset[int]) -> str:
    return f"row_number IN ({', '.join(map(str, sorted(rows)))})" if rows else "false"


def _parquet(path: Path) -> str:
    return f"read_parquet({literal(str(path))}, hive_partitioning = false)"


def _pages_that_hold(
    landing: Landing,
    connector: Connector,
    resource: Resource,
    pages: Sequence[str],
    targets: Sequence[Forgotten],
) -> tuple[list[str], set[int]]:
    """The raw pages with a row, or in a sweep the id, of a person; and the numbers of the rows."""
    columns = [resource.column(name) for name in dict.fromkeys(t.column for t in targets)]
    keys = {target.key_sha256 for target in targets}
    salt, before = salt_of_erasures(), 0
    holding: list[str] = []
    numbers: set[int] = set()
    for page in pages:
        rows = _rows(landing.root / page, connector.rows_at(resource))
        is_sweep = Path(page).name.startswith("sweep-")
        found = {
            number
            for number, row in enumerate(rows, before + 1)
            for text in ([_text(row)] if is_sweep else [_value(row, column) for column in columns])
            if text is not None and hashlib.sha256((salt + text).encode()).hexdigest() in keys
        }
        if found:
            holding.append(page)
        if not is_sweep:
            numbers |= found
            before += len(rows)
    return holding, numbers


def _rows(page: Path, rows_at: str) -> list[Any]:
    content = gzip.decompress(page.read_bytes())
    found = _at(json.loads(content), rows_at)
    return found if isinstance(found, list) else []


def _at(value: Any, path: str) -> Any:
    for key in keys_of(path):
        if isinstance(value, dict):
            value = value.get(key)
        elif isinstance(value, list) and key.isdigit() and int(key) < len(value):
            value = value[int(key)]
        else:
            return None
    return value


def _value(row: Any, column: Column) -> str | None:
    return _text(_at(row, column.source_path))


def _text(value: Any) -> str | None:
    return None if value is None or isinstance(value, dict | list) else str(value)


def _written_anew(
    landing: Landing, clock: Clock, who: Person, found: _Place, decision_id: str
) -> Manifest:
    """Commits what stands in a place without the persons. A refused load leaves nothing there."""
    first, stood = found.typings[0], found.standing
    with landing.open_load(who.source, who.tenant, first.resource) as load, connect() as db:
        db.execute("SET VARIABLE salt = $salt", {"salt": salt_of_erasures()})
        files: tuple[LoadFile, ...] = ()
        rejects: tuple[LoadFile, ...] = ()
        rejected = 0
        if stood is not None:
            files = tuple(_part_without(db, landing, load, f, found) for f in stood.files)
            rejects, rejected = _rejects_without(db, landing, load, stood, found)
        base = stood or first
        return load.commit(
            replace(
                base,
                load_id=load.load_id,
                rows=sum(file.rows for file in files),
                files=files,
                rejected_rows=rejected,
                rejects=rejects,
                pages=(),
                page_sha256=(),
                cursor=None,
                replaces=first.place,
                extra=base.extra
                | {
                    "erased": {
                        "decision": decision_id,
                        "at": clock.now().astimezone(UTC).isoformat(),
                        "pages": list(found.pages),
                    }
                },
            )
        )


def _part_without(
    db: duckdb.DuckDBPyConnection, landing: Landing, load: OpenLoad, file: LoadFile, found: _Place
) -> LoadFile:
    source = landing.root / file.path
    conditions = _conditions(db, source, found.targets)
    gone = " OR ".join(sql for (_, how), sql in conditions.items() if how == "row") or "false"
    cells = "".join(
        f", CASE WHEN {sql} THEN NULL ELSE {name_of(column)} END AS {name_of(column)}"
        for (column, how), sql in conditions.items()
        if how == "cell"
    )
    path = load.folder / PART
    copy_to(
        db,
        f"SELECT * REPLACE ({literal(load.load_id)} AS _load_id{cells}) FROM {_parquet(source)} "
        f"WHERE NOT coalesce({gone}, false) ORDER BY _row_number",
        path,
    )
    rows = count_of(db, f"SELECT count(*) FROM {_parquet(path)}")
    return LoadFile(load.relative(PART), rows, sha256_of(path))


def _rejects_without(
    db: duckdb.DuckDBPyConnection, landing: Landing, load: OpenLoad, stood: Manifest, found: _Place
) -> tuple[tuple[LoadFile, ...], int]:
    """The refused rows that are not the persons'.

    Where pages go or are gone nothing tells any more whose a value is: none is shown.
    """
    if not stood.rejects:
        return (), stood.rejected_rows
    (file,) = stood.rejects
    path = load.folder / REJECTS
    source = _parquet(landing.root / file.path)
    is_untold = bool(found.pages) or found.rows is None
    shown = f"* REPLACE ({literal(BLOTTED)} AS value)" if is_untold else "*"
    query = f"SELECT {shown} FROM {source} WHERE NOT {_numbered(found.rows or frozenset())}"
    copy_to(db, f"{query} ORDER BY row_number", path)
    lines = count_of(db, f"SELECT count(*) FROM {_parquet(path)}")
    rows = count_of(db, f"SELECT count(DISTINCT row_number) FROM {_parquet(path)}")
    return (LoadFile(load.relative(REJECTS), lines, sha256_of(path)),), rows


def _remove(landing: Landing, erased: Manifest) -> None:
    """Removes what stood in the place of an erasure before it, and the pages that it names."""
    pages = set(erased.extra["erased"]["pages"])
    for load in landing.loads():
        if load.place != erased.place or load.commit_seq >= erased.commit_seq:
            continue
        gone = {file.path: file.sha256 for file in (*load.files, *load.rejects)}
        gone |= {
            page: sha256
            for page, sha256 in zip(load.pages, load.page_sha256, strict=False)
            if page in pages
        }
        landing.erase_files(load, gone, erased.extra["erased"]["decision"])
    failpoint("erasure-after-removal")
