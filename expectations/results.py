"""The tables that the gates write, in schema `quality`. No column depends on the wall clock.

`gate_result` and `quarantine` are published as they are. `raw_quarantine` names the landed rows
that staging leaves out; `raw_reject` the rows that ingestion refused; both keep every load, so
that a build of one day's loads ends in the same rows as a build of all of them.
"""

from __future__ import annotations

from datetime import UTC, datetime

import duckdb

from expectations.contract import CheckResult, GateContext, GateName
from expectations.sql import timestamp_text

_TABLES = """
create schema if not exists quality;
create table if not exists quality.gate_result (
    gate varchar not null,
    suite varchar not null,
    check_name varchar not null,
    severity varchar not null,
    success boolean not null,
    evaluated_count bigint not null,
    unexpected_count bigint not null,
    observed varchar not null,
    threshold varchar not null,
    why varchar not null,
    owner varchar not null,
    fix varchar not null
);
-- A warehouse that an earlier version built has it not.
alter table quality.gate_result add column if not exists fix varchar;
create table if not exists quality.quarantine (
    gate varchar not null,
    rule_id varchar not null,
    tenant varchar not null,
    source_system varchar not null,
    resource varchar not null,
    record_id varchar not null,
    owner varchar not null,
    field varchar,
    value varchar,
    why varchar not null,
    fix varchar not null,
    amount_at_fault decimal(18, 2),
    currency_code varchar,
    state varchar not null
);
create table if not exists quality.raw_quarantine (
    load_id varchar not null,
    row_number bigint not null,
    source_system varchar not null,
    tenant varchar not null,
    resource varchar not null,
    rule_id varchar not null,
    field varchar not null,
    value varchar,
    why varchar not null,
    fix varchar not null,
    owner varchar not null,
    commit_seq bigint not null,
    record_id varchar,
    recorded_at timestamp not null,
    healed_at timestamp
);
create table if not exists quality.raw_reject (
    load_id varchar not null,
    commit_seq bigint not null,
    source_system varchar not null,
    tenant varchar not null,
    resource varchar not null,
    page integer,
    row_number bigint,
    field varchar,
    value varchar,
    why varchar,
    fix varchar,
    recorded_at timestamp not null
);
create table if not exists quality.source_freshness (
    source_system varchar not null,
    tenant varchar not null,
    resource varchar not null,
    last_loaded_at timestamp,
    newest_event_at timestamp,
    failing_since timestamp,
    failed_attempts bigint not null,
    failure_kind varchar not null,
    max_age_hours integer,
    severity varchar not null,
    owner varchar not null,
    verdict varchar not null,
    primary key (source_system, tenant, resource)
);
create table if not exists quality.stage_entry_verdict (
    rule_id varchar not null,
    stage_event_key bigint not null,
    verdict_at_entry varchar not null,
    verdict_now varchar not null,
    observed_at_entry varchar,
    observed_now varchar,
    is_enforced boolean not null,
    cured_at timestamp
);
"""


def create_tables(connection: duckdb.DuckDBPyConnection) -> None:
    """Creates what is missing; what is there stays."""
    connection.execute(_TABLES)


def write_results(
    connection: duckdb.DuckDBPyConnection, gate: GateName, results: tuple[CheckResult, ...]
) -> None:
    """Replaces the rows of one gate in `quality.gate_result`."""
    connection.execute("delete from quality.gate_result where gate = ?", [gate])
    if results:
        connection.executemany(
            "insert into quality.gate_result values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    result.gate,
                    result.suite,
                    result.check_name,
                    result.severity,
                    result.success,
                    result.evaluated_count,
                    result.unexpected_count,
                    result.observed,
                    result.threshold,
                    result.why,
                    result.owner,
                    result.fix,
                )
                for result in results
            ],
        )


def write_freshness(connection: duckdb.DuckDBPyConnection, context: GateContext) -> None:
    """Replaces `quality.source_freshness`: what the stores know at the build's cut-off."""
    connection.execute("delete from quality.source_freshness")
    known = [
        (
            fresh.source,
            fresh.tenant,
            fresh.resource,
            _naive(fresh.last_loaded_at),
            _naive(fresh.newest_event_at),
            _naive(fresh.failing_since),
            fresh.failed_attempts,
            fresh.failure_kind,
            fresh.max_age_hours,
            fresh.severity,
            fresh.owner,
            fresh.verdict,
        )
        for fresh in context.freshness
        if fresh.is_in_stores
    ]
    if known:
        connection.executemany(
            "insert into quality.source_freshness values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            known,
        )


def _naive(instant: datetime | None) -> datetime | None:
    """UTC without a zone, as the warehouse keeps instants."""
    return None if instant is None else instant.astimezone(UTC).replace(tzinfo=None)


def write_raw_quarantine(connection: duckdb.DuckDBPyConnection, context: GateContext) -> int:
    """Replaces the raw gate's rows of `quality.quarantine`; returns how many are open.

    A landed row is `open` until the same record arrives without a fault, then `healed`; a row that
    ingestion refused is `refused`.
    """
    connection.execute("delete from quality.quarantine where gate = 'raw'")
    connection.execute(
        """
        insert into quality.quarantine
        select
            'raw', rule_id, tenant, source_system, resource,
            coalesce(record_id, 'load ' || load_id || ' row ' || row_number),
            owner, field, value, why, fix, null, null,
            case when healed_at < $1 then 'healed' else 'open' end
        from quality.raw_quarantine
        where recorded_at < $1
        union all
        select
            'raw', 'refused_at_ingestion', tenant, source_system, resource,
            concat_ws(' ', 'load', load_id, 'page', page, 'row', row_number),
            'data_engineering', field, value, coalesce(why, 'refused at ingestion'),
            coalesce(fix, 'correct the row at its source'), null, null, 'refused'
        from quality.raw_reject
        where recorded_at < $1
        order by all
        """,
        [timestamp_text(context.as_of_at)],
    )
    found = connection.execute(
        "select count(*) from quality.quarantine where gate = 'raw' and state <> 'healed'"
    ).fetchone()
    return int(found[0]) if found else 0
