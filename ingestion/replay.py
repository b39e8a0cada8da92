"""Replay: the kept raw pages of past loads typed anew, with today's declarations.

The vendor is not asked: it could not say any more what it said then. What comes out otherwise
commits as a load in the place of the one that it types anew, with that one's `recorded_at`, so what
was known on a past day is told as if it had been typed so from the start.
"""

# ruff: noqa: S608  names are declared in code and quoted, values are bound or quoted literals

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from ingestion.catalog import connector_of, resource_of
from ingestion.clock import Clock
from ingestion.erasure import forgotten
from ingestion.errors import ConfigurationError, ContractError
from ingestion.landing import Landing, Manifest, OpenLoad
from ingestion.resource import Resource
from ingestion.salt import salt_of, salt_of_erasures
from ingestion.schema import keep_schema, landed, refusing_inexact
from ingestion.selection import Selection
from ingestion.state import standing
from ingestion.typed import (
    Reading,
    Typed,
    connect,
    count_of,
    landed_columns,
    literal,
    name_of,
    write_typed,
)


@dataclass(frozen=True, slots=True)
class Replayed:
    """What became of one place: `load` stands there now, or None when nothing came out otherwise.

    `why_not` says why it could not be typed anew, '' when it could.
    """

    original: Manifest
    load: Manifest | None = None
    why_not: str = ""

    def __str__(self) -> str:
        original = self.original
        what = (
            f"{original.source}/{original.tenant}/{original.resource}: load {original.commit_seq} "
            f"of {original.recorded_at[:10]}"
        )
        if self.why_not:
            return f"{what} is not replayable: {self.why_not}"
        if self.load is None:
            return f"{what} comes out as it was"
        refused = f", {self.load.rejected_rows} refused" if self.load.rejected_rows else ""
        return (
            f"{what} had {original.rows} rows; in its place stands load {self.load.commit_seq} "
            f"with {self.load.rows}{refused}"
        )


def replay(
    landing: Landing,
    clock: Clock,
    selection: Selection,
    *,
    first: int | None = None,
    since: datetime | None = None,
) -> Iterator[Replayed]:
    """Types the loads of a selection anew, in their order: all of them, or from one on.

    `first` is the commit to begin with, `since` the instant. From there on every later load of the
    resource is typed as well: each leaves out what the one before it says already. Doing it again
    commits nothing. Raises ConfigurationError when nothing like this has landed, ContractError
    when a page is not what today's declaration asks for; what was committed before stays.
    """
    originals = [
        load
        for load in landing.loads()
        if load.source == selection.source
        and load.replaces is None
        and selection.covers(load.tenant, load.resource)
    ]
    streams = sorted({(load.tenant, load.resource) for load in originals})
    if first is not None:
        streams = [(load.tenant, load.resource) for load in originals if load.commit_seq == first]
    if not streams:
        what = f"load {first} of {selection}" if first is not None else str(selection)
        listed = (
            "`closebook status` lists what has"
            if first is None
            else "in the published closebook.duckdb, `select commit_seq, source_system, resource, "
            "recorded_at from fct_load_attempt` lists what has"
        )
        raise ConfigurationError(f"nothing to replay: {what} has not landed; {listed}")
    for stream in streams:
        for load in originals:
            if (
                (load.tenant, load.resource) == stream
                and load.commit_seq >= (first or 0)
                and (since is None or datetime.fromisoformat(load.recorded_at) >= since)
            ):
                yield _replayed(landing, clock, load)


def _replayed(landing: Landing, clock: Clock, original: Manifest) -> Replayed:
    connector = connector_of(original.source)
    resource = resource_of(connector, original.resource)
    columns = landed_columns(resource)
    salt = salt_of(original.source, resource)
    line = (original.source, original.tenant, original.resource)
    with landing.turn(*line), landing.open_load(*line) as load:
        typings = [other for other in landing.loads() if other.place == original.commit_seq]
        why_not = _why_not(landing, original, typings)
        if why_not:
            return Replayed(original, why_not=why_not)
        before = [other for other in standing(landing, *line) if other.place < original.commit_seq]
        people = forgotten(landing, *line)
        overtaken = [
            other for other in before if other.place in original.extra.get("overtaken", ())
        ]
        reading = Reading(
            pages=landing.pages(original)[0].parent,
            recorded_at=datetime.fromisoformat(original.recorded_at),
            is_backfill=original.is_backfill,
            since=original.extra.get("since"),
            salt=salt_of_erasures() if people else salt,
            known=landed(landing, before, columns),
            overtaken=landed(landing, overtaken, columns),
            until=original.extra.get("until"),
            forgotten=people,
        )
        with refusing_inexact():
            typed = write_typed(load, connector, resource, reading)
        if not _comes_out_otherwise(landing, resource, typings[-1], load, typed):
            return Replayed(original)
        return Replayed(
            original,
            load.commit(
                Manifest(
                    load_id=load.load_id,
                    source=original.source,
                    tenant=original.tenant,
                    resource=original.resource,
                    recorded_at=original.recorded_at,
                    rows=typed.part.rows,
                    files=(typed.part,),
                    is_backfill=original.is_backfill,
                    rejected_rows=typed.rejected_rows,
                    rejects=typed.rejects,
                    unknown_columns=typed.unknown_columns,
                    schema_version=keep_schema(landing, columns),
                    replaces=original.commit_seq,
                    # What it took to fetch the pages stays; what they show is seen anew.
                    extra=original.extra
                    | {
                        "replayed_at": clock.now().astimezone(UTC).isoformat(),
                        "unchanged_rows": typed.unchanged_rows,
                    }
                    | (
                        {"facts": original.extra["facts"] | asdict(typed.seen)}
                        if "facts" in original.extra
                        else {}
                    ),
                )
            ),
        )


def _why_not(landing: Landing, original: Manifest, typings: list[Manifest]) -> str:
    """Why the pages of a load cannot be typed anew; '' when they can."""
    if any("erased" in typing.extra for typing in typings):
        return "somebody was erased from it, and the pages with it"
    if original.extra.get("forgotten_pages"):
        return "pages that held somebody erased were not kept"
    retired = landing.retirements().get(original.commit_seq)
    if retired is not None:
        return (
            f"its raw pages are gone since {retired['retired_at'][:10]} ({retired['reason']}): the "
            "typed rows alone are the record"
        )
    missing = [page for page in landing.pages(original) if not page.is_file()]
    if missing or not original.pages:
        return f"{missing[0] if missing else 'its raw pages'} is missing; `closebook verify`"
    return ""


def _comes_out_otherwise(
    landing: Landing, resource: Resource, before: Manifest, load: OpenLoad, typed: Typed
) -> bool:
    """Whether the rows in the load's folder, or the refused ones, are others than `before` has."""
    columns = landed_columns(resource)
    names = ", ".join(name_of(name) for name, _ in columns if name != "_load_id")
    with connect() as db:
        try:
            old = landed(landing, [before], columns)
            rows = f"SELECT {names} FROM {_parquet(load.folder / Path(typed.part.path).name)}"
            was = f"SELECT {names} FROM ({old.query})" if old else f"{rows} LIMIT 0"
            with refusing_inexact():
                if _differ(db, rows, was):
                    return True
        except ContractError:
            # What stands there cannot even be read as declared now.
            return True
        faults = [load.folder / Path(file.path).name for file in typed.rejects]
        faults_before = [landing.root / file.path for file in before.rejects]
        if len(faults) != len(faults_before):
            return True
        return any(
            _differ(db, f"FROM {_parquet(now)}", f"FROM {_parquet(then)}")
            for now, then in zip(faults, faults_before, strict=True)
        )


def _parquet(path: Path) -> str:
    return f"read_parquet({literal(str(path))}, hive_partitioning = false)"


def _differ(db: duckdb.DuckDBPyConnection, one: str, other: str) -> bool:
    return bool(
        count_of(
            db,
            f"SELECT count(*) FROM (({one} EXCEPT ALL ({other})) UNION ALL "
            f"(({other}) EXCEPT ALL {one}))",
        )
    )
