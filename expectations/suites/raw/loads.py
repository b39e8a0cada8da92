"""What every load owes: its columns, its key, its row counts, its share of sound rows.

The batch of a resource is one row per new load. A load is judged by itself, whatever else is new:
a build of one day and a build of three years refuse the same loads, and the cost does not grow
with their number. The rows themselves are read once, set-based, by `quarantine_rows`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from statistics import median

import duckdb

from expectations.contract import Check, GateContext, NewLoad, Suite
from expectations.sql import array, literal, name, rows
from expectations.suites.raw.rules import OWNER, RowRule, key_present, plausible_dates

# Rows that ingestion refused, of all rows delivered. Half a percent is what hand-kept CRM fields
# were seen to produce; five rows keep a small daily load from being refused for one bad record.
MAX_REJECTED_SHARE = "0.005"
MAX_REJECTED_ROWS = 5

# A load is compared with the median of the last ones only when there are enough of them, and when
# they are large enough for a ratio to say anything.
VOLUME_HISTORY = 3
VOLUME_FLOOR = 20
VOLUME_FACTOR = 10

# Rows that are somebody's pay. The quarantine is open to every analyst: it names such a row and the
# field at fault, and the amount stays where it was delivered.
PAY = frozenset({"payroll_line"})
WITHHELD = "withheld: pay"

_PARQUET_TYPES = {
    "string": "VARCHAR",
    "json": "VARCHAR",
    "bigint": "BIGINT",
    "int": "INTEGER",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
    "decimal(18,2)": "DECIMAL(18,2)",
    "decimal(18,6)": "DECIMAL(18,6)",
}

_OF_EVERY_LOAD = (
    "commit_seq",
    "resource",
    "tenant",
    "column_faults",
    "file_rows",
    "manifest_rows",
    "row_difference",
    "duplicate_keys",
    "duplicate_examples",
    "rejected_rows",
    "rejected_excess",
    "usual_rows",
    "volume_ratio",
)

_LABEL = "resource || ' of ' || tenant || ', commit ' || commit_seq"
_LOAD = "loads"


def all_rules(load: NewLoad, declared: Sequence[RowRule]) -> tuple[RowRule, ...]:
    """The rules on a row of this resource: its key, its declared dates, and its own."""
    return (key_present(load.key), *plausible_dates(load.columns), *declared)


def loads_suite(resources: Sequence[str], loads: int) -> Suite:
    """What every load owes, whatever it holds, over the batches that `describe_loads` prepared.

    `resources` are named ``<source>.<resource>``; `loads` is how many new loads there are.
    """
    described = " union all by name ".join(
        f"select {', '.join(_OF_EVERY_LOAD)} from gate_work.{name(resource)}"
        for resource in resources
    )
    return Suite(
        name="raw.loads",
        query=described or f"select {', '.join(f'0 as {c}' for c in _OF_EVERY_LOAD)} where false",
        grain=_LOAD,
        label=_LABEL,
        checks=(
            Check(
                name="columns_as_declared",
                expectation="ExpectColumnValuesToBeNull",
                arguments={"column": "column_faults"},
                fault="column_faults is not null",
                why="A column that is missing or has another type would stop or falsify staging.",
                owner=OWNER,
                severity="critical",
                threshold="no difference: the declaration is the contract",
                fix="correct the declaration in ingestion, or extract the resource again",
                label=f"{_LABEL} || ': ' || column_faults",
            ),
            _at_most_zero(
                "rows_as_in_manifest",
                column="row_difference",
                why="A file with fewer or more rows than were committed has been changed since.",
                threshold="no difference: the files are immutable",
                fix="restore the landing folder from the backup",
                label=f"{_LABEL} || ': ' || file_rows || ' of ' || manifest_rows || ' rows'",
                observed="sum(file_rows) || ' of ' || sum(manifest_rows) || ' rows'",
            ),
            _at_most_zero(
                "key_unique",
                column="duplicate_keys",
                why="Two rows with one key in a load: which one is the latest is then an accident.",
                threshold="no duplicate: ingestion keeps the last row of each key",
                fix="replay the load; if it persists, the declared key is not the vendor's key",
                label=f"{_LABEL} || ': ' || duplicate_keys || ' keys: ' || duplicate_examples",
                observed="sum(duplicate_keys) || ' duplicate keys'",
            ),
            _at_most_zero(
                "few_rows_refused",
                column="rejected_excess",
                why="Rows that ingestion could not read are missing from every number.",
                threshold=(
                    f"{MAX_REJECTED_SHARE} of the rows and more than {MAX_REJECTED_ROWS}: "
                    "more is a broken export, not a broken record"
                ),
                fix="read quality.raw_reject, correct the rows or the declaration, replay",
                label=(
                    f"{_LABEL} || ': ' || rejected_rows || ' of ' || (file_rows + rejected_rows) "
                    "|| ' rows refused'"
                ),
                observed="sum(rejected_rows) || ' rows refused at ingestion'",
            ),
            Check(
                name="volume_as_usual",
                expectation="ExpectColumnValuesToBeBetween",
                arguments={
                    "column": "volume_ratio",
                    "min_value": 1 / VOLUME_FACTOR,
                    "max_value": VOLUME_FACTOR,
                },
                fault=f"volume_ratio not between {1 / VOLUME_FACTOR} and {VOLUME_FACTOR}",
                why="Ten times more or fewer rows than usual is often a filter that broke.",
                owner=OWNER,
                severity="warning",
                threshold=(
                    f"within a factor of {VOLUME_FACTOR} of the median of the last loads, once "
                    f"there are {VOLUME_HISTORY} of at least {VOLUME_FLOOR} rows: weekends and "
                    "month ends differ by less"
                ),
                fix="compare with the vendor's own count; if it is right, nothing is to be done",
                label=f"{_LABEL} || ': ' || file_rows || ' rows, usual ' || usual_rows",
            ),
        ),
        input_query=f"select {loads}",
    )


def rows_suite(
    source: str, resource: str, rules: Sequence[RowRule], loads: Sequence[NewLoad]
) -> Suite:
    """What the rows of one resource owe, over the batch that `describe_loads` prepared."""
    return Suite(
        name=f"raw.{source}.{resource}",
        query=f"select * from gate_work.{name(f'{source}.{resource}')}",
        grain=_LOAD,
        label=_LABEL,
        checks=tuple(_few_rows_at_fault(rule) for rule in rules),
        input_query=f"select {len(loads)}",
    )


def freshness_suite(context: GateContext) -> Suite:
    """Whether each resource was loaded in time, as policy's service levels say.

    The age is counted to the build's cut-off, `as_of_at`: no clock is asked.
    """
    values = [
        (
            fresh.source,
            fresh.tenant,
            fresh.resource,
            fresh.last_loaded_at,
            fresh.max_age_hours,
            fresh.failing_since,
            fresh.failure_kind,
            *(
                int(fresh.severity == severity and fresh.verdict in ("late", "never_loaded"))
                for severity in ("critical", "warning")
            ),
        )
        for fresh in context.freshness
    ]
    names = (
        "source", "tenant", "resource", "last_loaded_at", "max_age_hours", "failing_since",
        "failure_kind", "critical_at_fault", "warning_at_fault",
    )  # fmt: skip
    cut_off = literal(context.as_of_at)
    label = f"""
        source || '.' || resource || ' of ' || tenant || ': ' || case
            when last_loaded_at is null then 'never loaded'
            else
                'last loaded ' || strftime(last_loaded_at, '%Y-%m-%d %H:%M') || ' UTC, '
                || date_diff('hour', last_loaded_at, {cut_off}) || ' h before the cut-off'
        end
        || coalesce(', at most ' || max_age_hours || ' h allowed', '')
        || coalesce(
            ', ' || failure_kind || ' since ' || strftime(failing_since, '%Y-%m-%d %H:%M'), ''
        )
    """
    return Suite(
        name="raw.freshness",
        query=f"""
            select * replace (
                cast(last_loaded_at as timestamp) as last_loaded_at,
                cast(failing_since as timestamp) as failing_since
            )
            from {rows(names, values)}
        """,
        grain="resources",
        label=label,
        checks=tuple(
            _at_most_zero(
                check_name,
                column=f"{severity}_at_fault",
                why="Numbers of a source that stopped delivering look like a bad day in business.",
                threshold=f"the {severity} service levels of policy, in hours before the cut-off",
                fix="see what stands in the way: `closebook status`, docs/runbooks/late_source.md",
                label=label,
                severity=severity,
            )
            for severity, check_name in (
                ("critical", "loaded_in_time_or_blocked"),
                ("warning", "loaded_in_time"),
            )
        ),
        input_query=f"select {len(values)}",
    )


def describe_loads(
    connection: duckdb.DuckDBPyConnection,
    source: str,
    resource: str,
    rules: Sequence[RowRule],
    loads: Sequence[NewLoad],
    as_of: date,
) -> None:
    """Prepares the batch of one resource, ``gate_work."<source>.<resource>"``, and quarantines.

    Rows at fault go to `quality.raw_quarantine`, rows that ingestion refused to
    `quality.raw_reject`. The rows of loads whose columns are not as declared are not read.
    """
    connection.execute(
        f"create or replace table gate_work.new_load as select * from {_constants(loads)}"
    )
    connection.execute(f"create or replace table gate_work.column_fault as {_column_faults(loads)}")
    unsound = {
        load_id
        for (load_id,) in connection.execute(
            "select load_id from gate_work.column_fault"
        ).fetchall()
    }
    sound = [load for load in loads if load.load_id not in unsound and load.files]
    if sound:
        connection.execute(_quarantine(source, resource, rules, sound, as_of))
    connection.execute(
        f"""
        create or replace table gate_work.row_count as
        {_row_counts(sound) if sound else _NO_ROW_COUNTS}
        """
    )
    _keep_rejects(connection, source, resource, loads)
    connection.execute(_profile(source, resource, rules))


def heal(connection: duckdb.DuckDBPyConnection, loads: Sequence[NewLoad]) -> None:
    """Marks quarantined rows whose record has arrived again, without a fault, in `loads`.

    `loads` are the accepted ones of one resource.
    """
    files = [path for load in loads for path in load.files]
    if not files:
        return
    first = loads[0]
    waiting = connection.execute(
        """
        select count(*) from quality.raw_quarantine
        where source_system = ? and resource = ? and record_id is not null
        """,
        [first.source, first.resource],
    ).fetchone()
    if not waiting or not waiting[0]:
        return
    connection.execute(
        f"""
        update quality.raw_quarantine as faulty
        set healed_at = least(coalesce(faulty.healed_at, arrived.recorded_at), arrived.recorded_at)
        from (
            select
                landed.tenant, landed.record_id, landed.commit_seq,
                min(landed.recorded_at) as recorded_at
            from (
                select
                    loads.tenant, loads.commit_seq, data._load_id as load_id,
                    data._row_number as row_number, {_record_id(first.key)} as record_id,
                    data._recorded_at as recorded_at
                from {_read(files)} as data
                inner join {_constants(loads)} as loads on data._load_id = loads.load_id
            ) as landed
            where not exists (
                select 1 from quality.raw_quarantine as refused
                where refused.load_id = landed.load_id and refused.row_number = landed.row_number
            )
            group by all
        ) as arrived
        where
            faulty.source_system = {literal(first.source)}
            and faulty.resource = {literal(first.resource)}
            and faulty.tenant = arrived.tenant
            and faulty.record_id = arrived.record_id
            and faulty.commit_seq < arrived.commit_seq
        """
    )


def forget(connection: duckdb.DuckDBPyConnection, loads: Sequence[NewLoad]) -> None:
    """Removes what an earlier judgement of these loads left behind."""
    ids = array(load.load_id for load in loads)
    for table in ("raw_quarantine", "raw_reject"):
        connection.execute(f"delete from quality.{table} where list_contains({ids}, load_id)")


def _at_most_zero(
    check_name: str,
    *,
    column: str,
    why: str,
    threshold: str,
    fix: str,
    label: str,
    observed: str = "",
    owner: str = OWNER,
    severity: str = "critical",
) -> Check:
    return Check(
        name=check_name,
        expectation="ExpectColumnValuesToBeBetween",
        arguments={"column": column, "max_value": 0},
        fault=f"{name(column)} > 0",
        why=why,
        owner=owner,
        severity="warning" if severity == "warning" else "critical",
        threshold=threshold,
        fix=fix,
        label=label,
        observed=observed,
    )


def _few_rows_at_fault(rule: RowRule) -> Check:
    at_fault, examples = name(f"{rule.name}.rows"), name(f"{rule.name}.examples")
    return _at_most_zero(
        rule.name,
        column=f"{rule.name}.excess",
        why=rule.why,
        threshold=f"{rule.max_share} of the rows and more than {rule.max_rows}: {rule.reason}",
        fix=rule.fix,
        label=(
            f"{_LABEL} || ': {rule.field} of ' || {at_fault} || ' of ' || file_rows "
            f"|| ' rows, first ' || {examples}"
        ),
        observed=f"sum({at_fault}) || ' of ' || sum(file_rows) || ' rows quarantined'",
        owner=rule.owner,
        severity=rule.severity,
    )


def _constants(loads: Sequence[NewLoad]) -> str:
    return rows(
        (
            "commit_seq",
            "load_id",
            "tenant",
            "recorded_at",
            "manifest_rows",
            "rejected_rows",
            "usual_rows",
        ),
        [
            (
                load.commit_seq,
                load.load_id,
                load.tenant,
                load.recorded_at,
                load.rows,
                load.rejected_rows,
                _usual_rows(load),
            )
            for load in loads
        ],
    )


def _usual_rows(load: NewLoad) -> int | None:
    """The median of the last loads; None when nothing can be said."""
    if load.is_backfill or len(load.previous_rows) < VOLUME_HISTORY:
        return None
    usual = int(median(load.previous_rows))
    return usual if usual >= VOLUME_FLOOR else None


def _read(files: Sequence[object]) -> str:
    return f"read_parquet({array(str(path) for path in files)}, union_by_name = true)"


def _column_faults(loads: Sequence[NewLoad]) -> str:
    """(load_id, column_faults) of each load with a file that has other columns than declared."""
    files = rows(
        ("load_id", "path"), [(load.load_id, str(path)) for load in loads for path in load.files]
    )
    columns = rows(
        ("load_id", "name", "type"),
        [
            (load.load_id, column, _PARQUET_TYPES[kind])
            for load in loads
            for column, kind in load.columns
        ],
    )
    paths = [str(path) for load in loads for path in load.files]
    if not paths:
        return "select null as load_id, null as column_faults where false"
    return f"""
        with file as (select * from {files}),
        declared as (
            select file.path, columns.name, columns.type
            from file inner join {columns} as columns on file.load_id = columns.load_id
        ),
        actual as (
            select file_name as path, name, duckdb_type as type
            from parquet_schema({array(paths)})
            where duckdb_type is not null and not starts_with(name, '_')
        ),
        fault as (
            select
                coalesce(declared.path, actual.path) as path,
                coalesce(declared.name, actual.name) as name,
                case
                    when actual.name is null then declared.name || ' is missing'
                    when declared.name is null then actual.name || ' is not declared'
                    else declared.name || ' is ' || actual.type || ', declared ' || declared.type
                end as what
            from declared full join actual
                on declared.path = actual.path and declared.name = actual.name
            where declared.type is distinct from actual.type
        )
        select file.load_id, string_agg(distinct fault.what, '; ' order by fault.what)
            as column_faults
        from fault inner join file on fault.path = file.path
        group by file.load_id
    """


def _record_id(key: Sequence[str]) -> str:
    """The key of a row as text; null when a part of it is missing."""
    parts = [f"nullif(trim(cast(data.{name(part)} as varchar)), '')" for part in key]
    return " || '|' || ".join(parts)


def _quarantine(
    source: str, resource: str, rules: Sequence[RowRule], loads: Sequence[NewLoad], as_of: date
) -> str:
    """Writes one row per landed row and rule that it breaks. A row is read once for all rules."""
    latest = date(as_of.year + 10, as_of.month, min(as_of.day, 28)).isoformat()
    faults = [f"coalesce({rule.fault.format(latest=latest)}, false)" for rule in rules]
    entries = [
        f"""case when {fault} then struct_pack(
            rule_id := {literal(f"{source}.{resource}.{rule.name}")},
            field := {literal(rule.field)},
            value := {_shown(rule, resource)},
            why := {literal(rule.why)}, fix := {literal(rule.fix)}, owner := {literal(rule.owner)}
        ) end"""
        for rule, fault in zip(rules, faults, strict=True)
    ]
    return f"""
        insert into quality.raw_quarantine
        with broken as (
            select
                data._load_id as load_id, data._row_number as row_number,
                data._recorded_at as recorded_at, {_record_id(loads[0].key)} as record_id,
                unnest([{", ".join(entries)}]) as fault
            from {_read([path for load in loads for path in load.files])} as data
            where {" or ".join(f"({fault})" for fault in faults)}
        )
        select
            broken.load_id, broken.row_number, {literal(source)}, loads.tenant, {literal(resource)},
            broken.fault.rule_id, broken.fault.field, broken.fault.value, broken.fault.why,
            broken.fault.fix, broken.fault.owner, loads.commit_seq, broken.record_id,
            broken.recorded_at, null
        from broken
        inner join gate_work.new_load as loads on broken.load_id = loads.load_id
        where broken.fault is not null
    """


def _shown(rule: RowRule, resource: str) -> str:
    if resource in PAY:
        return literal(WITHHELD)
    fields = [f"cast(data.{name(field)} as varchar)" for field in rule.field.split(", ")]
    return f"concat_ws(', ', {', '.join(fields)})"


_NO_ROW_COUNTS = """
    select null as load_id, 0 as file_rows, 0 as duplicate_keys, null as duplicate_examples
    where false
"""


def _row_counts(loads: Sequence[NewLoad]) -> str:
    """(load_id, file_rows, duplicate_keys, duplicate_examples); rows without a key are no twins."""
    return f"""
        with keyed as (
            select _load_id as load_id, {_record_id(loads[0].key)} as record_id,
                count(*) as copies
            from {_read([path for load in loads for path in load.files])} as data
            group by all
        )
        select
            load_id,
            cast(sum(copies) as bigint) as file_rows,
            count(*) filter (where copies > 1 and record_id is not null) as duplicate_keys,
            array_to_string(
                (list(record_id order by record_id)
                    filter (where copies > 1 and record_id is not null))[1:3], ', '
            ) as duplicate_examples
        from keyed
        group by load_id
    """


def _keep_rejects(
    connection: duckdb.DuckDBPyConnection, source: str, resource: str, loads: Sequence[NewLoad]
) -> None:
    value = literal(WITHHELD) if resource in PAY else "value"
    for load in loads:
        if load.rejects:
            connection.execute(
                f"""
                insert into quality.raw_reject
                select
                    {literal(load.load_id)}, {load.commit_seq}, {literal(source)},
                    {literal(load.tenant)}, {literal(resource)}, page, row_number, field, {value},
                    why, fix, {literal(load.recorded_at)}
                from {_read(load.rejects)}
                """
            )


def _profile(source: str, resource: str, rules: Sequence[RowRule]) -> str:
    """One row per load: what the checks of `suite` look at."""
    columns = []
    for rule in rules:
        mine = f"filter (where fault.rule_id = {literal(f'{source}.{resource}.{rule.name}')})"
        allowed = f"greatest(floor({rule.max_share} * max(file_rows)), {rule.max_rows})"
        columns.append(f"count(fault.rule_id) {mine} as {name(f'{rule.name}.rows')}")
        columns.append(
            f"cast(greatest(count(fault.rule_id) {mine} - {allowed}, 0) as bigint) "
            f"as {name(f'{rule.name}.excess')}"
        )
        columns.append(
            "array_to_string((list(coalesce(fault.record_id, 'row ' || fault.row_number) "
            f"order by fault.row_number) {mine})[1:3], ', ') as {name(f'{rule.name}.examples')}"
        )
    return f"""
        create or replace table gate_work.{name(f"{source}.{resource}")} as
        with load as (
            select
                new_load.*, {literal(f"{source}.{resource}")} as resource,
                column_fault.column_faults,
                coalesce(row_count.file_rows, 0) as file_rows,
                coalesce(row_count.duplicate_keys, 0) as duplicate_keys,
                row_count.duplicate_examples
            from gate_work.new_load as new_load
            left join gate_work.column_fault as column_fault
                on new_load.load_id = column_fault.load_id
            left join gate_work.row_count as row_count on new_load.load_id = row_count.load_id
        )
        select
            load.*,
            case
                when load.column_faults is null then abs(load.file_rows - load.manifest_rows)
                else 0
            end as row_difference,
            cast(greatest(
                load.rejected_rows - greatest(
                    floor({MAX_REJECTED_SHARE} * (load.manifest_rows + load.rejected_rows)),
                    {MAX_REJECTED_ROWS}
                ), 0
            ) as bigint) as rejected_excess,
            load.manifest_rows / load.usual_rows as volume_ratio,
            {", ".join(columns)}
        from load
        left join quality.raw_quarantine as fault on load.load_id = fault.load_id
        group by all
    """
