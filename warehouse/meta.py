"""The `meta` schema: what the warehouse file says about itself. Written by builds, read by models.

`meta.load` has one row per load that is staged; `meta.load_attempt` one per load, whatever became
of it, and one per attempt that failed (see `warehouse.load_log`); `meta.staged` one row: how far
staging got and from which definitions; `meta.built` one row: what the marts were last built of, and
`meta.case_fingerprint` what was known then of each lead and opportunity; `meta.build_step` the
steps that the last build finished; `meta.dbt_result` what dbt did in it. From these a build tells
whether the file may be continued: it is a cache, and one that does not match the stores is thrown
away.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb

SCHEMA = """
create schema if not exists meta;
create schema if not exists quality;
create table if not exists meta.load (
    store varchar not null, load_id varchar not null, source varchar not null,
    tenant varchar not null, resource varchar not null, commit_seq bigint not null,
    recorded_at timestamp not null, row_count bigint not null, rejected_row_count bigint not null,
    is_backfill boolean not null, primary key (store, commit_seq)
);
create table if not exists meta.load_attempt (
    attempt_id varchar not null primary key, store varchar not null, source varchar not null,
    tenant varchar not null, resource varchar not null, outcome varchar not null,
    load_kind varchar, commit_seq bigint, started_at timestamp, recorded_at timestamp not null,
    milliseconds bigint, page_count bigint, request_count bigint, byte_count bigint,
    gzipped_byte_count bigint, delivered_row_count bigint, row_count bigint,
    unchanged_row_count bigint, refused_row_count bigint, oldest_modified_at timestamp,
    newest_modified_at timestamp, schema_version varchar, failure_kind varchar, reason varchar
);
create table if not exists meta.load_column (
    load_id varchar not null, column_name varchar not null, is_declared boolean not null,
    data_type varchar not null, filled_row_count bigint
);
create table if not exists meta.load_refusal (
    load_id varchar not null, column_name varchar not null, row_count bigint not null,
    why varchar not null, row_number bigint
);
create table if not exists meta.staged (
    definitions varchar not null, as_of_date date not null, watermarks varchar not null
);
create table if not exists meta.built (
    as_of_date date not null, as_of_at timestamp not null, watermarks varchar not null
);
create table if not exists meta.case_fingerprint (
    record_type varchar not null, record_key bigint not null, tenant varchar not null,
    source_system varchar not null, source_id varchar not null, case_id varchar not null,
    opportunity_key bigint, opportunity_source_id varchar, fingerprint varchar not null
);
create table if not exists meta.build_step (
    build_id varchar not null, step varchar not null, finished_at timestamp not null
);
create table if not exists meta.dbt_result (
    build_id varchar not null, step varchar not null, unique_id varchar not null,
    resource_type varchar not null, status varchar not null, execution_seconds decimal(18, 3),
    failure_count bigint, message varchar
);
"""


@dataclass(frozen=True, slots=True)
class StagedLoad:
    """One row of `meta.load`: a load, the store it is from, and the files that hold it.

    Paths are absolute. `recorded_at` is UTC, ISO 8601.
    """

    store: str
    load_id: str
    source: str
    tenant: str
    resource: str
    commit_seq: int
    recorded_at: str
    rows: int
    rejected_rows: int
    is_backfill: bool
    files: tuple[str, ...]
    rejects: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Staged:
    """How far the file's staging got, from which definitions, and which loads it holds.

    `loads` has (store, commit_seq, load_id); it may be ahead of `watermarks` when a build died.
    """

    definitions: str
    as_of_date: date
    watermarks: dict[str, int]
    loads: frozenset[tuple[str, int, str]]


@dataclass(frozen=True, slots=True)
class Built:
    """What the marts of the file were last built of. `as_of_at` is naive, UTC."""

    as_of_date: date
    as_of_at: datetime
    watermarks: dict[str, int]


@dataclass(frozen=True, slots=True)
class DbtResult:
    """What dbt did with one node. `status` is dbt's: success, pass, warn, error, fail, skipped."""

    unique_id: str
    resource_type: str
    status: str
    execution_seconds: float
    failure_count: int | None
    message: str


def read_staged(database: Path) -> Staged | None:
    """What the file says it holds; None when it does not exist or says nothing legible."""
    if not database.exists():
        return None
    try:
        with duckdb.connect(str(database), read_only=True) as connection:
            row = connection.execute(
                "select definitions, as_of_date, watermarks from meta.staged"
            ).fetchone()
            loads = connection.execute("select store, commit_seq, load_id from meta.load")
            held = frozenset((store, seq, load_id) for store, seq, load_id in loads.fetchall())
    except duckdb.Error:
        return None
    if row is None:
        return None
    return Staged(row[0], row[1], json.loads(row[2]), held)


def read_built(database: Path) -> Built | None:
    """What the marts were last built of; None when no build of this file came so far."""
    with duckdb.connect(str(database), read_only=True) as connection:
        row = connection.execute(
            "select as_of_date, as_of_at, watermarks from meta.built"
        ).fetchone()
    return None if row is None else Built(row[0], row[1], json.loads(row[2]))


def policy_turns(
    database: Path, tables: Iterable[str], since: Built, as_of_date: date, as_of_at: datetime
) -> str:
    """A date in these policy tables that comes after the last build and by this one; '' if none.

    A row is valid from or until then, or was recorded since: 'stage_map.valid_from 2026-05-01'.
    """
    tick = timedelta(microseconds=1)
    instants = (since.as_of_at - tick, _naive(as_of_at) - tick)
    with duckdb.connect(str(database), read_only=True) as connection:
        columns = connection.execute(
            "select table_name, column_name, data_type = 'DATE' from duckdb_columns() "
            "where schema_name = 'staging' and data_type in ('DATE', 'TIMESTAMP') "
            "and table_name in (select unnest(?)) order by table_name, column_name",
            [[f"stg_policy_landed__{table}" for table in tables]],
        ).fetchall()
        for table, column, is_date in columns:
            # A day holds from its first moment on, an instant once it is past.
            since_then = (since.as_of_date, as_of_date) if is_date else instants
            found = connection.execute(
                f'select min("{column}") from staging."{table}" '  # noqa: S608 (from the catalog)
                f'where "{column}" > $1 and "{column}" <= $2',
                since_then,
            ).fetchone()
            if found is not None and found[0] is not None:
                return f"{table.removeprefix('stg_policy_landed__')}.{column} {found[0]}"
    return ""


def begin_build(database: Path, build_id: str, definitions: str, as_of_date: date) -> None:
    """Creates what is missing; forgets the steps of earlier builds, keeps the staged rows."""
    with duckdb.connect(str(database)) as connection:
        connection.execute(SCHEMA)
        connection.begin()
        connection.execute("delete from meta.build_step where build_id <> ?", [build_id])
        connection.execute("delete from meta.dbt_result where build_id <> ?", [build_id])
        connection.execute(
            "insert into meta.staged select ?, ?, '{}' where not exists (from meta.staged)",
            [definitions, as_of_date],
        )
        # Models that keep rows between builds have, from here on, seen this date.
        connection.execute("update meta.staged set as_of_date = ?", [as_of_date])
        connection.commit()


def record_loads(database: Path, loads: Iterable[StagedLoad]) -> None:
    """Lists the loads that are about to be staged; listing one again changes nothing."""
    rows = [
        (load.store, load.load_id, load.source, load.tenant, load.resource, load.commit_seq,
         _utc(load.recorded_at), load.rows, load.rejected_rows, load.is_backfill)
        for load in loads
    ]  # fmt: skip
    if rows:
        with duckdb.connect(str(database)) as connection:
            connection.begin()
            connection.executemany(
                "insert or replace into meta.load values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows
            )
            connection.commit()


def record_staged(database: Path, watermarks: dict[str, int]) -> None:
    """Everything up to these sequence numbers is staged."""
    with duckdb.connect(str(database)) as connection:
        connection.execute(
            "update meta.staged set watermarks = ?", [json.dumps(watermarks, sort_keys=True)]
        )


def record_built(
    database: Path, as_of_date: date, as_of_at: datetime, watermarks: dict[str, int]
) -> None:
    """The marts are built of this; the next build compares each case with what was known here."""
    with duckdb.connect(str(database)) as connection:
        connection.begin()
        connection.execute("delete from meta.built")
        connection.execute(
            "insert into meta.built values (?, ?, ?)",
            [as_of_date, _naive(as_of_at), json.dumps(watermarks, sort_keys=True)],
        )
        connection.execute("delete from meta.case_fingerprint")
        connection.execute(
            "insert into meta.case_fingerprint by name "
            "select * from intermediate.int_case_fingerprints"
        )
        connection.commit()


def record_step(database: Path, build_id: str, step: str, finished_at: datetime) -> None:
    """The build has finished this step."""
    with duckdb.connect(str(database)) as connection:
        connection.execute(
            "insert into meta.build_step values (?, ?, ?)",
            [build_id, step, _naive(finished_at)],
        )


def finished_steps(database: Path, build_id: str) -> set[str]:
    """The steps that this build has finished; none when the file is not there or not legible."""
    if not database.exists():
        return set()
    try:
        with duckdb.connect(str(database), read_only=True) as connection:
            rows = connection.execute(
                "select step from meta.build_step where build_id = ?", [build_id]
            )
            return {step for (step,) in rows.fetchall()}
    except duckdb.Error:
        return set()


def record_dbt_results(
    database: Path, build_id: str, step: str, results: Iterable[DbtResult]
) -> None:
    """Replaces what dbt did in this step of this build."""
    rows = [
        (build_id, step, result.unique_id, result.resource_type, result.status,
         result.execution_seconds, result.failure_count, result.message)
        for result in results
    ]  # fmt: skip
    with duckdb.connect(str(database)) as connection:
        connection.begin()
        connection.execute(
            "delete from meta.dbt_result where build_id = ? and step = ?", [build_id, step]
        )
        if rows:
            connection.executemany(
                "insert into meta.dbt_result values (?, ?, ?, ?, ?, ?, ?, ?)", rows
            )
        connection.commit()


def _utc(instant: str) -> datetime:
    return _naive(datetime.fromisoformat(instant))


def _naive(instant: datetime) -> datetime:
    return instant.astimezone(UTC).replace(tzinfo=None)
