"""One delimited file -> an entity's rows: SQL that casts text and says what is wrong with it."""

# ruff: noqa: S608  names are declared in code and quoted, values are bound or quoted literals

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import duckdb

from ingestion.connections import nearest
from ingestion.entities import ENTITIES
from ingestion.errors import ConfigurationError
from ingestion.files.mapping import Condition, EntityMapping, FileMapping, SourceId, Value
from ingestion.resource import ColumnType
from ingestion.typed import SQL_TYPES, literal, name_of

_DATE = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
_OFFSET = "(Z|[+-][0-9]{2}:?[0-9]{2})"
_TIMES = ("H", "-H", "I", "-I", "c", "X")
"""The strptime codes of an hour: a format without any is of a date alone."""
_DELIMITERS = {";": ";", ",": ",", "\t": "\\t", "|": "|"}
"""Delimiters that files have, as YAML spells them."""


def load_raw(
    db: duckdb.DuckDBPyConnection, path: Path, file: FileMapping, scratch: Path
) -> list[str]:
    """Creates `raw` (row, _content, columns as text) and `broken` (row, field, value, why, fix).

    `row` counts records from 1 after the header, `_content` fingerprints one. Values are trimmed,
    empty ones are null. Returns the header. Raises ConfigurationError when the file cannot be
    decoded, has no header or lacks a mapped column.
    """
    encoding = "utf-8-sig" if file.encoding.lower().replace("_", "-") == "utf-8" else file.encoding
    try:
        text = path.read_bytes().decode(encoding)
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        raise ConfigurationError(
            f"{path}: line {line} is not {file.encoding} ({error.reason}); set the file's encoding "
            "in the mapping"
        ) from None
    first, _, rest = text.partition("\n")
    header = _header(path, first.rstrip("\r"), file)
    # The decoded copy, without its header: DuckDB then reads UTF-8 only, and guesses nothing.
    copy = scratch / "file.csv"
    copy.write_text(rest, encoding="utf-8", newline="")
    columns = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in header)
    trimmed = [f"nullif(trim({name_of(name)}), '')" for name in header]
    named = ", ".join(
        f"{value} AS {name_of(name)}" for value, name in zip(trimmed, header, strict=True)
    )
    db.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE good AS
        SELECT
            {named}, md5(to_json([{", ".join(trimmed)}])::VARCHAR) AS _content,
            row_number() OVER () AS _rank
        FROM read_csv(
            {literal(str(copy))}, columns = {{{columns}}}, auto_detect = false, header = false,
            delim = {literal(file.delimiter)}, quote = '"', escape = '"', store_rejects = true,
            rejects_table = 'refused', rejects_scan = 'refused_scan'
        )
        """
    )
    # A broken record is missing from `good`: count it where it stood. Its line is its record as
    # long as no value before it spans lines.
    db.execute(
        """
        CREATE OR REPLACE TEMP TABLE broken AS
        SELECT
            line::BIGINT AS row, '' AS field, left(min(csv_line), 200) AS value,
            min(CASE
                WHEN error_type = 'TOO MANY COLUMNS' THEN 'the row has more values than the header'
                WHEN error_type = 'MISSING COLUMNS' THEN 'the row has fewer values than the header'
                ELSE 'the row is not well-formed: ' || lower(error_type)
            END) AS why,
            'write one value per column, with quotes around values that hold the delimiter' AS fix
        FROM refused GROUP BY line
        """
    )
    db.execute(
        """
        CREATE OR REPLACE TEMP TABLE raw AS
        WITH place AS (SELECT row - row_number() OVER (ORDER BY row) AS before FROM broken)
        SELECT
            _rank + (SELECT count(*) FROM place WHERE before < _rank) AS row, * EXCLUDE (_rank)
        FROM good
        """
    )
    db.execute("DROP TABLE refused; DROP TABLE refused_scan")
    return header


def _header(path: Path, line: str, file: FileMapping) -> list[str]:
    header = [name.strip() for name in next(csv.reader([line], delimiter=file.delimiter), [])]
    if not any(header):
        raise ConfigurationError(f"{path}: the first line must name the columns; it is empty")
    repeated = sorted({name for name in header if header.count(name) > 1})
    if repeated or "" in header:
        raise ConfigurationError(
            f"{path}: every column needs a name of its own; {repeated or 'one is empty'}"
        )
    for entity in file.entities:
        for column in sorted(entity.columns()):
            if column not in header:
                raise ConfigurationError(
                    f"{path}: the mapping of {entity.entity} names column {column!r}, which the "
                    f"file does not have{_hint(column, line, header, file)}"
                )
    return header


def _hint(column: str, line: str, header: list[str], file: FileMapping) -> str:
    """How to repair a missing column: another delimiter that would find it, or a near name."""
    for delimiter, spelt in _DELIMITERS.items():
        if delimiter != file.delimiter:
            other = next(csv.reader([line], delimiter=delimiter), [])
            if column in (name.strip() for name in other):
                return f'; set `delimiter: "{spelt}"` for the file in the mapping'
    return nearest(column, set(header))


def entity_rows(entity: EntityMapping, file: FileMapping, timezone: str, spec: int) -> str:
    """SELECT over `raw`: row, spec, source_id, all fields, effective_at, faults.

    Fields that the mapping does not name are null. `faults` lists field, value, why, fix.
    """
    given = dict(entity.fields)
    fields = {field.name: field.type for field in ENTITIES[entity.entity].fields}
    fields["effective_at"] = "timestamp"
    values, faults = [], [_id_fault(entity.source_id)]
    for field, kind in fields.items():
        if field not in given:
            values.append(f"CAST(NULL AS {SQL_TYPES[kind]}) AS {name_of(field)}")
            continue
        value = given[field]
        text = _text(value)
        cast = _cast(kind, text, value, file, timezone)
        values.append(f"{cast} AS {name_of(field)}")
        if kind != "string":
            why, fix = _why_and_fix(kind, text, value, file, timezone)
            faults.append(
                f"CASE WHEN {text} IS NOT NULL AND ({cast}) IS NULL THEN struct_pack("
                f"field := {literal(value.column or field)}, value := left({text}, 200), "
                f"why := {why}, fix := {fix}) END"
            )
    return f"""
        SELECT
            row, {spec} AS spec, {_id(entity.source_id)} AS source_id, {", ".join(values)},
            list_filter([{", ".join(faults)}], lambda fault: fault IS NOT NULL) AS faults
        FROM raw WHERE {" AND ".join(map(_holds, entity.where)) or "true"}
        """


def _why_and_fix(
    kind: ColumnType, text: str, value: Value, file: FileMapping, timezone: str
) -> tuple[str, str]:
    """SQL for why a value cannot be read as its type, and for what to do about it."""
    shape = value.format or {"date": file.date_format, "timestamp": file.time_format}.get(kind, "")
    why, fix = f"not a {kind} as the mapping reads it", _expected(kind, shape, file)
    if kind in ("date", "boolean", "string", "json"):
        return literal(why), literal(fix)
    if kind == "timestamp":
        # It reads well and still is no instant: the clocks went forward over it.
        skipped = f"({_local(text, value, file)}) IS NOT NULL"
        never = f"this time does not exist in {timezone}: the clocks go forward over it"
        repair = "write the time that was meant" + (
            "" if shape else ", or give it its offset, as in +02:00"
        )
        return (
            f"CASE WHEN {skipped} THEN {literal(never)} ELSE {literal(why)} END",
            f"CASE WHEN {skipped} THEN {literal(repair)} ELSE {literal(fix)} END",
        )
    other = replace(file, decimal="," if file.decimal == "." else ".")
    readable = f"({_number(kind, text, other)}) IS NOT NULL"
    repair = f'{fix}, or set `decimal: "{other.decimal}"` for the file in the mapping'
    return literal(why), f"CASE WHEN {readable} THEN {literal(repair)} ELSE {literal(fix)} END"


def _id(source_id: SourceId) -> str:
    if source_id.generated:
        # The same row has the same id in every delivery; a second equal row of a file another.
        return "_content || '-' || row_number() OVER (PARTITION BY _content ORDER BY row)"
    parts = " || ':' || ".join(name_of(column) for column in source_id.columns)
    return f"{parts} || {literal(source_id.suffix)}" if source_id.suffix else parts


def _id_fault(source_id: SourceId) -> str:
    if source_id.generated:
        return "NULL"
    missing = " OR ".join(f"{name_of(column)} IS NULL" for column in source_id.columns)
    return (
        f"CASE WHEN {missing} THEN struct_pack(field := {literal(', '.join(source_id.columns))}, "
        "value := CAST(NULL AS VARCHAR), why := 'the row has no id', "
        "fix := 'give the row its id') END"
    )


def _text(value: Value) -> str:
    """SQL for a value as text, replacements made."""
    if value.constant:
        return literal(value.constant)
    if value.present:
        return f"CASE WHEN {name_of(value.present)} IS NULL THEN 'false' ELSE 'true' END"
    text = name_of(value.column)
    if not value.values:
        return text
    cases = " ".join(
        f"WHEN {literal(old)} THEN {'NULL' if new is None else literal(new)}"
        for old, new in value.values
    )
    return f"CASE {text} {cases} ELSE {text} END"


def _cast(kind: ColumnType, text: str, value: Value, file: FileMapping, timezone: str) -> str:
    match kind:
        case "string" | "json":
            return text
        case "boolean":
            return (
                f"CASE WHEN lower({text}) IN ('true', 'yes', '1') THEN true "
                f"WHEN lower({text}) IN ('false', 'no', '0') THEN false END"
            )
        case "date":
            shape = value.format or file.date_format
            if shape and not value.constant:
                return f"CAST(try_strptime({text}, {literal(shape)}) AS DATE)"
            return (
                f"CASE WHEN regexp_full_match({text}, '{_DATE}') THEN try_cast({text} AS DATE) END"
            )
        case "timestamp":
            return _timestamp(text, value, file, timezone)
        case _:
            return _number(kind, text, file)


def _timestamp(text: str, value: Value, file: FileMapping, timezone: str) -> str:
    """SQL for a UTC timestamp: with an offset as it says, without one in the mapping's zone.

    A local time that the clocks skip is null; a date alone is the first instant of its day.
    """
    zone, shape = literal(timezone), _time_format(value, file)
    if "%z" in shape:
        return f"CAST(try_strptime({text}, {literal(shape)}) AS TIMESTAMP)"
    local = _local(text, value, file)
    instant = f"({local}) AT TIME ZONE {zone}"
    if shape:
        has_time = "true" if any(f"%{code}" in shape for code in _TIMES) else "false"
    else:
        has_time = f"length({text}) > 10"
    here = (
        f"CASE WHEN {instant} AT TIME ZONE {zone} = ({local}) OR NOT ({has_time}) "
        f"THEN {instant} AT TIME ZONE 'UTC' END"
    )
    if shape:
        return here
    return (
        f"CASE WHEN regexp_full_match({text}, '{_DATE}[T ][0-9:.]+ ?{_OFFSET}') "
        f"THEN try_cast({text} AS TIMESTAMPTZ) AT TIME ZONE 'UTC' ELSE {here} END"
    )


def _local(text: str, value: Value, file: FileMapping) -> str:
    """SQL for a time without an offset as it stands, of no zone; null when it has one."""
    shape = _time_format(value, file)
    if "%z" in shape:
        return "NULL"
    if shape:
        return f"CAST(try_strptime({text}, {literal(shape)}) AS TIMESTAMP)"
    return (
        f"CASE WHEN regexp_full_match({text}, '{_DATE}([T ][0-9:.]+)?') "
        f"THEN try_cast({text} AS TIMESTAMP) END"
    )


def _time_format(value: Value, file: FileMapping) -> str:
    return "" if value.constant else value.format or file.time_format


def _number(kind: ColumnType, text: str, file: FileMapping) -> str:
    """SQL for an exact number: thousands only in proper groups, no digit lost."""
    point, group = (r"\.", ",") if file.decimal == "." else (",", r"\.")
    shape = f"[+-]?([0-9]+|[0-9]{{1,3}}({group}[0-9]{{3}})+)({point}[0-9]+)?"
    plain = f"replace({text}, {literal(group[-1])}, '')"
    if file.decimal == ",":
        plain = f"replace({plain}, ',', '.')"
    exact = f"try_cast({plain} AS DECIMAL(38,16)) = try_cast({plain} AS {SQL_TYPES[kind]})"
    return (
        f"CASE WHEN regexp_full_match({text}, {literal(shape)}) AND {exact} "
        f"THEN try_cast({plain} AS {SQL_TYPES[kind]}) END"
    )


def _expected(kind: ColumnType, shape: str, file: FileMapping) -> str:
    match kind:
        case "date" | "timestamp":
            return f"write it as {shape or 'ISO 8601'}, or set the format in the mapping"
        case "boolean":
            return "write true or false, or map the value under values"
        case _:
            return (
                f"write a {kind} with {file.decimal!r} before the decimals and no more decimals "
                "than that"
            )


def _holds(condition: Condition) -> str:
    column = name_of(condition.column)
    match condition.operator:
        case "present":
            return f"{column} IS NOT NULL"
        case "absent":
            return f"{column} IS NULL"
        case "=":
            return f"{column} = {literal(condition.value)}"
        case _:
            return f"{column} IS DISTINCT FROM {literal(condition.value)}"
