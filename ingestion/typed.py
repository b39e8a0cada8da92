"""Raw pages -> typed Parquet, inside DuckDB.

Every value is read as text beside its JSON type, cast to the declared type, and refused when the
cast fails or would lose something. Refused rows go to ``rejects-00001.parquet`` with row, field,
value, why and fix; the others, the last of each key, to ``part-00000.parquet``.
"""

# ruff: noqa: S608  names are declared in code and quoted, values are bound or quoted literals

from __future__ import annotations

import gzip
import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

import duckdb

from ingestion.connector import Connector
from ingestion.errors import ContractError, FilterIgnoredError
from ingestion.landing import LoadFile, OpenLoad
from ingestion.landing import sha256_of as sha256_of
from ingestion.load_log import RefusedField, modified_text
from ingestion.resource import Column, ColumnType, Resource, keys_of

SQL_TYPES: dict[ColumnType, str] = {
    "string": "VARCHAR",
    "bigint": "BIGINT",
    "int": "INTEGER",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
    "decimal(18,2)": "DECIMAL(18,2)",
    "decimal(18,6)": "DECIMAL(18,6)",
    "json": "VARCHAR",
}

LOAD_COLUMNS: tuple[tuple[str, ColumnType], ...] = (
    ("_load_id", "string"),
    ("_row_number", "bigint"),
    ("_page", "int"),
    ("_recorded_at", "timestamp"),
    ("_is_backfilled", "boolean"),
    ("_tenant", "string"),
)
"""What every landed row says of its load. `_row_number` counts through the whole load, from 1."""

_JSON_TYPES = {
    "VARCHAR": "text",
    "BIGINT": "number",
    "UBIGINT": "number",
    "HUGEINT": "number",
    "DOUBLE": "number",
    "BOOLEAN": "boolean",
    "OBJECT": "object",
    "ARRAY": "list",
}

PART = "part-00000.parquet"
REJECTS = "rejects-00001.parquet"
_VALUE_SHOWN = 200
# So many may be deleted at once anywhere; beyond, half of all there was.
_FEW_GONE = 50

# So much of the pages is typed at a time, in bytes: what it takes in memory is several times that.
_BATCH = 16 * 1024 * 1024
# What DuckDB may hold before it moves to the disk.
_MEMORY = "512MB"

# DuckDB reads a JSON number with a fraction through a double: exact up to 15 digits. Longer ones
# are made strings before it parses the page. A fraction of 16 digits has 8 on one of its sides.
_MAYBE_LONG = re.compile(rb"\.(?:[0-9]{8}|(?<=[0-9]{8}\.))")
_FRACTION = re.compile(rb"[0-9]+\.[0-9]+")
_DIGITS = 15
_STRING_OR_NUMBER = re.compile(rb'"(?:[^"\\]|\\.)*"|-?[0-9]+[0-9.eE+-]*')


@dataclass(frozen=True, slots=True)
class Landed:
    """Typed files in the order of their commits, at least one, and `query`, SQL for their rows.

    The query has the landed columns as they are declared now, and `filename`.
    """

    files: tuple[Path, ...]
    query: str


@dataclass(frozen=True, slots=True)
class Seen:
    """What the rows of a delivery showed of the source; see `ingestion.load_log.LoadFacts`."""

    delivered_rows: int
    first_modified_at: str | None
    last_modified_at: str | None
    filled: dict[str, int]
    unknown_types: dict[str, str]
    refused: tuple[RefusedField, ...]


@dataclass(frozen=True, slots=True)
class Forgotten:
    """A person who must not land: the salted SHA-256 of the key that `column` holds.

    A ``row`` is left out, of a ``cell`` the key alone.
    """

    column: str
    how: Literal["row", "cell"]
    key_sha256: str


@dataclass(frozen=True, slots=True)
class Reading:
    """How pages were read, and what their rows are held against.

    `pages` is the folder that they are in. `since` is what was asked for, None from the start.
    `salt` is used for hashed columns only. `known` is what landed before, in accepted loads: a row
    that is in it as it is here brings nothing and is left out. `overtaken` is that part of it which
    landed while these pages were being read: of a row in both, the newer version counts. `until` is
    the end of a range of the past: what changed then or later is left out, and deletions are not
    looked for. `forgotten` persons are taken out before anything is written.
    """

    pages: Path
    recorded_at: datetime
    is_backfill: bool
    since: str | None
    salt: str
    known: Landed | None
    overtaken: Landed | None = None
    until: str | None = None
    forgotten: tuple[Forgotten, ...] = ()


@dataclass(frozen=True, slots=True)
class Typed:
    """What a load came to.

    `unchanged_rows` were delivered again as they had landed before and are not in `part`, nor are
    the `overtaken_rows` of which something newer landed meanwhile and the `beyond_rows` that
    changed after the range asked for. `newest` is the highest cursor value seen, as cursor text.
    `seen` is what the delivery showed. `forgotten_pages` hold the `forgotten_rows` and must go.
    """

    part: LoadFile
    unchanged_rows: int
    overtaken_rows: int
    beyond_rows: int
    forgotten_rows: int
    forgotten_pages: tuple[str, ...]
    rejects: tuple[LoadFile, ...]
    rejected_rows: int
    unknown_columns: tuple[str, ...]
    newest: str | None
    seen: Seen


def landed_columns(resource: Resource) -> tuple[tuple[str, ColumnType], ...]:
    """Name and type of the columns of a resource's Parquet, in order; dropped ones are absent."""
    declared: tuple[tuple[str, ColumnType], ...] = tuple(
        (column.name, "string" if column.personal == "hash" else column.type)
        for column in resource.columns
        if column.personal != "drop"
    )
    return declared + LOAD_COLUMNS


def schema_version(columns: tuple[tuple[str, ColumnType], ...]) -> str:
    """A short fingerprint of the columns and types that a Parquet file was written with."""
    return hashlib.sha256(repr(columns).encode()).hexdigest()[:12]


def connect() -> duckdb.DuckDBPyConnection:
    """An in-memory DuckDB in UTC that never reaches for an extension over the network."""
    connection = duckdb.connect(
        config={
            "threads": 2,
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        }
    )
    connection.execute("SET TimeZone = 'UTC'")
    return connection


def literal(text: str) -> str:
    """`text` as an SQL string."""
    return "'" + text.replace("'", "''") + "'"


def name_of(column: str) -> str:
    """`column` as a quoted SQL name."""
    return '"' + column.replace('"', '""') + '"'


def write_typed(
    load: OpenLoad, connector: Connector, resource: Resource, reading: Reading
) -> Typed:
    """Types pages and writes the Parquet files into the load's folder.

    Raises FilterIgnoredError for a row older than was asked for, ContractError when no row has a
    key or the pages hold no rows list.
    """
    what = f"{load.source}/{load.tenant}/{resource.name}"
    with TemporaryDirectory(prefix="typing-", dir=load.folder.parent) as spill, connect() as db:
        db.execute(f"SET temp_directory = {literal(spill)}")
        db.execute(f"SET memory_limit = {literal(_MEMORY)}")
        db.execute("SET VARIABLE salt = $salt", {"salt": reading.salt})
        unknown_types = _check_pages(db, connector, resource, reading.pages, what)
        unknown = tuple(sorted(unknown_types))
        _refuse_keyless(db, resource, what)
        if reading.since is not None and resource.cursor is not None and not resource.cursor.opaque:
            _refuse_older(db, resource, reading.since, what)
        forgotten_rows, forgotten_pages = _forget(db, reading, connector.rows_at(resource))
        rejects, rejected_rows = _write_rejects(db, load)
        seen = _seen(db, resource, unknown_types, rejected_rows)
        _collect_part(db, load, resource, reading.recorded_at, reading.is_backfill)
        beyond = _leave_out_beyond(db, resource, reading.until) if reading.until else 0
        if resource.sweep:
            if reading.until is None:
                _read_sweep(db, reading.pages, connector.rows_at(resource), what)
            _flag_gone(db, resource, is_swept=reading.until is None)
        overtaken = _leave_out_overtaken(db, resource, reading)
        unchanged = _leave_out_unchanged(db, resource, reading.known)
        if resource.sweep and reading.known is not None and reading.until is None:
            _land_again(db, load, resource, reading.recorded_at, reading.known, what)
        copy_to(db, "SELECT * FROM part ORDER BY _row_number", load.folder / PART)
        rows = count_of(db, "SELECT count(*) FROM part")
        return Typed(
            part=LoadFile(load.relative(PART), rows, sha256_of(load.folder / PART)),
            unchanged_rows=unchanged,
            overtaken_rows=overtaken,
            beyond_rows=beyond,
            forgotten_rows=forgotten_rows,
            forgotten_pages=forgotten_pages,
            rejects=rejects,
            rejected_rows=rejected_rows,
            unknown_columns=unknown,
            newest=_newest(db, resource),
            seen=seen,
        )


def _check_pages(
    db: duckdb.DuckDBPyConnection,
    connector: Connector,
    resource: Resource,
    folder: Path,
    what: str,
) -> dict[str, str]:
    """Creates `checked`, see `_checked`, from all pages in order.

    Returns the keys that are not declared, and the JSON types of their values.
    """
    rows_at = connector.rows_at(resource)
    known = {keys_of(column.source_path)[0] for column in resource.columns} | connector.envelope
    types: dict[str, set[str]] = defaultdict(set)
    into, rows = "CREATE TEMP TABLE checked AS", 0
    for pages in _batches(folder):
        rows += _read_rows(db, pages, rows, rows_at, what)
        for name, kinds in _unknown_types(db, known).items():
            types[name] |= kinds
        db.execute(f"{into} {_checked(connector, resource)}")
        into = "INSERT INTO checked"
        db.execute("DROP TABLE page_row")
    return {
        name: ", ".join(sorted({_JSON_TYPES[kind] for kind in kinds if kind in _JSON_TYPES}))
        or "null"
        for name, kinds in types.items()
    }


def _batches(folder: Path) -> Iterator[dict[int, str]]:
    """The texts of the pages by their number, in order, some megabytes at a time; at least once."""
    pages: dict[int, str] = {}
    size = 0
    for number, file in enumerate(sorted(folder.glob("pages-*.json.gz")), 1):
        content = fractions_as_text(gzip.decompress(file.read_bytes()))
        pages[number] = content.decode(json.detect_encoding(content))
        size += len(content)
        if size >= _BATCH:
            yield pages
            pages, size = {}, 0
    yield pages


def _read_rows(
    db: duckdb.DuckDBPyConnection, pages: dict[int, str], before: int, rows_at: str, what: str
) -> int:
    """Creates `page_row (page, row_number, content JSON)`; returns how many rows there are.

    `before` rows were read already.
    """
    try:
        return _extract_rows(db, pages, before, rows_at, what)
    except duckdb.InvalidInputException:
        # Half a character (an emoji that was cut) is JSON to Python and none to DuckDB. DuckDB's
        # own words repeat the page, so they may not reach a log.
        pass
    for number, text in pages.items():
        if not _is_readable(db, text):
            pages[number] = _without_halves(text)
            if not _is_readable(db, pages[number]):
                raise ContractError(
                    f"{what}: page {number} cannot be read as JSON. Ask the vendor; nothing landed"
                )
    return _extract_rows(db, pages, before, rows_at, what)


def _is_readable(db: duckdb.DuckDBPyConnection, text: str) -> bool:
    return bool(count_of(db, "SELECT json_valid($text)::INT", {"text": text}))


def _extract_rows(
    db: duckdb.DuckDBPyConnection, pages: dict[int, str], before: int, rows_at: str, what: str
) -> int:
    asked = {"pages": list(pages), "texts": list(pages.values()), "path": _json_path(rows_at)}
    # An error that arrives with status 200 has no list; taking it for an empty one loses news.
    found = db.execute(
        "SELECT min(page) FROM (SELECT unnest($pages) AS page, unnest($texts::VARCHAR[]) AS text) "
        "WHERE json_type(text, $path) IS DISTINCT FROM 'ARRAY'",
        asked,
    ).fetchone()
    if found and found[0] is not None:
        raise ContractError(
            f"{what}: page {found[0]} has no list {rows_at!r}: that is not what was asked for. "
            "Look at the connection's rights and the vendor's change log; nothing landed"
        )
    # Extracting from text is twenty times faster here than read_json into JSON[].
    return count_of(
        db,
        """
        CREATE TEMP TABLE page_row AS
        WITH page AS (
            SELECT
                unnest($pages)::INT AS page,
                json_extract(unnest($texts::VARCHAR[]), $path || '[*]') AS rows
        ),
        item AS (
            SELECT page, generate_subscripts(rows, 1) AS position, unnest(rows) AS content FROM page
        )
        SELECT page, $before + row_number() OVER (ORDER BY page, position) AS row_number, content
        FROM item
        """,
        asked | {"before": before},
    )


def _without_halves(text: str) -> str:
    """JSON in which U+FFFD stands for each half of a character; fractions become strings."""
    whole = json.dumps(json.loads(text, parse_float=str), ensure_ascii=False)
    return whole.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def fractions_as_text(content: bytes) -> bytes:
    """JSON whose numbers with a fraction are strings, if DuckDB could not read them exactly."""
    if not _MAYBE_LONG.search(content):
        return content
    # One character is the point.
    if all(len(found.group()) - 1 <= _DIGITS for found in _FRACTION.finditer(content)):
        return content
    return _STRING_OR_NUMBER.sub(_quoted, content)


def _quoted(found: re.Match[bytes]) -> bytes:
    """A number with a fraction becomes a string; strings and whole numbers stay."""
    text = found.group()
    return b'"' + text + b'"' if text[:1] != b'"' and b"." in text else text


def _unknown_types(db: duckdb.DuckDBPyConnection, known: Set[str]) -> dict[str, set[str]]:
    """Keys of the rows in `page_row` that are not in `known`, and DuckDB's types of their values.

    Few rows differ in their keys, so the lists of keys are compared and not each key.
    """
    shapes = db.execute("SELECT DISTINCT json_keys(content) FROM page_row").fetchall()
    names = sorted({name for (keys,) in shapes for name in keys or ()} - known)
    if not names:
        return {}
    # A JSON pointer: a key may hold any character.
    pointers = ["/" + name.replace("~", "~0").replace("/", "~1") for name in names]
    found = db.execute(
        f"SELECT DISTINCT json_type(content, [{', '.join(map(literal, pointers))}]) "
        "FROM page_row WHERE json_type(content) = 'OBJECT'"
    ).fetchall()
    return {
        name: {kinds[place] for (kinds,) in found if kinds[place]}
        for place, name in enumerate(names)
    }


def _checked(connector: Connector, resource: Resource) -> str:
    """SQL for the rows of `page_row`: every column cast, and `faults`, all that is wrong with it.

    What is wrong is put into words only where something is.
    """
    paths = [column.source_path for column in resource.columns]
    paths += [column.also for column in resource.columns if column.also]
    asked = f"[{', '.join(literal(_json_path(path)) for path in paths)}]"
    found = f"json_extract_string(content, {asked}) AS texts, json_type(content, {asked}) AS kinds"
    rows = "page_row"
    if connector.unwrap:
        unwrapped = (
            f"list_transform(json_extract(content, {asked}), lambda value: {connector.unwrap})"
        )
        rows = f"(SELECT page, row_number, {unwrapped} AS leaf FROM page_row)"
        found = (
            "list_transform(leaf, lambda value: value->>'$') AS texts, "
            "list_transform(leaf, lambda value: json_type(value)) AS kinds"
        )
    texts, values, doubts, faults = [], [], [], []
    for number, column in enumerate(resource.columns, 1):
        leaf = f"texts[{number}]"
        if column.also:
            leaf = f"{leaf} || '@' || texts[{paths.index(column.also) + 1}]"
        if column.type != "string":
            # Some vendors send "" for an empty number or date: that is empty, not wrong.
            leaf = f"nullif({leaf}, '')"
        texts.append(f"{leaf} AS text_{number}")
        kind, text, value = f"kinds[{number}]", f"text_{number}", name_of(column.name)
        values.append(f"{_value(column, text)} AS {value}")
        is_key = column.name == resource.key
        if is_key:
            doubts.append(f"nullif({text}, '') IS NULL")
        if column.type != "json":
            doubts.append(f"{kind} IN ('OBJECT', 'ARRAY')")
        if column.type not in {"string", "json"}:
            doubts.append(f"({text} IS NOT NULL AND {value} IS NULL)")
        shown = "'(personal)'" if column.personal else f"left({text}, {_VALUE_SHOWN})"
        problem = _problem(column, kind, text, is_key=is_key)
        fix = (
            f"correct the row at the source, or the declaration of {resource.name}.{column.name} "
            f"in ingestion/{connector.source}/resources.py"
        )
        faults.append(
            f"struct_pack(field := {literal(column.source_path)}, value := {shown}, "
            f"why := {problem}, fix := {literal(fix)})"
        )
    return f"""
        WITH leaf AS (
            SELECT page, row_number, {found} FROM {rows}
        ),
        text AS (
            SELECT page, row_number, kinds, {", ".join(texts)} FROM leaf
        ),
        cast_ AS (
            SELECT *, {", ".join(values)} FROM text
        )
        SELECT
            page, row_number, {", ".join(name_of(column.name) for column in resource.columns)},
            CASE
                WHEN {" OR ".join(doubts)}
                THEN list_filter([{", ".join(faults)}], lambda fault: fault.why IS NOT NULL)
                ELSE []
            END AS faults
        FROM cast_
        """


def _json_path(path: str) -> str:
    keys = keys_of(path)
    return "$" + "".join(f"[{key}]" if key.isdigit() else f'."{key}"' for key in keys)


def _value(column: Column, text: str) -> str:
    """SQL that casts `text`; null when it cannot be cast."""
    if column.personal == "hash":
        return f"sha256(getvariable('salt') || {text})"
    if column.personal == "domain":
        return f"nullif(lower(trim(split_part({text}, '@', 2))), '')"
    return cast_sql(column.type, text)


def cast_sql(kind: ColumnType, text: str) -> str:
    """SQL for the value of ISO text `text` in type `kind`; null when it is no such value."""
    match kind:
        case "string" | "json":
            return text
        case "boolean":
            return f"CASE lower({text}) WHEN 'true' THEN true WHEN 'false' THEN false END"
        case "timestamp":
            # Through TIMESTAMPTZ: a plain cast to TIMESTAMP drops the offset without a word.
            return (
                f"CASE WHEN regexp_matches({text}, '^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}[T ]') "
                f"THEN try_cast({text} AS TIMESTAMPTZ) AT TIME ZONE 'UTC' END"
            )
        case "date":
            return (
                f"CASE WHEN regexp_full_match({text}, '[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}') "
                f"THEN try_cast({text} AS DATE) END"
            )
        case _:
            # A cast to a narrower number rounds: what would be lost makes it null.
            return (
                f"CASE WHEN try_cast({text} AS DECIMAL(38,16)) = "
                f"try_cast({text} AS {SQL_TYPES[kind]}) THEN try_cast({text} AS {SQL_TYPES[kind]}) "
                "END"
            )


def _problem(column: Column, kind: str, text: str, *, is_key: bool) -> str:
    """SQL for why the value is refused, null when it is fine."""
    cases = []
    if is_key:
        cases.append(f"WHEN nullif({text}, '') IS NULL THEN 'the row has no key'")
    if column.type != "json":
        cases.append(
            f"WHEN {kind} IN ('OBJECT', 'ARRAY') "
            f"THEN 'the type changed: ' || lower({kind}) || ' where {column.type} is declared'"
        )
    if column.type not in {"string", "json"}:
        cases.append(
            f"WHEN {text} IS NOT NULL AND ({cast_sql(column.type, text)}) IS NULL "
            f"THEN 'not a value of the declared type {column.type}'"
        )
    return f"CASE {' '.join(cases)} END" if cases else "CAST(NULL AS VARCHAR)"


def _refuse_keyless(db: duckdb.DuckDBPyConnection, resource: Resource, what: str) -> None:
    key = name_of(resource.key)
    counted = db.execute(
        f"SELECT count(*), count(nullif({key}::VARCHAR, '')) FROM checked"
    ).fetchone()
    rows, keyed = counted or (0, 0)
    if rows and not keyed:
        path = resource.column(resource.key).source_path
        raise ContractError(
            f"{what}: none of {rows} rows has its key {path!r}: the reply is not what was asked "
            "for, or the vendor renamed the key. Look at the vendor's change log; nothing landed"
        )


def _refuse_older(db: duckdb.DuckDBPyConnection, resource: Resource, since: str, what: str) -> None:
    assert resource.cursor is not None
    column = resource.column(resource.cursor.column)
    value = name_of(column.name)
    key = name_of(resource.key)
    floor = cast_sql(column.type, "$since")
    found = db.execute(
        f"""
        SELECT page, row_number, {key}, {value} FROM checked
        WHERE {value} < {floor} ORDER BY {value}, row_number LIMIT 1
        """,
        {"since": since},
    ).fetchone()
    if found:
        page, row_number, row_key, row_value = found
        raise FilterIgnoredError(
            f"{what}: page {page}, row {row_number} ({row_key}) has {column.source_path} "
            f"{row_value}, older than the {since} asked for: the vendor ignored the filter. "
            "Nothing landed; check the query's time format and the vendor's API version"
        )


def _seen(
    db: duckdb.DuckDBPyConnection,
    resource: Resource,
    unknown_types: dict[str, str],
    rejected_rows: int,
) -> Seen:
    """One pass over the sound rows; one more only where rows are refused."""
    landed = [column for column in resource.columns if column.personal != "drop"]
    modified = resource.modified_at or (
        resource.cursor.column if resource.cursor and not resource.cursor.opaque else ""
    )
    instant = _instant(resource, modified) if modified else "NULL::TIMESTAMP"
    counts = ", ".join(f"count({filled_sql(name_of(c.name), c.type)})" for c in landed)
    found = db.execute(
        f"SELECT count(*), min({instant}::TIMESTAMP), max({instant}::TIMESTAMP), {counts} "
        "FROM checked WHERE len(faults) = 0"
    ).fetchone()
    assert found is not None
    return Seen(
        delivered_rows=found[0],
        first_modified_at=modified_text(found[1]),
        last_modified_at=modified_text(found[2]),
        filled={column.name: count for column, count in zip(landed, found[3:], strict=True)},
        unknown_types=unknown_types,
        refused=refused_fields(
            db, "SELECT row_number, unnest(faults, recursive := true) FROM checked"
        )
        if rejected_rows
        else (),
    )


def filled_sql(value: str, kind: ColumnType) -> str:
    """SQL that is null where `value` is empty: text without characters is."""
    return f"nullif({value}, '')" if kind in ("string", "json") else value


def refused_fields(db: duckdb.DuckDBPyConnection, faults: str) -> tuple[RefusedField, ...]:
    """Counts the refused rows by field; `faults` is SQL for (row_number, field, why)."""
    found = db.execute(
        f"SELECT field, count(DISTINCT row_number), arg_min(why, row_number), min(row_number) "
        f"FROM ({faults}) GROUP BY field ORDER BY field"
    )
    return tuple(RefusedField(*row) for row in found.fetchall())


def _write_rejects(
    db: duckdb.DuckDBPyConnection, load: OpenLoad
) -> tuple[tuple[LoadFile, ...], int]:
    rejected_rows = count_of(db, "SELECT count(*) FROM checked WHERE len(faults) > 0")
    if not rejected_rows:
        return (), 0
    path = load.folder / REJECTS
    copy_to(
        db,
        "SELECT page, row_number, unnest(faults, recursive := true) FROM checked "
        "ORDER BY row_number",
        path,
    )
    lines = count_of(db, "SELECT sum(len(faults))::BIGINT FROM checked")
    return (LoadFile(load.relative(REJECTS), lines, sha256_of(path)),), rejected_rows


def _collect_part(
    db: duckdb.DuckDBPyConnection,
    load: OpenLoad,
    resource: Resource,
    recorded_at: datetime,
    is_backfill: bool,
) -> None:
    """Creates `part`: the last good row of each key."""
    now = f"TIMESTAMP {literal(recorded_at.astimezone(UTC).strftime('%Y-%m-%d %H:%M:%S.%f'))}"
    recorded = now
    if is_backfill and resource.modified_at:
        # Never later than the commit: a row dated 2099 must reach the gate, not wait until then.
        modified = _instant(resource, resource.modified_at)
        recorded = f"least(coalesce({modified}, {now}), {now})"
    key = name_of(resource.key)
    columns = ", ".join(name_of(c.name) for c in resource.columns if c.personal != "drop")
    counted = db.execute(
        f"SELECT count(*), count(DISTINCT {key}) FROM checked WHERE len(faults) = 0"
    ).fetchone()
    assert counted is not None
    last = "row_number"
    if counted[0] != counted[1]:
        last = f"max(row_number) OVER (PARTITION BY {key})"
    db.execute(
        f"""
        CREATE TEMP TABLE part AS
        WITH good AS (
            SELECT *, {last} AS last_row_number
            FROM checked WHERE len(faults) = 0
        )
        SELECT
            {columns}, {literal(load.load_id)} AS _load_id, row_number AS _row_number,
            page AS _page, {recorded} AS _recorded_at, {str(is_backfill).lower()} AS _is_backfilled,
            {literal(load.tenant)} AS _tenant
        FROM good WHERE row_number = last_row_number
        """
    )


def _leave_out_unchanged(
    db: duckdb.DuckDBPyConnection, resource: Resource, known: Landed | None
) -> int:
    """Deletes from `part` what equals the last landed version of its key; returns how many.

    The overlap of a cursor brings the same rows again, and a resource without one all of them.
    """
    if known is None:
        return 0
    columns = [name_of(c.name) for c in resource.columns if c.personal != "drop"]
    same = " AND ".join(f"part.{column} IS NOT DISTINCT FROM last.{column}" for column in columns)
    before = count_of(db, "SELECT count(*) FROM part")
    last = _last_landed(resource, known, f"SEMI JOIN part USING ({name_of(resource.key)})")
    db.execute(f"DELETE FROM part USING ({last}) AS last WHERE {same}")
    return before - count_of(db, "SELECT count(*) FROM part")


def forgotten_sql(forgotten: Sequence[Forgotten]) -> dict[tuple[str, str], str]:
    """SQL by (column, how) for whether a row holds a key; `salt` is a variable of the connection.

    A column that is hashed before it lands holds the hash itself.
    """
    keys: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for person in forgotten:
        keys[person.column, person.how].append(literal(person.key_sha256))
    return {
        (column, how): (
            f"(sha256(getvariable('salt') || {name_of(column)}::VARCHAR) IN ({', '.join(hashes)}) "
            f"OR {name_of(column)}::VARCHAR IN ({', '.join(hashes)}))"
        )
        for (column, how), hashes in keys.items()
    }


def _forget(
    db: duckdb.DuckDBPyConnection, reading: Reading, rows_at: str
) -> tuple[int, tuple[str, ...]]:
    """Takes the forgotten out of `checked`; returns how many rows it was, and their pages."""
    if not reading.forgotten:
        return 0, ()
    files = [file.name for file in sorted(reading.pages.glob("pages-*.json.gz"))]
    rows, pages = 0, set()
    for (column, how), found in forgotten_sql(reading.forgotten).items():
        held = db.execute(f"SELECT page, count(*) FROM checked WHERE {found} GROUP BY page")
        for page, count in held.fetchall():
            pages.add(files[page - 1])
            rows += count
        if how == "row":
            db.execute(f"DELETE FROM checked WHERE {found}")
        else:
            db.execute(f"UPDATE checked SET {name_of(column)} = NULL WHERE {found}")
    keys = ", ".join(literal(person.key_sha256) for person in reading.forgotten)
    for sweep in sorted(reading.pages.glob("sweep-*.json.gz")):
        text = gzip.decompress(sweep.read_bytes()).decode()
        query = (
            "SELECT count(*) FROM "
            "(SELECT unnest(json_extract_string($text, $path || '[*]')) AS id) "
            f"WHERE sha256(getvariable('salt') || id) IN ({keys})"
        )
        found_ids = db.execute(query, {"text": text, "path": _json_path(rows_at)}).fetchone()
        if found_ids and found_ids[0]:
            pages.add(sweep.name)
    return rows, tuple(sorted(pages))


def _leave_out_beyond(db: duckdb.DuckDBPyConnection, resource: Resource, until: str) -> int:
    """Deletes from `part` what changed at or after the end of the range; returns how many."""
    assert resource.cursor is not None
    column = resource.column(resource.cursor.column)
    before = count_of(db, "SELECT count(*) FROM part")
    db.execute(
        f"DELETE FROM part WHERE {name_of(column.name)} >= {cast_sql(column.type, '$until')}",
        {"until": until},
    )
    return before - count_of(db, "SELECT count(*) FROM part")


def _leave_out_overtaken(
    db: duckdb.DuckDBPyConnection, resource: Resource, reading: Reading
) -> int:
    """Deletes from `part` the rows of which something newer landed meanwhile; returns how many.

    Of two versions of one time, that of a range gives way: whoever reads the news comes again.
    """
    if reading.overtaken is None or not resource.modified_at:
        return 0
    key, at = name_of(resource.key), name_of(resource.modified_at)
    sign = "<=" if reading.until else "<"
    before = count_of(db, "SELECT count(*) FROM part")
    db.execute(
        f"DELETE FROM part USING ({_last_landed(resource, reading.overtaken)}) AS last "
        f"WHERE part.{key} = last.{key} AND part.{at} {sign} last.{at}"
    )
    return before - count_of(db, "SELECT count(*) FROM part")


def _last_landed(resource: Resource, known: Landed, among: str = "") -> str:
    """SQL for the last landed version of each key; the files are in the order of their commits."""
    files = ", ".join(literal(str(path)) for path in known.files)
    columns = ", ".join(name_of(name) for name, _ in landed_columns(resource))
    return f"""
        SELECT {columns} FROM ({known.query}) AS landed
        {among}
        QUALIFY row_number() OVER (
            PARTITION BY {name_of(resource.key)}
            ORDER BY list_position([{files}], filename) DESC, _page DESC, _row_number DESC
        ) = 1
        """


def _read_sweep(db: duckdb.DuckDBPyConnection, folder: Path, rows_at: str, what: str) -> None:
    """Creates `present (id)`: the ids of all rows that the vendor has."""
    db.execute("CREATE TEMP TABLE present (id VARCHAR)")
    for number, file in enumerate(sorted(folder.glob("sweep-*.json.gz")), 1):
        content = gzip.decompress(file.read_bytes())
        text, path = content.decode(json.detect_encoding(content)), _json_path(rows_at)
        found = db.execute(
            "SELECT json_type($text, $path)", {"text": text, "path": path}
        ).fetchone()
        if not found or found[0] != "ARRAY":
            raise ContractError(
                f"{what}: page {number} of the sweep has no list {rows_at!r} of ids. Look at the "
                "connection's rights and the vendor's change log; nothing landed"
            )
        db.execute(
            "INSERT INTO present SELECT unnest(json_extract_string($text, $path || '[*]'))",
            {"text": text, "path": path},
        )


def _flag_gone(db: duckdb.DuckDBPyConnection, resource: Resource, *, is_swept: bool) -> None:
    """What was read and is gone by the time of the sweep is a tombstone already."""
    present = f"FROM present WHERE present.id = part.{name_of(resource.key)}::VARCHAR"
    gone = f"NOT EXISTS ({present})" if is_swept else "false"
    db.execute(f"UPDATE part SET {name_of(resource.deleted_flag)} = {gone}")


def _land_again(
    db: duckdb.DuckDBPyConnection,
    load: OpenLoad,
    resource: Resource,
    recorded_at: datetime,
    known: Landed,
    what: str,
) -> None:
    """Adds to `part` the last landed version of what is gone, as deleted, and of what is back.

    Rows come back when a restored backup or regained rights show them again, unchanged.
    """
    key, flag = name_of(resource.key), name_of(resource.deleted_flag)
    db.execute(f"CREATE TEMP TABLE last AS {_last_landed(resource, known)}")
    alive = count_of(db, f"SELECT count(*) FROM last WHERE NOT {flag}")
    gone = count_of(
        db,
        f"SELECT count(*) FROM last ANTI JOIN present ON present.id = last.{key}::VARCHAR "
        f"WHERE NOT {flag}",
    )
    if gone > max(_FEW_GONE, alive // 2):
        raise ContractError(
            f"{what}: {gone} of {alive} rows are gone since the last read. That looks like a user "
            "who may no longer see them rather than that many deletions: look at the rights of the "
            "connection's user; nothing landed"
        )
    now = f"TIMESTAMP {literal(recorded_at.astimezone(UTC).strftime('%Y-%m-%d %H:%M:%S.%f'))}"
    last_row = count_of(db, "SELECT max(row_number) FROM checked")
    last_page = count_of(db, "SELECT max(page) FROM checked")
    db.execute(
        f"""
        INSERT INTO part BY NAME
        SELECT * REPLACE (
            NOT {flag} AS {flag}, {literal(load.load_id)} AS _load_id,
            {last_row} + row_number() OVER (ORDER BY {key}) AS _row_number,
            {last_page + 1} AS _page, {now} AS _recorded_at, false AS _is_backfilled
        )
        FROM last
        WHERE
            {flag} = EXISTS (FROM present WHERE present.id = last.{key}::VARCHAR)
            AND NOT EXISTS (FROM part WHERE part.{key} = last.{key})
        """
    )


def _instant(resource: Resource, column_name: str) -> str:
    """SQL for the instant in a column (epoch seconds or a time), as a UTC timestamp."""
    column = resource.column(column_name)
    name = name_of(column.name)
    return f"epoch_ms({name} * 1000)" if column.type == "bigint" else name


def _newest(db: duckdb.DuckDBPyConnection, resource: Resource) -> str | None:
    """The highest cursor value of any row, as cursor text; None without a time cursor or rows."""
    if resource.cursor is None or resource.cursor.opaque:
        return None
    found = db.execute(f"SELECT max({name_of(resource.cursor.column)}) FROM checked").fetchone()
    return cursor_text(found[0]) if found and found[0] is not None else None


def cursor_text(value: datetime | int) -> str:
    """A cursor value as it is kept in the manifest: UTC ISO 8601, or epoch seconds."""
    if isinstance(value, int):
        return str(value)
    return value.replace(tzinfo=UTC).isoformat().replace("+00:00", "Z")


def copy_to(db: duckdb.DuckDBPyConnection, query: str, path: Path) -> None:
    db.execute(f"COPY ({query}) TO {literal(str(path))} (FORMAT parquet, COMPRESSION zstd)")


def count_of(
    db: duckdb.DuckDBPyConnection, query: str, values: dict[str, Any] | None = None
) -> int:
    found: tuple[Any, ...] | None = db.execute(query, values).fetchone()
    return int(found[0]) if found and found[0] is not None else 0
