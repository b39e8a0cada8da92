"""What must hold of the sales process as data: its stages in order, and nothing dated beside them.

A table belongs to the process when it names pipelines: one that is added is checked as well.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date
from itertools import pairwise

from warehouse.policy_rows import Files, PolicyFile, PolicyProblem, PolicyRow, Value, shown
from warehouse.policy_tables import POLICY_TABLES, PolicyTable

STAGES = "process_stage"
UNDECIDED = "?"
"""Stands in `stage_map.stage_id` where `closebook process init` could not tell: somebody must."""

PROGRESS = ("open", "won", "collected")
"""The kinds of stage that a deal comes through, in this order; the others end it anywhere."""

EVIDENCE_FIELDS = frozenset(
    {
        "discovery_completed_at",
        "proposal_sent_at",
        "customer_committed_at",
        "contract_signed_at",
    }
)
"""Dated fields of an opportunity that can show a milestone."""

Span = tuple[date, date]
"""First day, and the first day after."""


def _has(table: PolicyTable, column: str) -> bool:
    return column in {name for name, _ in table.columns}


PROCESS_TABLES = frozenset(
    name for name, table in POLICY_TABLES.items() if _has(table, "pipeline_id")
)
HELD_THROUGHOUT = frozenset({STAGES, "stage_map", "stage_probability", "pipeline"})
"""Tables in which nothing may rest: what comes back after some days leaves these days without a
stage, a name or a number. A rule or a milestone may."""

PARENTS = {"stage_id": STAGES, "milestone_id": "process_milestone"}
"""Column -> the table that says when what it names is there."""


def faults(files: Files) -> Iterator[PolicyProblem]:
    """What no build could read rightly. A row with a fault of its own is not judged further."""
    if STAGES in files:
        yield from _orders(files[STAGES])
        yield from _of_no_stage(files)
    yield from _parts(files)


def gaps(files: Files) -> Iterator[PolicyProblem]:
    """What lands, and surprises later: days on which a name, a stage or an end is missing."""
    if STAGES not in files:
        return
    for name, file in files.items():
        if name in HELD_THROUGHOUT:
            yield from _holes(file)
        for column, parent in PARENTS.items():
            if name in PROCESS_TABLES - {parent} and parent in files and _has(file.table, column):
                yield from _beside(file, column, files[parent])
    yield from _without_kind(files[STAGES])
    if "stage_entry_rule" in files:
        yield from _never_blocks(files["stage_entry_rule"])


def _orders(stages: PolicyFile) -> Iterator[PolicyProblem]:
    """Stages of a pipeline that stand in each other's way on any one day."""
    for row in stages.rows:
        order, kind = row.values["stage_order"], row.values["kind"]
        assert isinstance(order, int)
        if order < 1:
            yield _problem(
                stages, row, "stage_order", "stages are counted from 1", "Write 1, 2, ..."
            )
            continue
        for other in stages.rows:
            if other is row or kind not in PROGRESS or not _at_once(row, other):
                continue
            theirs = other.values["stage_order"]
            assert isinstance(theirs, int)
            named = f"{other.values['stage_id']} (line {other.line})"
            if other.values["kind"] == kind == "collected" and other.line < row.line:
                yield _problem(
                    stages, row, "kind",
                    f"{named} is of kind collected too: cash would count twice",
                    "Keep one collected stage a pipeline",
                )  # fmt: skip
                break
            if other.values["kind"] in PROGRESS and theirs == order and other.line < row.line:
                yield _problem(
                    stages, row, "stage_order",
                    f"{named} has the same order on the same days",
                    "Give each stage a number of its own",
                )  # fmt: skip
                break
            if theirs > order and _comes_before(other, row):
                yield _problem(
                    stages, row, "stage_order",
                    f"a stage of kind {kind} comes before {named}, which is "
                    f"{other.values['kind']}",
                    f"Number them {', then '.join(PROGRESS)}",
                )  # fmt: skip
                break


def _comes_before(one: PolicyRow, other: PolicyRow) -> bool:
    """Whether the kind of `one` belongs before that of `other`."""
    first, second = one.values["kind"], other.values["kind"]
    return first in PROGRESS and PROGRESS.index(str(first)) < PROGRESS.index(str(second))


def _at_once(one: PolicyRow, other: PolicyRow) -> bool:
    return (
        one.values["pipeline_id"] == other.values["pipeline_id"]
        and one.values["stage_id"] != other.values["stage_id"]
        and max(one.valid_from, other.valid_from) < min(one.valid_to, other.valid_to)
    )


def _of_no_stage(files: Files) -> Iterator[PolicyProblem]:
    """Rows whose stage nobody decided yet, or which is one of another pipeline."""
    pairs = {(row.values["pipeline_id"], row.values["stage_id"]) for row in files[STAGES].all_rows}
    for name in sorted(PROCESS_TABLES & files.keys() - {STAGES}):
        file = files[name]
        for row in file.all_rows if _has(file.table, "stage_id") else ():
            pipeline, stage = row.values["pipeline_id"], row.values["stage_id"]
            there = sorted(shown(one) for of, one in pairs if pipeline in (of, "*"))
            fix = (
                f"Write one of {', '.join(dict.fromkeys(there))}"
                if there
                else f"pipeline {shown(pipeline)!r} has no stages: add them to {STAGES}.csv first"
            )
            if stage == UNDECIDED:
                yield _problem(file, row, "stage_id", "nobody has decided which stage this is", fix)
            elif (
                pipeline in {of for of, _ in pairs}
                and stage in {one for _, one in pairs}
                and (pipeline, stage) not in pairs
            ):
                why = f"the pipeline {shown(pipeline)} has no such stage"
                yield _problem(file, row, "stage_id", why, fix)


def _parts(files: Files) -> Iterator[PolicyProblem]:
    """Milestones that nothing could meet or weigh, parts of no pipeline, pipelines of two types."""
    types: dict[Value, Value] = {}
    for name in sorted({"pipeline", "process_milestone", "process_step"} & files.keys()):
        for row in files[name].rows:
            values = row.values
            weight = values.get("weight")
            kind = types.setdefault(values["pipeline_id"], values.get("pipeline_type"))
            faults: list[tuple[str, str, str]] = []
            if values["pipeline_id"] == "*":
                faults.append(("pipeline_id", "it is of one pipeline", "Write a row a pipeline"))
            if name == "pipeline" and values["pipeline_type"] != kind:
                why = f"the pipeline was of type {shown(kind)}, and keeps it"
                fix = "Open another pipeline for another kind of process"
                faults.append(("pipeline_type", why, fix))
            if name == "process_milestone" and not _is_evidence(shown(values["evidence"])):
                ways = f"{', '.join(sorted(EVIDENCE_FIELDS))}, contact_role:<role>, activity:<type>"
                faults.append(("evidence", "nothing shows it", f"Use one of {ways}"))
            if isinstance(weight, int) and weight < 1:
                faults.append(("weight", "it weighs nothing", "Write 1, 2, ..."))
            for field, why, fix in faults:
                yield _problem(files[name], row, field, why, fix)


def _is_evidence(text: str) -> bool:
    kind, _, what = text.partition(":")
    return text in EVIDENCE_FIELDS or (kind in ("contact_role", "activity") and what != "")


def _holes(file: PolicyFile) -> Iterator[PolicyProblem]:
    """Keys that are there, away, and there again, with no wider row for the days between."""
    by_key: defaultdict[tuple[Value, ...], list[PolicyRow]] = defaultdict(list)
    for row in file.rows:
        by_key[tuple(row.values[name] for name in file.table.key)].append(row)
    for rows in by_key.values():
        wider = [_span(other) for other in file.rows if _covers(file.table, other, rows[0])]
        for earlier, later in pairwise(sorted(rows, key=lambda row: row.valid_from)):
            missing = _left((earlier.valid_to, later.valid_from), wider)
            if missing:
                first, after = missing[0]
                yield _problem(
                    file, later, "valid_from",
                    f"a hole: from {first} to {after} (exclusive) no row of this key is valid, "
                    f"before it line {earlier.line}",
                    f"Let line {earlier.line} end on {after}, or this one begin on {first}",
                )  # fmt: skip


def _covers(table: PolicyTable, other: PolicyRow, row: PolicyRow) -> bool:
    return all(other.values[name] in (row.values[name], "*") for name in table.key)


def _beside(file: PolicyFile, column: str, parents: PolicyFile) -> Iterator[PolicyProblem]:
    """Rows that are valid on days on which the stage or milestone that they name is not."""
    unsure = {row.values[column] for row in parents.faulty}
    kind = column.removesuffix("_id")
    for row in file.rows:
        pipeline, named = row.values["pipeline_id"], row.values[column]
        valid = [
            _span(one)
            for one in parents.rows
            if one.values[column] == named and pipeline in (one.values["pipeline_id"], "*")
        ]
        beside = _left(_span(row), valid) if valid and named not in unsure else []
        if beside:
            first, after = beside[0]
            until = "on" if after == date.max else f"to {after} (exclusive)"
            is_early = first == row.valid_from and after < row.valid_to
            yield _problem(
                file, row, "valid_from" if first == row.valid_from else "valid_to",
                f"{shown(named)} is no {kind} of {shown(pipeline)} from {first} {until}",
                f"Begin the row on {after}" if is_early
                else f"End the row on {first}, or keep the {kind} for as long",
            )  # fmt: skip


def _without_kind(stages: PolicyFile) -> Iterator[PolicyProblem]:
    """Pipelines in which, from some day on, nothing can be open or nothing can be won."""
    by_pipeline: defaultdict[Value, list[PolicyRow]] = defaultdict(list)
    for row in stages.rows if stages.is_whole else ():
        by_pipeline[row.values["pipeline_id"]].append(row)
    for pipeline, rows in by_pipeline.items():
        every = (min(row.valid_from for row in rows), max(row.valid_to for row in rows))
        for kind in ("open", "won"):
            missing = _left(every, [_span(row) for row in rows if row.values["kind"] == kind])
            if missing:
                yield _problem(
                    stages, rows[0], "kind",
                    f"{shown(pipeline)} has no stage of kind {kind} from {missing[0][0]} on",
                    f"Add a stage of kind {kind}, or let the others end on {missing[0][0]}",
                )  # fmt: skip


def _never_blocks(rules: PolicyFile) -> Iterator[PolicyProblem]:
    for row in rules.rows:
        since = row.values["enforced_from"]
        if isinstance(since, date) and since >= row.valid_to:
            yield _problem(
                rules, row, "enforced_from",
                f"the rule ends before ({row.valid_to}), so that it never blocks",
                "Enforce it on a day on which it is valid, or let it be a warning",
            )  # fmt: skip


def _span(row: PolicyRow) -> Span:
    return row.valid_from, row.valid_to


def _left(span: Span, taken: Sequence[Span]) -> list[Span]:
    """The parts of `span` that no other covers, in order."""
    first, after = span
    left: list[Span] = []
    for start, end in sorted(taken):
        if first < min(start, after):
            left.append((first, min(start, after)))
        first = max(first, end)
    return [*left, (first, after)] if first < after else left


def _problem(file: PolicyFile, row: PolicyRow, field: str, why: str, fix: str) -> PolicyProblem:
    return PolicyProblem(file.name, row.line, field, shown(row.values[field]), why, fix)
