"""The load log, from the stores into the warehouse file: `meta.load_attempt` and what hangs on it.

Manifests and failures never change, so each is written once; what the stores no longer hold goes.
Only the raw gate's verdict comes later. The log is as old as the stores, not as the warehouse file.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import duckdb
import pyarrow as pa

from ingestion.landing import Landing, Manifest
from ingestion.load_log import Failure, facts_of, failures
from ingestion.schema import Columns, columns_of
from ingestion.typed import LOAD_COLUMNS
from warehouse.home import Home
from warehouse.plan import BuildPlan, stores

_INSTANT = pa.timestamp("us")
_ATTEMPT = pa.schema(
    [
        ("attempt_id", pa.string()),
        ("store", pa.string()),
        ("source", pa.string()),
        ("tenant", pa.string()),
        ("resource", pa.string()),
        ("outcome", pa.string()),
        ("load_kind", pa.string()),
        ("commit_seq", pa.int64()),
        ("started_at", _INSTANT),
        ("recorded_at", _INSTANT),
        ("milliseconds", pa.int64()),
        ("page_count", pa.int64()),
        ("request_count", pa.int64()),
        ("byte_count", pa.int64()),
        ("gzipped_byte_count", pa.int64()),
        ("delivered_row_count", pa.int64()),
        ("row_count", pa.int64()),
        ("unchanged_row_count", pa.int64()),
        ("refused_row_count", pa.int64()),
        ("oldest_modified_at", _INSTANT),
        ("newest_modified_at", _INSTANT),
        ("schema_version", pa.string()),
        ("failure_kind", pa.string()),
        ("reason", pa.string()),
    ]
)
_COLUMN = pa.schema(
    [
        ("load_id", pa.string()),
        ("column_name", pa.string()),
        ("is_declared", pa.bool_()),
        ("data_type", pa.string()),
        ("filled_row_count", pa.int64()),
    ]
)
_REFUSAL = pa.schema(
    [
        ("load_id", pa.string()),
        ("column_name", pa.string()),
        ("row_count", pa.int64()),
        ("why", pa.string()),
        ("row_number", pa.int64()),
    ]
)
_OF_EVERY_LOAD = frozenset(name for name, _ in LOAD_COLUMNS)

Row = dict[str, Any]


def write_log(home: Home, plan: BuildPlan) -> None:
    """Brings the log of the warehouse file up to the plan's watermarks."""
    with duckdb.connect(str(home.database)) as connection:
        connection.begin()
        fill(connection, home, plan.watermarks)
        connection.commit()


def fill(
    connection: duckdb.DuckDBPyConnection,
    home: Home,
    watermarks: Mapping[str, int] | None = None,
) -> None:
    """Makes the tables of the log say what the stores do, up to these numbers or all of it.

    Only manifests that the log does not have yet are read.
    """
    opened, until = stores(home), watermarks or {}
    new: list[tuple[str, Landing, Manifest]] = []
    for name, store in opened.items():
        there = {int(path.stem) for path in store.commits.glob("*.json")}
        there = {seq for seq in there if seq <= until.get(name, seq)}
        missing = there - _keep_only(connection, name, there)
        after = min(missing, default=1) - 1
        new += [
            (name, store, load)
            for load in (store.loads(after) if missing else ())
            if load.commit_seq in missing
        ]
    failed = failures(opened["landing"], until.get("failures"))
    unnoted = _keep_only_failures(connection, {failure.failure_id for failure in failed})
    rows = [_loaded(name, load) for name, _, load in new]
    rows += [_failed(failure) for failure in failed if failure.failure_id in unnoted]
    _insert(connection, "load_attempt", _ATTEMPT, rows)
    _insert(connection, "load_column", _COLUMN, _columns([(s, load) for _, s, load in new]))
    _insert(connection, "load_refusal", _REFUSAL, _refusals([load for *_, load in new]))
    for table in ("load_column", "load_refusal"):
        connection.execute(
            f"delete from meta.{table} where load_id not in "  # noqa: S608  names of this module
            "(select attempt_id from meta.load_attempt)"
        ).fetchall()
    refused = [
        (str(verdict.get("reason", "")), name, seq)
        for name, store in opened.items()
        for seq, verdict in store.rejections().items()
    ]
    if refused:
        connection.executemany(
            "update meta.load_attempt set outcome = 'refused', reason = ? "
            "where store = ? and commit_seq = ? and outcome <> 'refused'",
            refused,
        )


def _keep_only(connection: duckdb.DuckDBPyConnection, store: str, there: set[int]) -> set[int]:
    """Removes the loads that a store does not hold; returns the numbers of those in the log."""
    connection.execute(
        "delete from meta.load_attempt where store = ? and commit_seq is not null "
        "and commit_seq not in (select unnest(?::bigint[]))",
        [store, sorted(there)],
    ).fetchall()
    found = connection.execute(
        "select commit_seq from meta.load_attempt where store = ? and commit_seq is not null",
        [store],
    )
    return {seq for (seq,) in found.fetchall()}


def _keep_only_failures(connection: duckdb.DuckDBPyConnection, there: set[str]) -> set[str]:
    """Removes failures that are not noted any more; returns those that are not in the log yet."""
    connection.execute(
        "delete from meta.load_attempt where outcome = 'failed' "
        "and attempt_id not in (select unnest(?::varchar[]))",
        [sorted(there)],
    ).fetchall()
    found = connection.execute("select attempt_id from meta.load_attempt where outcome = 'failed'")
    return there - {failure_id for (failure_id,) in found.fetchall()}


def _insert(
    connection: duckdb.DuckDBPyConnection, table: str, schema: pa.Schema, rows: list[Row]
) -> None:
    if not rows:
        return
    connection.register("new_row", pa.Table.from_pylist(rows, schema=schema))
    connection.execute(f"insert into meta.{table} by name select * from new_row")  # noqa: S608  names of this module
    connection.unregister("new_row")


def _loaded(store: str, load: Manifest) -> Row:
    row: Row = {
        "attempt_id": load.load_id,
        "store": store,
        "source": load.source,
        "tenant": load.tenant,
        "resource": load.resource,
        "outcome": "loaded",
        "load_kind": _kind(load),
        "commit_seq": load.commit_seq,
        "recorded_at": _utc(load.recorded_at),
        "page_count": len(load.pages),
        "row_count": load.rows,
        "unchanged_row_count": load.extra.get("unchanged_rows"),
        "refused_row_count": load.rejected_rows,
        "schema_version": load.schema_version or None,
    }
    facts = facts_of(load)
    if facts is not None:
        row |= {
            "started_at": _utc(facts.started_at),
            "milliseconds": facts.milliseconds,
            "request_count": facts.requests,
            "byte_count": facts.raw_bytes,
            "gzipped_byte_count": facts.gzipped_bytes,
            "delivered_row_count": facts.delivered_rows,
            "oldest_modified_at": facts.first_modified_at and _utc(facts.first_modified_at),
            "newest_modified_at": facts.last_modified_at and _utc(facts.last_modified_at),
        }
    return row


def _kind(load: Manifest) -> str:
    """What a load was for: ``replacement``, ``range`` (a later back-fill), ``first``, ``news``."""
    if load.replaces is not None:
        return "replacement"
    if "range" in load.extra:
        return "range"
    return "first" if load.is_backfill else "news"


def _failed(failure: Failure) -> Row:
    return {
        "attempt_id": failure.failure_id,
        "store": "landing",
        "source": failure.source,
        "tenant": failure.tenant,
        "resource": failure.resource or "*",
        "outcome": "failed",
        "started_at": _utc(failure.started_at),
        "recorded_at": _utc(failure.failed_at),
        "milliseconds": failure.milliseconds,
        "failure_kind": failure.kind,
    }


def _columns(loads: list[tuple[Landing, Manifest]]) -> list[Row]:
    """The declared columns with how often each was filled, and the unknown ones."""
    known: dict[str, Columns] = {}
    rows: list[Row] = []
    for store, load in loads:
        facts = facts_of(load)
        if facts is None:
            continue
        if load.schema_version not in known:
            known[load.schema_version] = columns_of(store, load)
        rows += [
            {
                "load_id": load.load_id,
                "column_name": name,
                "is_declared": True,
                "data_type": kind,
                "filled_row_count": facts.filled.get(name),
            }
            for name, kind in known[load.schema_version]
            if name not in _OF_EVERY_LOAD
        ]
        rows += [
            {"load_id": load.load_id, "column_name": name, "is_declared": False, "data_type": kinds}
            for name, kinds in facts.unknown_types.items()
        ]
    return rows


def _refusals(loads: list[Manifest]) -> list[Row]:
    return [
        {
            "load_id": load.load_id,
            "column_name": refused.field,
            "row_count": refused.rows,
            "why": refused.why,
            "row_number": refused.row,
        }
        for load in loads
        if (facts := facts_of(load)) is not None
        for refused in facts.refused
    ]


def _utc(instant: str) -> datetime:
    return datetime.fromisoformat(instant).astimezone(UTC).replace(tzinfo=None)
