"""The intake mapping: which file feeds which canonical entity, column by column.

::

    tenant: aurora
    timezone: Asia/Shanghai            # of times without an offset; default UTC
    files:
      - file: payroll-*.csv            # a name or a pattern, relative to the folder
        delimiter: ";"                 # default ","
        encoding: gb18030              # default utf-8, with or without a byte order mark
        decimal: ","                   # default "."
        date_format: "%d.%m.%Y"        # or a list; default ISO 8601
        time_format: "%d.%m.%Y %H:%M"  # default ISO 8601; a date alone is its first instant
        header_row: 3                  # the row that names the columns; default 1
        sheet: Register                # of a workbook; default its first one
        entities:
          - entity: payroll_line
            source_id: line_id         # or {columns: [a, b], suffix: x} or {generated: true}
            where: gross is present    # or a list; also: is absent, = value, != value
            keep: {last: at}           # of several rows of one id, by the time in this column
            columns:
              employee_number: employee_no
              currency_code: {column: currency, values: {RMB: CNY}}
              pay_code: {constant: COMM}
              is_won: {present: won_date}

Several entries may feed one entity: rows of one `source_id` become one row, and where two entries
give a field a value, the later entry wins.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

import yaml

from ingestion.connections import check_keys, nearest
from ingestion.entities import ENTITIES
from ingestion.errors import ConfigurationError

_CONDITION = re.compile(
    r"(?P<column>.+?)\s+(?:is\s+(?P<is>present|absent)|(?P<op>!?=)\s*(?P<to>.+))"
)
_SETTLED = re.compile(r"settle|paid|payment")
"""What a field is called that somebody expects an invoice to have and a payment has."""
_TENANT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


@dataclass(frozen=True, slots=True)
class Value:
    """Where a field's value comes from: exactly one of column, constant and present.

    `formats` are strptime formats for this column alone; `values` replaces some values by others.
    """

    column: str = ""
    constant: str = ""
    present: str = ""
    formats: tuple[str, ...] = ()
    values: tuple[tuple[str, str | None], ...] = ()


@dataclass(frozen=True, slots=True)
class SourceId:
    """The row's id: columns joined with ``:`` and a suffix, or generated from the whole row."""

    columns: tuple[str, ...] = ()
    suffix: str = ""
    generated: bool = False


@dataclass(frozen=True, slots=True)
class Condition:
    """Only rows where it holds feed the entity. `operator`: present, absent, = or !=."""

    column: str
    operator: Literal["present", "absent", "=", "!="]
    value: str = ""


@dataclass(frozen=True, slots=True)
class EntityMapping:
    """How rows of a file become rows of one entity. `fields` are (canonical field, value)."""

    entity: str
    source_id: SourceId
    fields: tuple[tuple[str, Value], ...]
    where: tuple[Condition, ...] = ()
    keep: tuple[Literal["first", "last"], str] | None = None
    """Of several rows of one id the first or last by the time in this column (an event log)."""

    def columns(self) -> set[str]:
        """Every column of the file that is named."""
        used = {value.column or value.present for _, value in self.fields}
        used |= {condition.column for condition in self.where} | set(self.source_id.columns)
        used |= {self.keep[1]} if self.keep else set()
        return used - {""}


@dataclass(frozen=True, slots=True)
class FileMapping:
    """How files of one pattern are written, and what they feed."""

    pattern: str
    entities: tuple[EntityMapping, ...]
    delimiter: str = ","
    encoding: str = "utf-8"
    decimal: str = "."
    date_format: tuple[str, ...] = ()
    time_format: tuple[str, ...] = ()
    sheet: str = ""
    header_row: int = 1


@dataclass(frozen=True, slots=True)
class Mapping:
    """A whole mapping file."""

    path: Path
    tenant: str
    timezone: str
    files: tuple[FileMapping, ...]

    def fingerprint(self, file: FileMapping) -> str:
        """Changes when the mapping would read the same file differently."""
        text = json.dumps([self.tenant, self.timezone, asdict(file)], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()


def read_mapping(path: Path) -> Mapping:
    """Reads and checks a mapping.

    Raises ConfigurationError naming the file, the key and the nearest valid name.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot read the mapping: {error.strerror}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} is not YAML in UTF-8: {error}") from None
    _check(content, {"tenant", "timezone", "files"}, {"tenant", "files"}, str(path))
    tenant = str(content["tenant"])
    if not _TENANT.fullmatch(tenant):
        raise ConfigurationError(
            f"{path}: tenant {tenant!r} becomes a folder's name: use letters, digits, _ . -"
        )
    timezone = str(content.get("timezone", "UTC"))
    try:
        ZoneInfo(timezone)
    except (KeyError, ValueError, OSError):
        raise ConfigurationError(
            f"{path}: timezone {timezone!r} is not a zone such as Asia/Shanghai"
        ) from None
    files = tuple(
        _file(entry, f"{path}: files, entry {number}")
        for number, entry in enumerate(_list(content["files"], f"{path}: files"), 1)
    )
    return Mapping(path, tenant, timezone, files)


def _file(entry: Any, where: str) -> FileMapping:
    options = {"delimiter", "encoding", "decimal", "sheet"}
    others = {"file", "entities", "header_row", "date_format", "time_format"}
    _check(entry, others | options, {"file", "entities"}, where)
    where = f"{where} ({entry['file']})"
    given = {key: str(entry[key]) for key in options if key in entry}
    if len(given.get("delimiter", ",")) != 1:
        raise ConfigurationError(f'{where}: delimiter must be one character, e.g. ";"')
    if given.get("decimal", ".") not in {".", ","}:
        raise ConfigurationError(f'{where}: decimal must be "." or ","')
    try:
        "".encode(given.get("encoding", "utf-8"))
    except LookupError:
        raise ConfigurationError(
            f"{where}: encoding {given['encoding']!r} is not known; common ones are utf-8, "
            "utf-16, cp1252, latin-1, gb18030"
        ) from None
    entities = tuple(
        _entity(item, f"{where}: entities, entry {number}")
        for number, item in enumerate(_list(entry["entities"], f"{where}: entities"), 1)
    )
    header_row = entry.get("header_row", 1)
    if not isinstance(header_row, int) or header_row < 1:
        raise ConfigurationError(
            f"{where}: header_row {header_row!r} is not the number of a row, counted from 1"
        )
    return FileMapping(
        pattern=str(entry["file"]),
        entities=entities,
        date_format=_formats(entry.get("date_format"), f"{where}: date_format"),
        time_format=_formats(entry.get("time_format"), f"{where}: time_format"),
        header_row=header_row,
        **given,
    )


def _formats(value: Any, where: str) -> tuple[str, ...]:
    """One strptime format or a list of them; all with an offset (%z) or none."""
    if value is None:
        return ()
    formats = tuple(str(one) for one in (value if isinstance(value, list) else [value]))
    if len({"%z" in one for one in formats}) > 1:
        raise ConfigurationError(f"{where}: give all formats an offset (%z), or none")
    return formats


def _entity(entry: Any, where: str) -> EntityMapping:
    known = {"entity", "source_id", "columns", "where", "keep"}
    _check(entry, known, {"entity", "source_id", "columns"}, where)
    name = entry["entity"]
    if name not in ENTITIES:
        raise ConfigurationError(f"{where}: no entity {name!r}{nearest(str(name), set(ENTITIES))}")
    where = f"{where} ({name})"
    fields = {field.name for field in ENTITIES[name].fields} | {"effective_at"}
    columns = entry["columns"]
    if not isinstance(columns, dict):
        raise ConfigurationError(f"{where}: columns must be field: column pairs")
    for field in columns:
        if field not in fields:
            raise ConfigurationError(
                f"{where}: {name} has no field {field!r}{nearest(str(field), fields)}"
                + (
                    "; the day it was paid is `paid_at` of `payment`, see examples/three_files"
                    if name == "invoice" and _SETTLED.search(str(field))
                    else ""
                )
            )
    return EntityMapping(
        entity=name,
        source_id=_source_id(entry["source_id"], f"{where}: source_id"),
        fields=tuple(
            (field, _value(value, f"{where}: columns, {field}")) for field, value in columns.items()
        ),
        where=tuple(
            _condition(text, f"{where}: where")
            for text in (
                entry["where"] if isinstance(entry.get("where"), list) else [entry.get("where")]
            )
            if text is not None
        ),
        keep=_keep(entry.get("keep"), f"{where}: keep"),
    )


def _keep(value: Any, where: str) -> tuple[Literal["first", "last"], str] | None:
    match value:
        case None:
            return None
        case {"first": str(column)} if len(value) == 1:
            return "first", column
        case {"last": str(column)} if len(value) == 1:
            return "last", column
        case _:
            raise ConfigurationError(
                f"{where}: {value!r} is neither {{first: column}} nor {{last: column}}; the column "
                "holds the time by which rows of one id are ordered"
            )


def _source_id(value: Any, where: str) -> SourceId:
    if isinstance(value, str):
        return SourceId(columns=(value,))
    _check(value, {"columns", "suffix", "generated"}, set(), where)
    columns = tuple(str(column) for column in _list(value.get("columns", []), where))
    generated = value.get("generated") is True
    if generated == bool(columns):
        raise ConfigurationError(
            f"{where}: give a column, {{columns: [a, b], suffix: x}} or {{generated: true}}"
        )
    return SourceId(columns, str(value.get("suffix", "")), generated)


def _value(value: Any, where: str) -> Value:
    if isinstance(value, str):
        return Value(column=value)
    _check(value, {"column", "constant", "present", "format", "values"}, set(), where)
    if len({"column", "constant", "present"} & value.keys()) != 1:
        raise ConfigurationError(f"{where}: give exactly one of column, constant and present")
    if "constant" in value and value["constant"] in (None, ""):
        raise ConfigurationError(f"{where}: a constant must have a value")
    replaced = value.get("values") or {}
    if not isinstance(replaced, dict):
        raise ConfigurationError(f"{where}: values must be from: to pairs")
    return Value(
        column=str(value.get("column", "")),
        constant=_text(value.get("constant", "")),
        present=str(value.get("present", "")),
        formats=_formats(value.get("format"), f"{where}: format"),
        values=tuple(
            (_text(old), None if new is None else _text(new)) for old, new in replaced.items()
        ),
    )


def _condition(text: Any, where: str) -> Condition:
    found = _CONDITION.fullmatch(str(text).strip())
    if not found:
        raise ConfigurationError(
            f"{where}: {text!r} is none of `column is present`, `column is absent`, "
            "`column = value`, `column != value`"
        )
    column = found["column"]
    match found["is"] or found["op"]:
        case "present":
            return Condition(column, "present")
        case "absent":
            return Condition(column, "absent")
        case "=":
            return Condition(column, "=", found["to"])
        case _:
            return Condition(column, "!=", found["to"])


def _text(value: Any) -> str:
    """A YAML scalar as a file would spell it: true, not True."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _check(value: Any, known: set[str], required: set[str], where: str) -> None:
    if not isinstance(value, dict):
        raise ConfigurationError(f"{where}: expected the keys {', '.join(sorted(known))}")
    check_keys(value, known, required, where)


def _list(value: Any, where: str) -> list[Any]:
    if not isinstance(value, list):
        raise ConfigurationError(f"{where}: expected a list, got {value!r}")
    return value
