"""The records of a file -> an entity's rows: SQL that casts text and says what is wrong with it."""

# ruff: noqa: S608  names are declared in code and quoted, values are bound or quoted literals

from __future__ import annotations

import csv
import json
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import duckdb

from ingestion.connections import nearest
from ingestion.entities import ENTITIES
from ingestion.errors import ConfigurationError
from ingestion.files.formats import open_records
from ingestion.files.mapping import Condition, EntityMapping, FileMapping, SourceId, Value
from ingestion.files.template import example_rows
from ingestion.resource import ColumnType
from ingestion.typed import SQL_TYPES, count_of, literal, name_of

_DATE = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
_OFFSET = "(Z|[+-][0-9]{2}:?[0-9]{2})"
_TIMES = ("H", "-H", "I", "-I", "c", "X")
"""The strptime codes of an hour: a format without any is of a date alone."""
_IN_WORDS: dict[ColumnType, str] = {
    "bigint": "a whole number",
    "int": "a whole number",
    "boolean": "a yes or no",
    "date": "a date",
    "timestamp": "a date or time",
    "decimal(18,2)": "a number with at most two decimals",
    "decimal(18,6)": "a number with at most six decimals",
}
"""The types that a text may fail to be, in words: who reads them made a file, not a database."""
_EXAMPLE = datetime.fromisoformat("2026-06-30 14:05:00")
"""A day and a time that no format can be misread in."""
_DELIMITERS = {";": ";", ",": ",", "\t": "\\t", "|": "|"}
"""Delimiters that files have, as YAML spells them."""

_TOTAL = "((grand |sub-?)?totals?|sum|合计|总计|小计|共计):?"
"""What a cell of a row of totals says, in lower case."""


def load_raw(
    db: duckdb.DuckDBPyConnection, path: Path, file: FileMapping, scratch: Path
) -> tuple[list[str], tuple[str, ...]]:
    """Creates `raw` (row, _content, columns as text) and `broken` (row, field, value, why, fix).

    `row` is the row of a spreadsheet, and counts records from 1 after the header elsewhere;
    `_content` fingerprints one. Values are trimmed, empty ones are null; blank rows, rows of
    totals and the example rows of a template are left out. Returns the header and what the
    report should tell. Raises ConfigurationError when the file cannot be read or lacks a mapped
    column.
    """
    records = open_records(db, path, file, scratch)
    _check_columns(path, records.header, file)
    offset = records.first_row - 1
    trimmed = [f"nullif(trim({name_of(name)}), '')" for name in records.header]
    named = ", ".join(
        f"{value} AS {name_of(name)}" for value, name in zip(trimmed, records.header, strict=True)
    )
    db.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE raw AS
        SELECT
            _rank + {offset} AS row, {named},
            md5(to_json([{", ".join(trimmed)}])::VARCHAR) AS _content
        FROM {records.sql}
        """
    )
    db.execute(
        "CREATE OR REPLACE TEMP TABLE broken "
        "(row BIGINT, field VARCHAR, value VARCHAR, why VARCHAR, fix VARCHAR)"
    )
    if records.broken:
        db.executemany(
            "INSERT INTO broken VALUES (?, ?, ?, ?, ?)",
            [(rank + offset, *rest) for rank, *rest in records.broken],
        )
    left_out = [
        _leave_out_blank(db, records.header),
        _leave_out_examples(db, records.header, file),
        _leave_out_totals(db, records.header, file),
    ]
    return records.header, (*records.notes, *filter(None, left_out))


def _leave_out_blank(db: duckdb.DuckDBPyConnection, header: list[str]) -> str:
    blank = f"coalesce({', '.join(map(name_of, header))}) IS NULL"
    count = count_of(db, f"SELECT count(*) FROM raw WHERE {blank}")
    db.execute(f"DELETE FROM raw WHERE {blank}")
    return f"{count:,} blank rows left out" if count else ""


def _leave_out_examples(db: duckdb.DuckDBPyConnection, header: list[str], file: FileMapping) -> str:
    """A template's example row that was not written over: all its columns are there, unchanged."""
    examples = [
        " AND ".join(
            f"coalesce(lower({name_of(column)}), '') IN "
            f"({', '.join(literal(text.replace('.', file.decimal)) for text in sorted(texts))})"
            for column, texts in example.items()
        )
        for entity in {item.entity for item in file.entities}
        for example in example_rows(ENTITIES[entity])
        if example.keys() <= set(header)
    ]
    if not examples:
        return ""
    found = " OR ".join(f"({example})" for example in examples)
    count = count_of(db, f"SELECT count(*) FROM raw WHERE {found}")
    db.execute(f"DELETE FROM raw WHERE {found}")
    return f"{count} example row{'s' if count > 1 else ''} left out" if count else ""


def _leave_out_totals(db: duckdb.DuckDBPyConnection, header: list[str], file: FileMapping) -> str:
    """A row of totals says so in a cell, and has no id beside it.

    Where ids are generated, the first value of the row has to be the one that says so.
    """
    first = f"coalesce({', '.join(map(name_of, header))})"
    conditions = []
    for entity in file.entities:
        if entity.source_id.generated:
            conditions.append(_says_total(first))
            continue
        ids = [name_of(column) for column in entity.source_id.columns]
        conditions.append(
            f"({' OR '.join(f'{column} IS NULL OR {_says_total(column)}' for column in ids)})"
        )
    anywhere = " OR ".join(_says_total(name_of(name)) for name in header)
    total = f"coalesce(({anywhere}) AND {' AND '.join(conditions)}, false)"
    rows = [
        row for (row,) in db.execute(f"SELECT row FROM raw WHERE {total} ORDER BY 1").fetchall()
    ]
    db.execute(f"DELETE FROM raw WHERE {total}")
    if not rows:
        return ""
    shown = ", ".join(map(str, rows[:3])) + (", ..." if len(rows) > 3 else "")
    if len(rows) == 1:
        return f"1 row of totals left out (row {shown})"
    return f"{len(rows)} rows of totals left out (rows {shown})"


def _says_total(value: str) -> str:
    return f"coalesce(regexp_full_match(lower({value}), {literal(_TOTAL)}), false)"


def _check_columns(path: Path, header: list[str], file: FileMapping) -> None:
    for entity in file.entities:
        for column in sorted(entity.columns()):
            if column not in header:
                raise ConfigurationError(
                    f"{path}: the mapping of {entity.entity} names column {column!r}, which the "
                    f"file does not have{_hint(column, header, file)}"
                )


def _hint(column: str, header: list[str], file: FileMapping) -> str:
    """How to repair a missing column: another delimiter that would find it, or a near name."""
    for delimiter, spelt in _DELIMITERS.items():
        if delimiter != file.delimiter and len(header) == 1:
            other = next(csv.reader(header, delimiter=delimiter), [])
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
            why, fix = _why_and_fix(field, kind, text, value, file, timezone)
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
        {_kept(entity, file, timezone)}
        """


def _kept(entity: EntityMapping, file: FileMapping, timezone: str) -> str:
    """SQL that keeps one row of each id; a row whose time cannot be read comes last."""
    if entity.keep is None:
        return ""
    which, column = entity.keep
    time = _timestamp(name_of(column), Value(column=column), file, timezone)
    key, order = _id(entity.source_id), "ASC" if which == "first" else "DESC"
    return (
        f"QUALIFY ({key}) IS NULL OR row_number() OVER "
        f"(PARTITION BY {key} ORDER BY {time} {order} NULLS LAST, row {order}) = 1"
    )


def _why_and_fix(
    field: str, kind: ColumnType, text: str, value: Value, file: FileMapping, timezone: str
) -> tuple[str, str]:
    """SQL for why a value cannot be read as its type, and for what to do about it."""
    shapes = _shapes(kind, value, file)
    why = literal(f"not {_IN_WORDS[kind]} as the mapping reads it")
    fix = literal(_expected(kind, shapes, file))
    if kind in ("date", "timestamp") and len(shapes) > 1:
        readings = _readings(text, shapes)
        several = f"len({readings}) > 1"
        both = (
            f"'reads as ' || strftime(({readings})[1], '%Y-%m-%d') || ' and as ' "
            f"|| strftime(({readings})[2], '%Y-%m-%d')"
        )
        why = f"CASE WHEN {several} THEN {both} ELSE {why} END"
        fix = f"CASE WHEN {several} THEN 'write it as in 2026-06-30' ELSE {fix} END"
    if kind == "timestamp" and file.date_format and not (value.formats or value.constant):
        formats = [*file.time_format, *file.date_format]
        spelt = json.dumps(formats[0] if len(formats) == 1 else formats)
        other_key = (
            f"`{field}` holds a time, so `date_format` is not used for it: "
            f"set `time_format: {spelt}` for the file"
        )
        fits = f"({_only_reading(text, file.date_format)}) IS NOT NULL"
        fix = f"CASE WHEN {fits} THEN {literal(other_key)} ELSE {fix} END"
    if kind == "timestamp":
        # It reads well and still is no instant: the clocks went forward over it.
        skipped = f"({_local(text, value, file)}) IS NOT NULL"
        never = f"this time does not exist in {timezone}: the clocks go forward over it"
        repair = "write the time that was meant" + (
            "" if shapes else ", or give it its offset, as in +02:00"
        )
        return (
            f"CASE WHEN {skipped} THEN {literal(never)} ELSE {why} END",
            f"CASE WHEN {skipped} THEN {literal(repair)} ELSE {fix} END",
        )
    if kind in ("date", "boolean", "string", "json"):
        return why, fix
    other = replace(file, decimal="," if file.decimal == "." else ".")
    readable = f"({_number(kind, text, other)}) IS NOT NULL"
    repair = f', or set `decimal: "{other.decimal}"` for the file in the mapping'
    return why, f"{fix} || CASE WHEN {readable} THEN {literal(repair)} ELSE '' END"


def _shapes(kind: ColumnType, value: Value, file: FileMapping) -> tuple[str, ...]:
    """The formats that a date or time may have; none: ISO 8601."""
    if value.constant:
        return ()
    return value.formats or {"date": file.date_format, "timestamp": file.time_format}.get(kind, ())


def _readings(text: str, shapes: tuple[str, ...]) -> str:
    """SQL for the list of different instants that a text may be, by the formats; ISO always is.

    A year of two digits read as one of four is no reading.
    """
    iso = f"CASE WHEN regexp_matches({text}, '^{_DATE}') THEN try_cast({text} AS TIMESTAMP) END"
    tried = [f"CAST(try_strptime({text}, {literal(shape)}) AS TIMESTAMP)" for shape in shapes]
    return (
        f"list_sort(list_distinct(list_filter([{', '.join([*tried, iso])}], "
        "lambda reading: year(reading) >= 1000)))"
    )


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
            shapes = _shapes(kind, value, file)
            if shapes:
                return f"CAST({_only_reading(text, shapes)} AS DATE)"
            return (
                f"CASE WHEN regexp_full_match({text}, '{_DATE}') THEN try_cast({text} AS DATE) END"
            )
        case "timestamp":
            return _timestamp(text, value, file, timezone)
        case _:
            return _number(kind, text, file)


def _only_reading(text: str, shapes: tuple[str, ...]) -> str:
    """SQL for what a text reads as; null when it is nothing, or more than one thing."""
    readings = _readings(text, shapes)
    return f"CASE WHEN len({readings}) = 1 THEN ({readings})[1] END"


def _timestamp(text: str, value: Value, file: FileMapping, timezone: str) -> str:
    """SQL for a UTC timestamp: with an offset as it says, without one in the mapping's zone.

    A local time that the clocks skip is null; a date alone is the first instant of its day.
    """
    zone, shapes = literal(timezone), _shapes("timestamp", value, file)
    if _has_offset(shapes):
        return _only_reading(text, shapes)
    local = _local(text, value, file)
    instant = f"({local}) AT TIME ZONE {zone}"
    # Of several formats some may be of a date alone: what reads as midnight is one.
    if any(f"%{code}" in shape for code in _TIMES for shape in shapes):
        has_time = f"CAST(({local}) AS TIME) <> TIME '00:00:00'" if len(shapes) > 1 else "true"
    else:
        has_time = "false" if shapes else f"length({text}) > 10"
    here = (
        f"CASE WHEN {instant} AT TIME ZONE {zone} = ({local}) OR NOT ({has_time}) "
        f"THEN {instant} AT TIME ZONE 'UTC' END"
    )
    if shapes:
        return here
    return (
        f"CASE WHEN regexp_full_match({text}, '{_DATE}[T ][0-9:.]+ ?{_OFFSET}') "
        f"THEN try_cast({text} AS TIMESTAMPTZ) AT TIME ZONE 'UTC' ELSE {here} END"
    )


def _local(text: str, value: Value, file: FileMapping) -> str:
    """SQL for a time without an offset as it stands, of no zone; null when it has one."""
    shapes = _shapes("timestamp", value, file)
    if _has_offset(shapes):
        return "NULL"
    if shapes:
        return _only_reading(text, shapes)
    return (
        f"CASE WHEN regexp_full_match({text}, '{_DATE}([T ][0-9:.]+)?') "
        f"THEN try_cast({text} AS TIMESTAMP) END"
    )


def _has_offset(shapes: tuple[str, ...]) -> bool:
    return any("%z" in shape for shape in shapes)


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


def _expected(kind: ColumnType, shapes: tuple[str, ...], file: FileMapping) -> str:
    match kind:
        case "date" | "timestamp":
            iso = "%Y-%m-%d" if kind == "date" else "%Y-%m-%d %H:%M"
            form = " or ".join(_EXAMPLE.strftime(shape) for shape in shapes or (iso,))
            return f"write it as in {form}, or set the format in the mapping"
        case "boolean":
            return "write true or false, or map the value under values"
        case "int" | "bigint":
            return "write it as in 30"
        case _:
            digits = 18 - (2 if kind == "decimal(18,2)" else 6)
            return (
                f"write it as in 1234{file.decimal}50, with at most {digits} digits before the "
                "decimals"
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
