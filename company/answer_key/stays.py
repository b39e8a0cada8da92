"""The stays of every case in its stages, and the marts that count them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import groupby

from company.answer_key.changes import Owners
from company.answer_key.facts import Facts, Row, known_sum, month_of, rate
from company.answer_key.funnel import COUNTED_KINDS, Entry, amount_of
from company.answer_key.measures import percentile_days, seconds_between

ENDED_KINDS = ("lost", "disqualified")


@dataclass(frozen=True)
class Stay:
    """One stay of a case in a stage, and the move into it."""

    number: int
    first: Entry
    move_kind: str
    before: Entry | None
    after: Entry | None
    is_first_in_stage: bool

    @property
    def left_at(self) -> datetime | None:
        return self.after.entered_at if self.after else None

    @property
    def seconds(self) -> int | None:
        return seconds_between(self.first.entered_at, self.left_at) if self.left_at else None


Path = list[Stay]


def paths(facts: Facts, entries: list[Entry]) -> dict[tuple[str, str], Path]:
    """(tenant, case) -> its stays, first to last; `entries` are in the order of their case."""
    of_case: dict[tuple[str, str], list[Entry]] = defaultdict(list)
    for entry in entries:
        of_case[(entry.tenant, entry.case_id)].append(entry)
    return {case: _stays(facts, _walked(walked)) for case, walked in of_case.items()}


def _walked(entries: list[Entry]) -> list[Entry]:
    """What the leads of a case did before its opportunity's first entry, then the opportunity."""
    own = [entry for entry in entries if entry.record_type == "opportunity"]
    if not own:
        return entries
    before = entries[: entries.index(own[0])]
    return [*before, *own]


def _stays(facts: Facts, entries: list[Entry]) -> Path:
    firsts = [next(group) for _, group in groupby(entries, key=lambda entry: entry.stage_id)]
    found: Path = []
    for number, entry in enumerate(firsts, start=1):
        before = firsts[number - 2] if number > 1 else None
        after = firsts[number] if number < len(firsts) else None
        is_first = all(stay.first.stage_id != entry.stage_id for stay in found)
        found.append(Stay(number, entry, _move(facts, before, entry), before, after, is_first))
    return found


def _move(facts: Facts, before: Entry | None, entry: Entry) -> str:
    if before is None:
        return "start"
    if entry.kind in ENDED_KINDS:
        return entry.kind
    if before.kind in ENDED_KINDS:
        return "reopened"
    if entry.stage_order < before.stage_order:
        return "backward"
    between = [
        row
        for row in facts.valid("process_stage", entry.entered_on, pipeline_id=entry.pipeline_id)
        if row["kind"] in COUNTED_KINDS
        and before.stage_order < int(row["stage_order"]) < entry.stage_order
    ]
    return "skip" if between else "forward"


def intervals(facts: Facts, cases: dict[tuple[str, str], Path], owners: Owners) -> list[Row]:
    """`fct_stage_interval`."""
    return [
        {
            "tenant": tenant,
            "case_id": case_id,
            "stay_number": stay.number,
            "pipeline_id": stay.first.pipeline_id,
            "opportunity_source_id": (
                case_id.partition(":")[2] if case_id.startswith("opportunity:") else None
            ),
            "stage_id": stay.first.stage_id,
            "stage_order": stay.first.stage_order,
            "stage_kind": stay.first.kind,
            "entered_at": stay.first.entered_at,
            "entered_date": stay.first.entered_on,
            "entered_month": month_of(stay.first.entered_on),
            "move_kind": stay.move_kind,
            "from_stage_id": stay.before.stage_id if stay.before else "(start)",
            "left_at": stay.left_at,
            "next_stage_id": stay.after.stage_id if stay.after else None,
            "stay_seconds": stay.seconds,
            "is_latest": stay.after is None,
            "is_first_in_stage": stay.is_first_in_stage,
            "owner_source_id_at_entry": owners.at(
                tenant, stay.first.record_type, stay.first.record_id, stay.first.entered_at
            ),
            "is_qualified": stay.first.is_qualified,
            "amount": amount_of(facts, stay.first, stay.first.entered_on),
            "currency_code": facts.currency(tenant),
        }
        for (tenant, case_id), path in cases.items()
        for stay in path
    ]


def transitions(facts: Facts, cases: dict[tuple[str, str], Path]) -> list[Row]:
    """`mart_stage_transition_by_month`."""
    moves: dict[tuple[str, str, date, str, str, str], list[tuple[Stay, Stay | None]]]
    moves = defaultdict(list)
    for (tenant, _), path in cases.items():
        for stay, left in zip(path, [None, *path], strict=False):
            origin = left.first.stage_id if left else "(start)"
            month, stage = month_of(stay.first.entered_on), stay.first.stage_id
            grain = (tenant, stay.first.pipeline_id, month, origin, stage, stay.move_kind)
            moves[grain].append((stay, left))
    rows = []
    for (tenant, pipeline_id, month, origin, stage, kind), made in moves.items():
        qualified = [stay for stay, _ in made if stay.first.is_qualified]
        unqualified = [stay for stay, _ in made if not stay.first.is_qualified]
        stayed = [left.seconds for _, left in made if left and left.seconds is not None]
        rows.append(
            {
                "tenant": tenant,
                "pipeline_id": pipeline_id,
                "move_month": month,
                "from_stage_id": origin,
                "to_stage_id": stage,
                "move_kind": kind,
                "move_count": len(made),
                "qualified_move_count": len(qualified),
                "unqualified_move_count": len(unqualified),
                "qualified_amount": _amount(facts, qualified),
                "unqualified_amount": _amount(facts, unqualified),
                "median_stay_days": percentile_days(stayed, 50),
                "currency_code": facts.currency(tenant),
            }
        )
    return rows


def _amount(facts: Facts, stays: list[Stay]) -> Decimal | None:
    return known_sum(amount_of(facts, stay.first, stay.first.entered_on) for stay in stays)


def snapshot(facts: Facts, cases: dict[tuple[str, str], Path]) -> list[Row]:
    """`mart_funnel_snapshot_by_stage`."""
    stages: dict[str, list[Row]] = defaultdict(list)
    for row in facts.valid("process_stage", facts.as_of_date):
        if row["kind"] in COUNTED_KINDS:
            stages[row["pipeline_id"]].append(row)
    rows = []
    for tenant in facts.tenants:
        for pipeline_id, counted in stages.items():
            walked = [
                path
                for (owner, _), path in cases.items()
                if owner == tenant and path[-1].first.pipeline_id == pipeline_id
            ]
            counted.sort(key=lambda row: int(row["stage_order"]))
            if not walked:
                continue
            first: int | None = None
            previous: int | None = None
            for stage, following in zip(counted, [*counted[1:], None], strict=True):
                cell = _snapshot_cell(facts, walked, stage, following)
                reached = cell["reached_count"]
                first = reached if first is None else first
                rows.append(
                    {
                        "tenant": tenant,
                        "pipeline_id": pipeline_id,
                        "stage_id": stage["stage_id"],
                        "stage_order": int(stage["stage_order"]),
                        **cell,
                        "reached_from_previous_rate": rate(reached, previous),
                        "reached_from_first_rate": rate(reached, first),
                        "currency_code": facts.currency(tenant),
                    }
                )
                previous = reached
    return rows


def _reached(path: Path, stage: Row | None) -> Entry | None:
    """The first entry of a path into a counted stage of the stage's order or a higher one."""
    if stage is None:
        return None
    order = int(stage["stage_order"])
    counted = (stay.first for stay in path if stay.first.kind in COUNTED_KINDS)
    return next((entry for entry in counted if entry.stage_order >= order), None)


def _snapshot_cell(facts: Facts, walked: list[Path], stage: Row, following: Row | None) -> Row:
    def amount(entries: list[Entry]) -> Decimal | None:
        return known_sum(amount_of(facts, entry, facts.as_of_date) for entry in entries)

    current = [path[-1].first for path in walked if path[-1].first.stage_id == stage["stage_id"]]
    qualified = [entry for entry in current if entry.is_qualified]
    reached = [entry for entry in (_reached(path, stage) for path in walked) if entry]
    lost = [
        path
        for path in walked
        if path[-1].first.kind in ENDED_KINDS
        and _reached(path, stage)
        and not _reached(path, following)
    ]
    reached_qualified = sum(entry.is_qualified for entry in reached)
    return {
        "current_count": len(current),
        "qualified_current_count": len(qualified),
        "current_amount": amount(current),
        "qualified_current_amount": amount(qualified),
        "reached_count": len(reached),
        "qualified_reached_count": reached_qualified,
        "unqualified_reached_count": len(reached) - reached_qualified,
        "reached_amount": amount(reached),
        "lost_count": len(lost),
    }
