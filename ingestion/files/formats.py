"""What a file may be: delimited text, a spreadsheet, JSON lines, Parquet; all of it becomes text.

Each reader gives the header and SQL of the records, every value as text in one spelling: numbers
with the mapping's decimal sign, dates and times that the file itself knows as such in ISO 8601.
"""

# ruff: noqa: S608  names are declared in code and quoted, values are bound or quoted literals

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import duckdb

from ingestion.errors import ConfigurationError
from ingestion.files.mapping import FileMapping
from ingestion.typed import fractions_as_text, literal, name_of

Broken = tuple[int, str, str, str, str]
"""A record that cannot be read at all: row, field, value, why, fix."""

_MALFORMED = "write one value per column, with quotes around values that hold the delimiter"


@dataclass(frozen=True, slots=True)
class Records:
    """A file, opened. `sql` selects `_rank` (bigint) and one text column per name of `header`.

    Ranks count good and broken records from 1. `first_row` is the row number of rank 1 as the
    file's reader sees it: a spreadsheet's own row number, else 1. `notes` are for the report.
    """

    header: list[str]
    sql: str
    broken: tuple[Broken, ...] = ()
    first_row: int = 1
    notes: tuple[str, ...] = ()


def open_records(
    db: duckdb.DuckDBPyConnection, path: Path, file: FileMapping, scratch: Path
) -> Records:
    """Opens a file by what its name ends in; anything unknown is delimited text.

    `scratch` is a folder for what DuckDB reads instead. Raises ConfigurationError when the file as
    a whole cannot be read.
    """
    reader = _READERS.get(path.suffix.lower(), _delimited)
    return reader(db, path, file, scratch)


def _decoded(path: Path, file: FileMapping) -> str:
    """The text of a file, without a byte order mark."""
    content = path.read_bytes()
    encoding = "utf-8-sig" if file.encoding.lower().replace("_", "-") == "utf-8" else file.encoding
    if b"\0" in content[:4096] and not encoding.lower().startswith("utf-16"):
        raise ConfigurationError(
            f"{path}: this is not {file.encoding} text; set `encoding: utf-16` for the file in the "
            "mapping if it is that, or save it again as CSV"
        )
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise ConfigurationError(
            f"{path}: line {line} is not {file.encoding} ({error.reason}); set the file's encoding "
            "in the mapping"
        ) from None


def _delimited(
    db: duckdb.DuckDBPyConnection, path: Path, file: FileMapping, scratch: Path
) -> Records:
    lines = [*_decoded(path, file).split("\n", file.header_row), ""]
    first, rest = lines[file.header_row - 1], lines[file.header_row]
    header = header_of(path, next(csv.reader([first.rstrip("\r")], delimiter=file.delimiter), []))
    # The decoded copy, without its header: DuckDB then reads UTF-8 only, and guesses nothing.
    copy = scratch / "file.csv"
    copy.write_text(rest, encoding="utf-8", newline="")
    columns = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in header)
    db.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE record AS
        SELECT row_number() OVER () AS _rank, *
        FROM read_csv(
            {literal(str(copy))}, columns = {{{columns}}}, auto_detect = false, header = false,
            delim = {literal(file.delimiter)}, quote = '"', escape = '"', store_rejects = true,
            rejects_table = 'refused', rejects_scan = 'refused_scan'
        )
        """
    )
    # A broken record is missing from `record`: count it where it stood. Its line is its record as
    # long as no value before it spans lines.
    broken = db.execute(
        """
        SELECT
            line::BIGINT, '', left(min(csv_line), 200),
            min(CASE
                WHEN error_type = 'TOO MANY COLUMNS' THEN 'the row has more values than the header'
                WHEN error_type = 'MISSING COLUMNS' THEN 'the row has fewer values than the header'
                ELSE 'the row is not well-formed: ' || lower(error_type)
            END)
        FROM refused GROUP BY line ORDER BY line
        """
    ).fetchall()
    db.execute("DROP TABLE refused; DROP TABLE refused_scan")
    ranked = """(
        WITH gap AS (SELECT row - row_number() OVER (ORDER BY row) AS before
            FROM (SELECT unnest($ranks) AS row))
        SELECT record.* REPLACE (
            _rank + (SELECT count(*) FROM gap WHERE before < _rank) AS _rank
        ) FROM record
    )"""
    ranks = "[" + ", ".join(str(entry[0]) for entry in broken) + "]::BIGINT[]"
    return Records(
        header,
        ranked.replace("$ranks", ranks),
        tuple((*entry, _MALFORMED) for entry in broken),
    )


def _json_lines(
    db: duckdb.DuckDBPyConnection, path: Path, file: FileMapping, scratch: Path
) -> Records:
    """One JSON object a line. A value that is itself an object or a list stays JSON text."""
    text = fractions_as_text(_decoded(path, file).encode()).decode()
    copy = scratch / "file.jsonl"
    copy.write_text("\n".join(text.splitlines()), encoding="utf-8")
    db.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE line AS
        SELECT row_number() OVER () AS _rank, content,
            CASE WHEN json_valid(content) THEN json_type(content) = 'OBJECT' ELSE false END
                AS is_object
        FROM (
            SELECT unnest(string_split(content, chr(10))) AS content
            FROM read_text({literal(str(copy))})
        )
        """
    )
    found = db.execute(
        "SELECT DISTINCT unnest(json_keys(content)) FROM line WHERE is_object"
    ).fetchall()
    header = header_of(path, sorted(name for (name,) in found))
    values = ", ".join(
        f"json_extract_string(content, {literal(_member(name))}) AS {name_of(name)}"
        for name in header
    )
    broken = db.execute(
        "SELECT _rank, '', left(content, 200) FROM line "
        "WHERE NOT is_object AND trim(content) <> '' ORDER BY _rank"
    ).fetchall()
    why, fix = "the line is not a JSON object", "write one complete JSON object per line"
    return Records(
        header,
        f"(SELECT _rank, {values} FROM line WHERE is_object)",
        tuple((*entry, why, fix) for entry in broken),
    )


def _member(name: str) -> str:
    return '$."' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _parquet(
    db: duckdb.DuckDBPyConnection, path: Path, file: FileMapping, scratch: Path
) -> Records:
    try:
        described = db.execute(
            f"DESCRIBE SELECT * FROM read_parquet({literal(str(path))})"
        ).fetchall()
    except duckdb.Error as error:
        raise ConfigurationError(f"{path}: not a Parquet file: {error}") from None
    header = header_of(path, [name for name, *_ in described])
    values = ", ".join(
        f"{_spelt(name, kind, file)} AS {name_of(name)}" for name, kind, *_ in described
    )
    return Records(
        header,
        f"(SELECT file_row_number + 1 AS _rank, {values} "
        f"FROM read_parquet({literal(str(path))}, file_row_number = true))",
    )


def _spelt(name: str, kind: str, file: FileMapping) -> str:
    """SQL that spells a typed column as text of one form."""
    text = f"CAST({name_of(name)} AS VARCHAR)"
    if kind.startswith(("DECIMAL", "FLOAT", "DOUBLE")) and file.decimal != ".":
        return f"replace({text}, '.', {literal(file.decimal)})"
    if kind == "TIMESTAMP WITH TIME ZONE":
        return f"CAST({name_of(name)} AT TIME ZONE 'UTC' AS VARCHAR) || 'Z'"
    return text


def _sheet(db: duckdb.DuckDBPyConnection, path: Path, file: FileMapping, scratch: Path) -> Records:
    """A sheet of a workbook, from the row that names the columns on."""
    sheet, calculated = _open_sheet(path, file)
    merged = {
        (row, column): (block.min_row, block.min_col)
        for block in sheet.merged_cells.ranges
        for row in range(block.min_row, block.max_row + 1)
        for column in range(block.min_col, block.max_col + 1)
    }
    filled = sum(block.min_row >= file.header_row + 1 for block in sheet.merged_cells.ranges)
    rows = sheet.iter_rows(min_row=file.header_row)
    named = [_shown(cell.value) for cell in next(iter(rows), ())]
    while named and not named[-1]:
        named.pop()
    header = header_of(path, named)
    broken: list[Broken] = []
    copy = scratch / "file.csv"
    with copy.open("w", encoding="utf-8", newline="") as text:
        writer = csv.writer(text)
        for rank, cells in enumerate(rows, 1):
            values, fault = [], None
            for cell in cells[: len(header)]:
                at = merged.get((cell.row, cell.column), (cell.row, cell.column))
                value = calculated.cell(*at).value
                name = header[cell.column - 1]
                fault = fault or _cell_fault(sheet.cell(*at), value, name, rank)
                values.append(_spelt_cell(value, file))
            if fault:
                broken.append(fault)
            else:
                writer.writerow([rank, *values, *[""] * (len(header) - len(values))])
    columns = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in header)
    return Records(
        header,
        f"(SELECT * FROM read_csv({literal(str(copy))}, "
        f"columns = {{'_rank': 'BIGINT', {columns}}}, auto_detect = false, header = false))",
        tuple(broken),
        first_row=file.header_row + 1,
        notes=(f"{filled} merged cells read as their first one",) if filled else (),
    )


def _open_sheet(path: Path, file: FileMapping) -> tuple[Any, Any]:
    """The sheet as it was written, and with what its formulas came to: one when it has none."""
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        written = load_workbook(path)
        has_formulas = any(
            cell.data_type == "f" for sheet in written for row in sheet.iter_rows() for cell in row
        )
        results = load_workbook(path, data_only=True) if has_formulas else written
    except (BadZipFile, InvalidFileException, KeyError, ValueError) as error:
        raise ConfigurationError(
            f"{path}: not a workbook that can be read ({error}); save it again as .xlsx, without a "
            "password"
        ) from None
    name = file.sheet or written.sheetnames[0]
    if name not in written.sheetnames:
        raise ConfigurationError(
            f"{path}: no sheet {name!r}; it has {', '.join(map(repr, written.sheetnames))}"
        )
    return written[name], results[name]


def _cell_fault(cell: Any, value: Any, name: str, rank: int) -> Broken | None:
    """What is wrong with a cell whatever it should hold; `rank` is its record's."""
    if isinstance(value, str) and re.fullmatch(
        r"#(N/A|REF!|VALUE!|DIV/0!|NAME\?|NUM!|NULL!)", value
    ):
        return (rank, name, value, "the cell holds a spreadsheet error", "correct its formula")
    if cell.data_type == "f" and value is None:
        return (
            rank, name, str(cell.value)[:200], "the formula was never calculated",
            "open the workbook in a spreadsheet program and save it, or write the value",
        )  # fmt: skip
    return None


def _shown(value: Any) -> str:
    return "" if value is None else str(value).strip()


def _spelt_cell(value: Any, file: FileMapping) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case float():
            # The shortest text that is this number: what the cell shows, not its binary tail.
            exact = Decimal(repr(value))
            number = f"{exact.to_integral_value() if value.is_integer() else exact:f}"
            return number.replace(".", file.decimal)
        case datetime():
            return value.date().isoformat() if value.time() == time() else value.isoformat(" ")
        case date() | time():
            return value.isoformat()
        case _:
            return str(value)


def header_of(path: Path, names: list[str]) -> list[str]:
    """The names of the columns, trimmed. Raises ConfigurationError when one is missing or twice."""
    header = [name.strip() for name in names]
    if not any(header):
        raise ConfigurationError(f"{path}: the first line must name the columns; it is empty")
    repeated = sorted({name for name in header if header.count(name) > 1})
    if repeated or "" in header:
        raise ConfigurationError(
            f"{path}: every column needs a name of its own; {repeated or 'one is empty'}"
        )
    return header


_Reader = Callable[[duckdb.DuckDBPyConnection, Path, FileMapping, Path], Records]

_READERS: dict[str, _Reader] = {
    ".xlsx": _sheet,
    ".xlsm": _sheet,
    ".jsonl": _json_lines,
    ".ndjson": _json_lines,
    ".parquet": _parquet,
}
