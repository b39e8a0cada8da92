"""Extraction: from a vendor's pages to one committed load, and all vendors side by side."""

from __future__ import annotations

import gzip
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from ingestion.catalog import connector_of, resource_of
from ingestion.clock import Clock
from ingestion.connections import Connection, Connections, Sources
from ingestion.connector import Connector, Page
from ingestion.erasure import forgotten
from ingestion.errors import ConfigurationError, SeveralFailedError, UnreachableError
from ingestion.failpoint import failpoint
from ingestion.http import HttpSettings
from ingestion.landing import Landing, Manifest, OpenLoad
from ingestion.load_log import LoadFacts, attempt, milliseconds_since
from ingestion.resource import Resource
from ingestion.salt import salt_of, salt_of_erasures
from ingestion.schema import keep_schema, landed, refusing_inexact
from ingestion.side_by_side import Task, side_by_side
from ingestion.state import position, standing
from ingestion.typed import Reading, cursor_text, landed_columns, write_typed


@dataclass(frozen=True, slots=True)
class Window:
    """A range of the past: what changed at the vendor from `since` to before `until`.

    `about` is kept in the manifest of the load that fills it (``extra["range"]``).
    """

    since: datetime
    until: datetime
    about: dict[str, str]


def ingest(
    source: str,
    tenant: str,
    resource: str,
    connection: Connection,
    landing: Landing,
    clock: Clock,
    settings: HttpSettings | None = None,
    window: Window | None = None,
) -> Manifest:
    """Reads the news of one resource and commits it as one load with the new cursor.

    With `window` that range of the past is read instead, and the cursor is not touched. A load
    without rows is committed too: it says that the resource is fresh. Raises GaveUpError when the
    vendor stays unwell, another IngestionError when it refuses, breaks its contract or ignores the
    filter; then nothing of the load is visible and the cursor has not moved.
    """
    noted = attempt(landing, clock, source, tenant, resource, secrets=(connection.password,))
    # A range that could not be read says nothing of the news.
    with noted if window is None else nullcontext():
        return _ingest(source, tenant, resource, connection, landing, clock, settings, window)


def _ingest(
    source: str,
    tenant: str,
    resource: str,
    connection: Connection,
    landing: Landing,
    clock: Clock,
    settings: HttpSettings | None,
    window: Window | None,
) -> Manifest:
    connector = connector_of(source)
    declared = resource_of(connector, resource)
    columns = landed_columns(declared)
    salt = salt_of(source, declared)
    before = None if window else position(landing, source, tenant, resource)
    is_backfill = before is None and window is None
    asked = since = _since(declared, before.cursor if before else None)
    until = None
    if window:
        asked, until = (_asked(declared, at) for at in (window.since, window.until))
        since = _since(declared, asked)
    started, began, last = clock.now(), time.monotonic(), landing.last_seq()
    line = (source, tenant, resource)
    with landing.open_load(*line) as load:
        patience = settings or HttpSettings()
        fetched = _fetch(connector, declared, connection, patience, asked, until, load)
        # From here to the commit nothing else of the resource lands.
        with landing.turn(*line):
            people = forgotten(landing, *line)
            known = standing(landing, *line)
            overtaken = [other for other in known if other.place > last]
            recorded_at = clock.now()
            reading = Reading(
                pages=load.folder,
                recorded_at=recorded_at,
                is_backfill=is_backfill,
                since=since,
                salt=salt_of_erasures() if people else salt,
                known=landed(landing, known, columns),
                overtaken=landed(landing, overtaken, columns),
                until=until,
                forgotten=people,
            )
            with refusing_inexact():
                typed = write_typed(load, connector, declared, reading)
            kept = tuple(p for p in fetched.pages if Path(p).name not in typed.forgotten_pages)
            for name in typed.forgotten_pages:
                (load.folder / name).unlink()
            newest = fetched.cursor or _capped(declared, typed.newest, started)
            if window:
                newest = None
            return load.commit(
                Manifest(
                    load_id=load.load_id,
                    source=source,
                    tenant=tenant,
                    resource=resource,
                    recorded_at=recorded_at.astimezone(UTC).isoformat(),
                    rows=typed.part.rows,
                    files=(typed.part,),
                    cursor=_later(declared, before.cursor if before else None, newest),
                    is_backfill=is_backfill,
                    rejected_rows=typed.rejected_rows,
                    rejects=typed.rejects,
                    pages=kept,
                    unknown_columns=typed.unknown_columns,
                    schema_version=keep_schema(landing, columns),
                    extra={
                        "continues": before.commit_seq if before else None,
                        "since": since,
                        "unchanged_rows": typed.unchanged_rows,
                        "overtaken_rows": typed.overtaken_rows,
                        "overtaken": [other.place for other in overtaken],
                        "forgotten_rows": typed.forgotten_rows,
                        "forgotten_pages": len(typed.forgotten_pages),
                        "new_unknown_columns": sorted(
                            set(typed.unknown_columns)
                            - set(before.unknown_columns if before else ())
                        ),
                        "facts": LoadFacts(
                            started_at=started.astimezone(UTC).isoformat(),
                            milliseconds=milliseconds_since(began),
                            requests=fetched.requests,
                            raw_bytes=fetched.raw_bytes,
                            gzipped_bytes=fetched.gzipped_bytes,
                            delivered_rows=typed.seen.delivered_rows,
                            first_modified_at=typed.seen.first_modified_at,
                            last_modified_at=typed.seen.last_modified_at,
                            filled=typed.seen.filled,
                            unknown_types=typed.seen.unknown_types,
                            refused=typed.seen.refused,
                        ).as_json(),
                    }
                    | (
                        {"range": window.about, "until": until, "beyond_rows": typed.beyond_rows}
                        if window
                        else {}
                    ),
                )
            )


@dataclass(frozen=True, slots=True)
class _Fetched:
    """The pages of a load: their paths, the vendor's own last cursor, and what they cost."""

    pages: tuple[str, ...]
    cursor: str | None
    requests: int
    raw_bytes: int
    gzipped_bytes: int


def _fetch(
    connector: Connector,
    resource: Resource,
    connection: Connection,
    settings: HttpSettings,
    since: str | None,
    until: str | None,
    load: OpenLoad,
) -> _Fetched:
    """Writes every page gzipped, exactly as received."""
    written: list[str] = []
    cursor: str | None = None
    raw, gzipped = 0, 0

    def keep(name: str, page: Page) -> None:
        nonlocal raw, gzipped
        # mtime=0: the same bytes make the same file.
        content = gzip.compress(page.content, compresslevel=5, mtime=0)
        raw += len(page.content)
        gzipped += len(content)
        path = load.folder / name
        path.write_bytes(content)
        path.chmod(0o600)
        failpoint("load-after-page")
        written.append(load.relative(name))

    with connector.open(connection, settings) as client:
        for number, page in enumerate(connector.pages(client, resource, since, until), 1):
            keep(f"pages-{number:05d}.json.gz", page)
            cursor = page.cursor or cursor
        if resource.sweep and until is None:
            # After the rows: one that was deleted in between must be found gone.
            assert connector.sweep is not None
            for number, page in enumerate(connector.sweep(client, resource), 1):
                keep(f"sweep-{number:05d}.json.gz", page)
        return _Fetched(tuple(written), cursor, client.requests, raw, gzipped)


def _since(resource: Resource, cursor: str | None) -> str | None:
    """What to ask for: the last cursor less the overlap, whole seconds; opaque ones as they are."""
    if resource.cursor is None or cursor is None or resource.cursor.opaque:
        return cursor
    overlap = resource.cursor.overlap
    if resource.column(resource.cursor.column).type == "bigint":
        return str(int(cursor) - int(overlap.total_seconds()))
    instant = (datetime.fromisoformat(cursor) - overlap).replace(microsecond=0)
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _asked(resource: Resource, instant: datetime) -> str:
    """An instant as the resource's vendor is asked for it: ISO 8601 in UTC, or epoch seconds."""
    assert resource.cursor is not None
    if resource.column(resource.cursor.column).type == "bigint":
        return str(int(instant.timestamp()))
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _capped(resource: Resource, newest: str | None, started: datetime) -> str | None:
    """`newest`, but never past the start of the extraction.

    A row dated in the future would carry the cursor there, and until then no news would be read.
    """
    if resource.cursor is None or newest is None:
        return None
    if resource.column(resource.cursor.column).type == "bigint":
        return str(min(int(newest), int(started.timestamp())))
    limit = cursor_text(started.astimezone(UTC).replace(tzinfo=None))
    return min(newest, limit, key=datetime.fromisoformat)


def _later(resource: Resource, before: str | None, newest: str | None) -> str | None:
    """A cursor never goes back: the later of the two."""
    if resource.cursor is None or newest is None or before is None:
        return newest or before
    if resource.cursor.opaque:
        return newest
    if resource.column(resource.cursor.column).type == "bigint":
        return str(max(int(before), int(newest)))
    return max(before, newest, key=datetime.fromisoformat)


def ingest_all(
    sources: Sources,
    landing: Landing,
    clock: Clock,
    connections: Connections,
    progress: Callable[[str], None],
    settings: HttpSettings | None = None,
) -> list[Manifest]:
    """Reads every resource of every configured vendor; folders are `intake`'s.

    As many resources of one host are read at once as it may be asked requests at once. Once nobody
    listens there, the rest of that host is left for the next run. `progress` gets one line per
    resource. A failure does not stop the others: all are raised together as one SeveralFailedError
    at the end.
    """
    unconnected: list[tuple[str, Exception]] = []
    tasks: list[Task[Manifest]] = []
    silent: dict[str, str] = {}

    def task(connection: Connection, resource: str) -> Task[Manifest]:
        def read(patience: HttpSettings) -> Manifest:
            if connection.base_url in silent:
                # Each resource would wait out all its attempts, one after the other.
                with attempt(landing, clock, connection.source, connection.tenant, resource):
                    raise UnreachableError(
                        f"not tried: {connection.base_url} was not reached for "
                        f"{silent[connection.base_url]}"
                    )
            began = time.monotonic()
            line = (connection.source, connection.tenant, resource)
            try:
                load = ingest(*line, connection, landing, clock, patience)
            except Exception as error:
                if isinstance(error, UnreachableError):
                    silent[connection.base_url] = resource
                progress(f"{connection.name}/{resource}: not read: {error}")
                raise
            progress(f"{summary(load)} in {time.monotonic() - began:.1f} s")
            return load

        return Task(connection, resource, read)

    for vendor in sources.vendors:
        try:
            with attempt(landing, clock, vendor.source, vendor.tenant):
                connection = connections(vendor.source, vendor.tenant)
                resources = connector_of(vendor.source).resources
        except ConfigurationError as error:
            unconnected.append((f"{vendor.source}/{vendor.tenant}", error))
            continue
        tasks += [task(connection, resource.name) for resource in resources]
    landed, unread = side_by_side(tasks, sources, settings)
    if unconnected or unread:
        raise SeveralFailedError((*unconnected, *unread), len(landed))
    return landed


def summary(load: Manifest) -> str:
    """One line about a load of `ingest`: rows, how they came, what is strange."""
    columns = ", ".join(load.extra["new_unknown_columns"])
    drift = f", new columns that are not declared: {columns}" if columns else ""
    refused = f", {load.rejected_rows} refused" if load.rejected_rows else ""
    erased = load.extra.get("forgotten_rows", 0)
    if erased:
        refused += f", {erased} of erased persons left out: erase them at the vendor as well"
    kind = "back-fill" if load.is_backfill else f"news, {load.extra['unchanged_rows']} unchanged"
    if "range" in load.extra:
        window, beyond = load.extra["range"], load.extra["beyond_rows"]
        kind = (
            f"changed from {window['since'][:16]} to {window['until'][:16]} UTC, "
            f"{load.extra['unchanged_rows']} unchanged"
            + (f", {beyond} later ones left out" if beyond else "")
        )
    rows = f"{load.rows} row{'' if load.rows == 1 else 's'}"
    return f"{load.source}/{load.tenant}/{load.resource}: {rows} ({kind}){refused}{drift}"
