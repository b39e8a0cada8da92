"""Lands the company's policy: one CSV per table, checked whole, then committed table by table.

A table lands only when its content changed. The first landing of a table is a back-fill: a row is
recorded as of its own `valid_from`, so that a past date can be built; later landings are recorded
when they are committed. What was valid before today may not change without a decision of kind
`allow_policy_change` on the very file that changes it.
"""

from __future__ import annotations

import csv
import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from itertools import pairwise
from operator import itemgetter
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import duckdb

from expectations.predicate import PredicateError
from expectations.suites.stage_entry.rules import AT_ENTRY, NOW, condition_on, empty_context
from ingestion.clock import Clock
from ingestion.landing import Landing, Manifest
from ingestion.resource import ColumnType
from ingestion.schema import Columns, rows_of
from warehouse import process
from warehouse.decisions import decisions_of_kind
from warehouse.errors import PolicyError
from warehouse.home import Home
from warehouse.landed import VALIDITY, write_load
from warehouse.met_names import without_a_stage
from warehouse.policy_rows import Files, PolicyFile, PolicyProblem, PolicyRow, Value, shown
from warehouse.policy_tables import POLICY_TABLES, PolicyTable
from warehouse.words import counted

OPTIONAL: dict[str, frozenset[str]] = {
    "access_grant": frozenset({"employee_number"}),
    "commission_plan": frozenset({"approved_by", "approved_at"}),  # checked against valid_from
    "rate_tier": frozenset({"upper_attainment"}),
    "rep_assignment": frozenset({"manager_employee_number"}),
    "stage_entry_rule": frozenset({"enforced_from"}),
    "target": frozenset(
        {"target_value", "currency_code", "baseline_value", "growth_rate", "owner"}
    ),
}
"""Columns that may be empty; every other declared one must have a value."""

ALLOWED: dict[tuple[str, str], frozenset[str]] = {
    ("pipeline", "pipeline_type"): frozenset({"prospecting", "opportunity", "growth"}),
    ("process_stage", "kind"): frozenset({"open", "won", "collected", "lost", "disqualified"}),
    ("stage_entry_rule", "severity"): frozenset({"critical", "warning"}),
    ("service_level", "severity"): frozenset({"critical", "warning"}),
    ("stage_map", "record_type"): frozenset({"lead", "opportunity"}),
    ("traffic_light", "light"): frozenset({"red", "yellow", "green"}),
    ("target", "scope_kind"): frozenset({"tenant", "region", "rep"}),
    ("target", "period_type"): frozenset({"year", "quarter", "month"}),
    ("target", "method"): frozenset({"working_days", "seasonal_working_days", "guide_4x5"}),
}
"""Columns with a closed list of values."""

SHARES = frozenset({"max_failed_rate", "max_unknown_rate", "probability_rate"})
"""Columns that are a share of a whole: 0..1."""


@dataclass(frozen=True, slots=True)
class PolicyReport:
    """What a landing did: the loads committed, and the tables whose content had not changed."""

    landed: tuple[Manifest, ...]
    unchanged: tuple[str, ...]


def check_policy(
    folder: Path, store: Landing, decisions: Landing, clock: Clock
) -> list[PolicyFile]:
    """Reads and checks every policy file. Raises PolicyError with all problems of all files."""
    files, problems = policy_problems(folder, store, decisions, clock)
    if problems:
        raise policy_error(folder, problems)
    return list(files.values())


def policy_error(folder: Path, problems: Sequence[PolicyProblem]) -> PolicyError:
    """The refusal of a folder, with every problem of it."""
    return PolicyError(f"{folder} holds {counted(len(problems), 'problem')}", tuple(problems))


def check_process(folder: Path, home: Home, clock: Clock) -> list[PolicyFile]:
    """Reads and checks the tables of the sales process: all that landing asks of them, that no
    name, stage or end is missing on any day, and that every name which the last build met has a
    stage. Raises PolicyError with all problems at once.
    """
    files, found = policy_problems(folder, Landing(home.policy), Landing(home.decisions), clock)
    aside = POLICY_TABLES.keys() - process.PROCESS_TABLES - {"setting", "tenant"}
    problems = [problem for problem in found if Path(problem.file).stem not in aside]
    problems = sorted([*problems, *process.gaps(files), *without_a_stage(files, home)], key=_place)
    if problems:
        raise policy_error(folder, problems)
    return [file for name, file in files.items() if name in process.PROCESS_TABLES]


def policy_problems(
    folder: Path, store: Landing, decisions: Landing, clock: Clock
) -> tuple[Files, list[PolicyProblem]]:
    """Every file in the order of references, and all that is wrong with them, at once.

    What cannot be judged before another fault is repaired is not: a file with a fault of its own is
    not compared with the past.
    """
    files, problems = read_policy(folder)
    problems += [
        *_references(files),
        *process.faults(files),
        *_rules(files),
        *_plans(files),
        *_of_every_tenant(files),
        *_late_days(files),
        *_seasons(files),
        *_targets(files),
        *_changed_pasts(files, store, decisions, clock),
    ]
    return files, sorted(problems, key=_place)


def _place(problem: PolicyProblem) -> tuple[int, int]:
    """Files in the order of references, those of no table first; lines in their own."""
    tables = list(POLICY_TABLES)
    stem = Path(problem.file).stem
    return (tables.index(stem) if stem in tables else -1, problem.row)


def land_policy(folder: Path, store: Landing, decisions: Landing, clock: Clock) -> PolicyReport:
    """Lands the tables whose content changed, referenced tables before those that refer to them.

    Raises PolicyError, with every problem, before anything is committed.
    """
    landed: list[Manifest] = []
    unchanged: list[str] = []
    try:
        files = check_policy(folder, store, decisions, clock)
    except PolicyError as error:
        raise PolicyError(f"{error}; nothing was landed", error.problems) from None
    for file in files:
        last = store.latest("policy", "house", file.table.name)
        if last is None and not (folder / file.name).is_file():
            continue  # the first landing is still to come, and knows its rows from their valid_from
        content = _content_sha256(file)
        if last is not None and last.extra.get("content_sha256") == content:
            unchanged.append(file.table.name)
            continue
        now = clock.now()
        names = _column_names(file.table)
        with store.open_load("policy", "house", file.table.name) as load:
            landed.append(
                write_load(
                    load,
                    file.table.columns + VALIDITY,
                    [tuple(row.values[name] for name in names) for row in file.rows],
                    now=now,
                    recorded_at=[
                        min(_midnight(row.valid_from, UTC), now) if last is None else now
                        for row in file.rows
                    ],
                    is_backfill=last is None,
                    extra={"content_sha256": content, "file_sha256": file.sha256},
                )
            )
    return PolicyReport(tuple(landed), tuple(unchanged))


def setting(store: Landing, name: str, on: date) -> str | None:
    """The value of a setting on a date, from the last landing; None when it has none."""
    for row in landed_rows(store, POLICY_TABLES["setting"]):
        if row.values["name"] == name and row.valid_from <= on < row.valid_to:
            return str(row.values["value"])
    return None


def house_timezone(store: Landing, on: date) -> ZoneInfo:
    """The house's reporting timezone on a date. Raises PolicyError when no policy says one."""
    name = setting(store, "reporting_timezone", on)
    if name is None:
        raise PolicyError(
            f"no landed policy says which reporting_timezone is valid on {on}; land one with "
            "`closebook policy land FOLDER` (setting.csv, name reporting_timezone)",
            (),
        )
    return ZoneInfo(name)


def landed_rows(
    store: Landing,
    table: PolicyTable,
    *,
    known_at: datetime | None = None,
    until: int | None = None,
) -> list[PolicyRow]:
    """The rows of the last accepted landing of a table, up to the commit `until`; none when it
    never landed.

    With `known_at`, what was known by then: the first landing knows each row from its `valid_from`.
    """
    landings = [
        load
        for load in store.accepted(until=until)
        if (load.source, load.resource) == ("policy", table.name)
        and (
            known_at is None
            or load.is_backfill
            or datetime.fromisoformat(load.recorded_at) < known_at
        )
    ]
    names = _column_names(table)
    columns = table.columns + VALIDITY + _OF_THE_LOAD
    found = sorted(rows_of(store, landings[-1:], columns), key=itemgetter(-1))
    return [
        PolicyRow(0, dict(zip(names, row, strict=False)))
        for row in found
        if known_at is None or row[-2].replace(tzinfo=UTC) < known_at
    ]


_OF_THE_LOAD: Columns = (("_recorded_at", "timestamp"), ("_row_number", "bigint"))


def read_policy(folder: Path) -> tuple[Files, list[PolicyProblem]]:
    """Every table's file in declaration order, which is the order of references, and what is wrong
    with each by itself.
    """
    problems: list[PolicyProblem] = []
    files: dict[str, PolicyFile] = {}
    if not folder.is_dir():
        return {}, [
            PolicyProblem(
                str(folder),
                0,
                "",
                "",
                "there is no such folder",
                "Name the folder with the policy's CSV files",
            )
        ]
    for path in sorted(folder.glob("*.csv")):
        if path.stem not in POLICY_TABLES:
            problems.append(
                PolicyProblem(
                    path.name,
                    0,
                    "",
                    "",
                    "no policy table has this name",
                    f"Use one of {', '.join(sorted(POLICY_TABLES))}",
                )
            )
    for table in POLICY_TABLES.values():
        path = folder / f"{table.name}.csv"
        if not path.is_file() and table.is_optional:
            nothing = hashlib.sha256(b"").hexdigest()
            files[table.name] = PolicyFile(table, path.name, nothing, ())
            continue
        if not path.is_file():
            header = ",".join(_column_names(table))
            problems.append(
                PolicyProblem(
                    path.name,
                    0,
                    "",
                    "",
                    "the file is missing",
                    f"Add it; with no rows it is the one line {header}",
                )
            )
            continue
        file, faults = _read_file(path, table)
        if file is not None:
            files[table.name] = file
        problems += faults
    return files, problems


def _read_file(path: Path, table: PolicyTable) -> tuple[PolicyFile | None, list[PolicyProblem]]:
    """The file with its faults; None when not every row of it can be told."""
    content = path.read_bytes()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        return None, [
            PolicyProblem(
                path.name, line, "", "", "this line is not UTF-8", "Save the file as UTF-8"
            )
        ]
    reader = csv.reader(text.splitlines(keepends=True), strict=True)
    header = next(reader, [])
    names = _column_names(table)
    faults = [
        *(
            PolicyProblem(
                path.name,
                1,
                name,
                "",
                f"{table.name} has no such column",
                f"Remove it, or use one of {', '.join(names)}",
            )
            for name in header
            if name not in names
        ),
        *(
            PolicyProblem(path.name, 1, name, "", "the column is missing", "Add it to the header")
            for name in names
            if name not in header
        ),
        *(
            PolicyProblem(path.name, 1, name, "", "the column stands twice", "Keep one of them")
            for name in sorted({name for name in header if header.count(name) > 1})
        ),
    ]
    if faults:
        return None, faults
    types: dict[str, ColumnType] = dict(table.columns + VALIDITY)
    rows: list[PolicyRow] = []
    faulty: list[PolicyRow] = []
    dated: list[PolicyRow] = []
    of_its_key = {*table.key, "valid_from", "valid_to"}
    try:
        for cells in reader:
            line = reader.line_num
            if not cells:
                continue
            if len(cells) != len(header):
                faults.append(
                    PolicyProblem(
                        path.name,
                        line,
                        "",
                        "",
                        f"the row has {len(cells)} values for {len(header)} columns",
                        "Quote values that hold a comma"
                        if len(cells) > 1
                        else "Separate values by commas, in this line and in the header",
                    )
                )
            values, wrong = _typed_row(
                path.name, line, table, types, dict(zip(header, cells, strict=False))
            )
            row = PolicyRow(line, {name: values.get(name) for name in names})
            if len(cells) != len(header):
                # Its first values may be what others refer to; of the rest nothing can be said.
                faulty.append(row)
                continue
            faults += wrong
            (faulty if wrong else rows).append(row)
            if not of_its_key & {fault.field for fault in wrong}:
                dated.append(row)
    except csv.Error as error:
        faults.append(
            PolicyProblem(
                path.name,
                reader.line_num,
                "",
                "",
                f"not valid CSV: {error}",
                "Close the quoted value",
            )
        )
        return None, faults
    faults += _validity(path.name, table, dated)
    sha256 = hashlib.sha256(content).hexdigest()
    file = PolicyFile(table, path.name, sha256, tuple(rows), tuple(faulty), is_whole=not faults)
    return file, faults


def _typed_row(
    file: str,
    line: int,
    table: PolicyTable,
    types: Mapping[str, ColumnType],
    cells: Mapping[str, str],
) -> tuple[dict[str, Value], list[PolicyProblem]]:
    values: dict[str, Value] = {}
    faults: list[PolicyProblem] = []
    optional = OPTIONAL.get(table.name, frozenset()) | {"valid_to"}
    for name, cell in cells.items():
        if cell == "":
            values[name] = None
            if name not in optional:
                faults.append(
                    PolicyProblem(file, line, name, "", "the value is missing", "Fill it in")
                )
            continue
        try:
            values[name] = parse_value(cell, types[name])
        except ValueError as error:
            faults.append(PolicyProblem(file, line, name, cell, str(error), "Correct the value"))
            continue
        allowed = ALLOWED.get((table.name, name))
        if allowed is not None and cell not in allowed:
            faults.append(
                PolicyProblem(
                    file,
                    line,
                    name,
                    cell,
                    "not a value of this column",
                    f"Use one of {', '.join(sorted(allowed))}",
                )
            )
        if name in SHARES and not 0 <= Decimal(cell) <= 1:
            faults.append(
                PolicyProblem(
                    file, line, name, cell, "a share lies between 0 and 1", "Write 15% as 0.15"
                )
            )
        if name == "max_age_hours" and int(cell) < 1:
            faults.append(
                PolicyProblem(
                    file, line, name, cell, "no load is that young", "Write whole hours, 1 or more"
                )
            )
        is_zone = name == "reporting_timezone" or cells.get("name") == "reporting_timezone"
        if is_zone and name in ("reporting_timezone", "value") and not _is_zone(cell):
            faults.append(
                PolicyProblem(
                    file, line, name, cell, "no such timezone", "Use a name like Asia/Shanghai"
                )
            )
        is_currency = name == "currency_code" or name.endswith("_currency")
        if is_currency and not re.fullmatch(r"[A-Z]{3}", cell):
            faults.append(
                PolicyProblem(
                    file,
                    line,
                    name,
                    cell,
                    "not a currency code",
                    "Use three capital letters, ISO 4217",
                )
            )
    return values, faults


def parse_value(cell: str, kind: ColumnType) -> Value:
    """One cell as its declared type. Raises ValueError with what the type looks like."""
    readers: dict[ColumnType, tuple[Callable[[str], Value], str]] = {
        "string": (str, "text"),
        "json": (str, "text"),
        "int": (_whole, "a whole number"),
        "bigint": (_whole, "a whole number"),
        "boolean": (_truth, "true or false"),
        "date": (_day, "a date, YYYY-MM-DD"),
        "timestamp": (_instant, "a UTC time, YYYY-MM-DD HH:MM:SS"),
        "decimal(18,2)": (lambda text: _amount(text, 2), "a number with at most 2 decimals"),
        "decimal(18,6)": (lambda text: _amount(text, 6), "a number with at most 6 decimals"),
    }
    read, expected = readers[kind]
    try:
        return read(cell)
    except (ValueError, InvalidOperation):
        raise ValueError(f"expected {expected}") from None


def _whole(text: str) -> int:
    if not re.fullmatch(r"-?\d+", text):
        raise ValueError
    return int(text)


def _truth(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError
    return text == "true"


def _day(text: str) -> date:
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        raise ValueError
    return date.fromisoformat(text)


def _instant(text: str) -> datetime:
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}:\d{2}", text):
        raise ValueError
    return datetime.fromisoformat(text)


def _amount(text: str, places: int) -> Decimal:
    if not re.fullmatch(rf"-?\d{{1,{18 - places}}}(\.\d{{1,{places}}})?", text):
        raise ValueError
    return Decimal(text).quantize(Decimal(1).scaleb(-places))


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, IsADirectoryError):
        return False
    return True


def _validity(file: str, table: PolicyTable, rows: Sequence[PolicyRow]) -> Iterator[PolicyProblem]:
    """Rows that end before they begin, and rows of one key that overlap."""
    by_key: defaultdict[tuple[Value, ...], list[PolicyRow]] = defaultdict(list)
    for row in rows:
        if row.valid_to <= row.valid_from:
            yield PolicyProblem(
                file,
                row.line,
                "valid_to",
                shown(row.values["valid_to"]),
                f"it is not after valid_from ({row.valid_from})",
                "valid_to is the first day on which the row no longer applies",
            )
            continue
        by_key[tuple(row.values[name] for name in table.key)].append(row)
    for key, group in by_key.items():
        group.sort(key=lambda row: (row.valid_from, row.line))
        for earlier, later in pairwise(group):
            if later.valid_from < earlier.valid_to:
                named = ", ".join(
                    f"{name}={shown(value)}" for name, value in zip(table.key, key, strict=True)
                )
                yield PolicyProblem(
                    file,
                    later.line,
                    "valid_from",
                    str(later.valid_from),
                    f"overlaps line {earlier.line} of the same key ({named}), which is valid until "
                    f"{shown(earlier.values['valid_to']) or 'further notice'}",
                    f"End line {earlier.line} with valid_to={later.valid_from}",
                )


REFERENCES: tuple[tuple[str, str, str, str], ...] = (
    ("stage_map", "tenant", "tenant", "tenant"),
    ("stage_map", "pipeline_id", "process_stage", "pipeline_id"),
    ("stage_map", "stage_id", "process_stage", "stage_id"),
    ("stage_entry_rule", "pipeline_id", "process_stage", "pipeline_id"),
    ("stage_entry_rule", "stage_id", "process_stage", "stage_id"),
    ("plan_component", "plan_id", "commission_plan", "plan_id"),
    ("rate_tier", "component_id", "plan_component", "component_id"),
    ("plan_assignment", "tenant", "tenant", "tenant"),
    ("plan_assignment", "plan_id", "commission_plan", "plan_id"),
    ("quota", "tenant", "tenant", "tenant"),
    ("pipeline", "pipeline_id", "process_stage", "pipeline_id"),
    ("pipeline_map", "tenant", "tenant", "tenant"),
    ("pipeline_map", "pipeline_id", "process_stage", "pipeline_id"),
    ("process_milestone", "pipeline_id", "process_stage", "pipeline_id"),
    ("process_milestone", "stage_id", "process_stage", "stage_id"),
    ("process_step", "pipeline_id", "process_milestone", "pipeline_id"),
    ("process_step", "milestone_id", "process_milestone", "milestone_id"),
    ("stage_probability", "pipeline_id", "process_stage", "pipeline_id"),
    ("stage_probability", "stage_id", "process_stage", "stage_id"),
    ("traffic_light", "pipeline_id", "process_stage", "pipeline_id"),
    ("traffic_light", "stage_id", "process_stage", "stage_id"),
    ("rep_assignment", "tenant", "tenant", "tenant"),
    ("rep_assignment", "manager_employee_number", "rep_assignment", "employee_number"),
    ("working_day", "tenant", "tenant", "tenant"),
    ("target_season", "tenant", "tenant", "tenant"),
    ("target", "tenant", "tenant", "tenant"),
    ("service_level", "tenant", "tenant", "tenant"),
    ("access_grant", "tenant", "tenant", "tenant"),
)
"""(table, column) names a row of (table, column). `*` means every one and always resolves; an empty
value names none."""


def _references(files: Files) -> Iterator[PolicyProblem]:
    for table, column, target, target_column in REFERENCES:
        if table not in files or target not in files:
            continue
        known = {row.values[target_column] for row in files[target].all_rows}
        for row in files[table].all_rows:
            value = row.values[column]
            if value is not None and value not in known and value not in ("*", process.UNDECIDED):
                yield PolicyProblem(
                    files[table].name,
                    row.line,
                    column,
                    shown(value),
                    f"{target}.csv has no such {target_column}",
                    f"Correct it, or add it to {target}.csv",
                )
    if "setting" in files and files["setting"].is_whole and house_zone(files) is None:
        yield PolicyProblem(
            files["setting"].name,
            0,
            "name",
            "reporting_timezone",
            "the house needs its reporting timezone",
            "Add the row reporting_timezone,<zone>,<valid_from>,",
        )


def house_zone(files: Files) -> ZoneInfo | None:
    """The first reporting timezone of the settings; None when they name none."""
    for row in files["setting"].rows if "setting" in files else ():
        if row.values["name"] == "reporting_timezone":
            return ZoneInfo(str(row.values["value"]))
    return None


def _rules(files: Files) -> Iterator[PolicyProblem]:
    """Entry rules that the stage-entry gate could not read: it is asked, by its own parser."""
    if "stage_entry_rule" not in files:
        return
    rules = files["stage_entry_rule"]
    with duckdb.connect() as connection:
        context = empty_context(connection)
        for row in rules.all_rows:
            for column, readable in (("predicate", NOW), ("predicate_at_entry", AT_ENTRY)):
                predicate = row.values[column]
                if predicate is None:
                    continue
                try:
                    condition_on(connection, context, str(predicate), readable)
                except PredicateError as error:
                    yield PolicyProblem(
                        rules.name,
                        row.line,
                        column,
                        str(predicate),
                        str(error),
                        "Write one condition, e.g. amount > 0",
                    )
            field = row.values["field"]
            if field is not None and field not in NOW:
                yield PolicyProblem(
                    rules.name,
                    row.line,
                    "field",
                    shown(field),
                    "no such column of the stage-entry context",
                    f"Use one of {', '.join(sorted(NOW))}",
                )


def _plans(files: Files) -> Iterator[PolicyProblem]:
    """Plans that apply before they were approved."""
    zone = house_zone(files)
    if zone is None or "commission_plan" not in files:
        return
    plans = files["commission_plan"]
    for row in plans.rows:
        approved = row.values["approved_at"]
        if not row.values["approved_by"] or not isinstance(approved, datetime):
            yield PolicyProblem(
                plans.name,
                row.line,
                "approved_at",
                "",
                "the plan is not approved",
                "Fill in approved_by and approved_at; a plan applies after that",
            )
        elif approved.replace(tzinfo=UTC) >= _midnight(row.valid_from, zone):
            yield PolicyProblem(
                plans.name,
                row.line,
                "approved_at",
                shown(approved),
                f"the plan was approved after it began to apply ({row.valid_from})",
                "Start it on a later valid_from",
            )


def _of_every_tenant(files: Files) -> Iterator[PolicyProblem]:
    """Rows of every tenant in tables whose rows are one tenant's: they would apply to none."""
    for table in ("rep_assignment", "working_day", "target_season", "target"):
        if table not in files:
            continue
        for row in files[table].rows:
            if row.values["tenant"] == "*":
                yield PolicyProblem(
                    files[table].name,
                    row.line,
                    "tenant",
                    "*",
                    f"a row of {table} is one tenant's",
                    "Write one row a tenant",
                )


def _late_days(files: Files) -> Iterator[PolicyProblem]:
    """Special days that were decided after they were over: they would never apply."""
    if "working_day" not in files:
        return
    days = files["working_day"]
    for row in days.rows:
        day = row.values["day"]
        assert isinstance(day, date)
        if row.valid_from > day:
            yield PolicyProblem(
                days.name,
                row.line,
                "valid_from",
                str(row.valid_from),
                f"it is later than the day itself ({day})",
                "Write the date on which the day was announced",
            )


def _seasons(files: Files) -> Iterator[PolicyProblem]:
    """Weights of no month, or that no day can have."""
    if "target_season" not in files:
        return
    seasons = files["target_season"]
    for row in seasons.rows:
        values = row.values
        month, weight = values["month_number"], values["weight"]
        assert isinstance(month, int) and isinstance(weight, Decimal)
        faults: list[tuple[str, str, str]] = []
        if not 1 <= month <= 12:
            faults.append(("month_number", "no month has this number", "Write 1 to 12"))
        if not 0 < weight <= 10:
            faults.append(("weight", "no day weighs that", "Write a fifth more than usual as 1.20"))
        for field, why, fix in faults:
            yield PolicyProblem(seasons.name, row.line, field, shown(values[field]), why, fix)


def _targets(files: Files) -> Iterator[PolicyProblem]:
    """Targets that say no scope, growth or version. Whether one is sound is judged in the build."""
    if "target" not in files:
        return
    targets = files["target"]
    for row in targets.rows:
        values = row.values
        growth, version, start = values["growth_rate"], values["version"], values["period_start"]
        assert isinstance(version, int) and isinstance(start, date)
        faults: list[tuple[str, str, str]] = []
        if (values["scope_kind"] == "tenant") != (values["scope_id"] == "*"):
            faults.append(
                (
                    "scope_id",
                    f"it does not fit scope_kind {values['scope_kind']}",
                    "Write * for a tenant, else the region or the employee number",
                )
            )
        if isinstance(growth, Decimal) and not -1 < growth <= 10:
            faults.append(("growth_rate", "no target grows like that", "Write 15% as 0.15"))
        if version < 1:
            faults.append(("version", "versions are counted from 1", "Write 1, 2, ..."))
        if abs(start.year - row.valid_from.year) > 10:
            faults.append(("period_start", "it is far from valid_from", "Correct the year"))
        for field, why, fix in faults:
            yield PolicyProblem(targets.name, row.line, field, shown(values[field]), why, fix)


def _changed_pasts(
    files: Files, store: Landing, decisions: Landing, clock: Clock
) -> Iterator[PolicyProblem]:
    """Rows valid before today that differ from the last landing, unless a decision allows it."""
    allowed = {
        (decision.subject, decision.subject_hash)
        for decision in decisions_of_kind(decisions, "allow_policy_change")
    }
    zone = house_zone(files)
    if zone is None:
        return
    today = clock.now().astimezone(zone).date()
    for name, file in files.items():
        if (
            not file.is_whole
            or store.latest("policy", "house", name) is None
            or (name, file.sha256) in allowed
        ):
            continue
        landed = landed_rows(store, file.table)
        before = _past(landed, today)
        after = _past(file.rows, today)
        gone = [row for key, row in before.items() if key not in after]
        come = [
            row
            for key, row in after.items()
            if key not in before and not (name == "stage_map" and _is_first(row, landed, today))
        ]
        allow = (
            f"or allow it: closebook decide allow_policy_change --subject {name} "
            f"--hash {file.sha256} --reason '...'"
        )
        fix = f"Let the change begin today ({today}) or later; {allow}"
        end = f"Keep the row and end it, valid_to {today}; {allow}"
        for old in gone:
            new = next((row for row in come if _same_key(file.table, old, row)), None)
            if new is not None:
                come.remove(new)
            yield PolicyProblem(
                file.name,
                new.line if new else 0,
                "",
                "",
                f"the past changed: it was ({_telling(file.table, old, new)}), it would be "
                f"({_telling(file.table, new, old) if new else 'removed'})",
                fix if new else end,
            )
        for new in come:
            yield PolicyProblem(
                file.name,
                new.line,
                "",
                "",
                f"the past changed: there was no row, it would be ({new.text()})",
                fix,
            )


def _past(rows: Sequence[PolicyRow], today: date) -> dict[tuple[Value, ...], PolicyRow]:
    """Rows as they applied before today: later rows left out, ends in the future not looked at."""
    return {
        (
            *(value for name, value in row.values.items() if name != "valid_to"),
            min(row.valid_to, today),
        ): row
        for row in rows
        if row.valid_from < today
    }


def _is_first(row: PolicyRow, landed: Sequence[PolicyRow], today: date) -> bool:
    """Whether a stage name had no stage at all on the days before today that `row` gives it one.

    Such a name stops every build at the gate: no published version rests on its having none.
    """
    return not any(
        other.valid_from < min(row.valid_to, today)
        and row.valid_from < other.valid_to
        and all(
            row.values[name] == other.values[name]
            for name in ("source_system", "record_type", "source_stage")
        )
        and all(
            row.values[name] == other.values[name] or "*" in (row.values[name], other.values[name])
            for name in ("tenant", "pipeline_id")
        )
        for other in landed
    )


def _telling(table: PolicyTable, row: PolicyRow, other: PolicyRow | None) -> str:
    """What tells the row from the other: its key, and the values in which they differ."""
    if other is None:
        return row.text()
    return row.text(
        [name for name in row.values if name in table.key or row.values[name] != other.values[name]]
    )


def _same_key(table: PolicyTable, one: PolicyRow, other: PolicyRow) -> bool:
    return all(one.values[name] == other.values[name] for name in table.key)


def _content_sha256(file: PolicyFile) -> str:
    """The hash of the rows, whatever their order and spelling in the file."""
    rows = sorted(json.dumps([shown(value) for value in row.values.values()]) for row in file.rows)
    return hashlib.sha256("\n".join([*_column_names(file.table), *rows]).encode()).hexdigest()


def _column_names(table: PolicyTable) -> list[str]:
    return [name for name, _ in table.columns + VALIDITY]


def _midnight(day: date, zone: Any) -> datetime:
    return datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)
