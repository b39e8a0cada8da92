"""The pipeline of a deal, the types of pipelines, and the process below its stages by versions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from company.answer_key.facts import Facts, Row, add_months

A_DAY = timedelta(days=1)
DEFAULT = "default"
NO_TYPE = "(none)"


@dataclass(frozen=True)
class Kind:
    """One kind of part: its table, what names a part, what it says, and what is only a name."""

    word: str
    table: str
    key: tuple[str, ...]
    content: tuple[str, ...]
    names: tuple[str, ...]


KINDS = (
    Kind(
        "stage",
        "process_stage",
        ("stage_id",),
        ("stage_order", "kind"),
        ("stage_name_en", "stage_name_zh"),
    ),
    Kind(
        "milestone",
        "process_milestone",
        ("milestone_id",),
        ("stage_id", "milestone_order", "evidence", "is_required", "weight"),
        ("milestone_name_en", "milestone_name_zh"),
    ),
    Kind(
        "step",
        "process_step",
        ("milestone_id", "step_id"),
        ("step_order", "activity_type", "is_required"),
        ("step_name_en", "step_name_zh"),
    ),
    Kind(
        "rule",
        "stage_entry_rule",
        ("rule_id",),
        ("pipeline_id", "stage_id", "predicate", "predicate_at_entry"),
        ("description_en", "description_zh"),
    ),
)
DONE_TO_PARTS = ("added", "removed", "renamed", "changed")
COMPARED = {
    "mart_cycle_time_by_close_month_stage": "close_month",
    "mart_win_rate_by_close_month": "close_month",
    "mart_stage_transition_by_month": "move_month",
    "mart_funnel_stage_conversion_by_cohort_month": "cohort_month",
}
"""Mart -> its month, where it says whether that compares with the month before."""


def pipeline_type(facts: Facts, pipeline_id: str) -> str:
    for row in facts.policy.get("pipeline", []):
        if row["pipeline_id"] == pipeline_id:
            return str(row["pipeline_type"])
    return "opportunity"


def is_new_business(facts: Facts, pipeline_id: str) -> bool:
    """What tables without a pipeline count of deals and stays."""
    return pipeline_type(facts, pipeline_id) == "opportunity"


def pipeline_of(facts: Facts, tenant: str, deal: str) -> str:
    """The pipeline of an opportunity, by the type of its record now; no record names one itself."""
    type_now = facts.of("opportunity", tenant)[deal]["Type"] or NO_TYPE
    rows = [
        row
        for row in facts.valid("pipeline_map", facts.as_of_date, source_system="salesforce")
        if row["tenant"] in (tenant, "*") and row["opportunity_type"] in (type_now, "*")
    ]
    rows.sort(key=lambda row: (row["tenant"] == "*", row["opportunity_type"] == "*"))
    return str(rows[0]["pipeline_id"]) if rows else DEFAULT


def pipeline_of_case(facts: Facts, tenant: str, case_id: str) -> str:
    """That of its opportunity; a lead that became none has the default one."""
    kind, _, record_id = case_id.partition(":")
    return pipeline_of(facts, tenant, record_id) if kind == "opportunity" else DEFAULT


def versions(facts: Facts) -> list[Row]:
    """`dim_process_version`."""
    pipelines = sorted({row["pipeline_id"] for row in facts.policy["process_stage"]})
    return [row for pipeline_id in pipelines for row in _versions(facts, pipeline_id)]


def _versions(facts: Facts, pipeline_id: str) -> list[Row]:
    parts = {kind.word: _parts(facts, kind, pipeline_id) for kind in KINDS}
    bounds = {
        bound
        for of_kind in parts.values()
        for rows in of_kind.values()
        for row in rows
        for bound in (row["valid_from"], row["valid_to"])
        if bound and bound <= facts.as_of_date.isoformat()
    }
    rows: list[Row] = []
    for day in sorted(map(date.fromisoformat, bounds)):
        happened = [
            (f"{kind.word} {'/'.join(part)}", what)
            for kind in KINDS
            for part, of_part in sorted(parts[kind.word].items())
            if (what := _change(kind, of_part, day))
        ]
        if not happened:
            continue
        is_first = not rows
        if rows:
            rows[-1].update(valid_to=day, is_current=False)
        rows.append(
            {
                "pipeline_id": pipeline_id,
                "pipeline_type": pipeline_type(facts, pipeline_id),
                "valid_from": day,
                "process_version": len(rows) + 1,
                "valid_to": None,
                "is_current": True,
                **{
                    f"{word}_count": sum(
                        _valid(of_part, day) is not None for of_part in of.values()
                    )
                    for word, of in parts.items()
                },
                **{
                    f"{what}_count": None if is_first else sum(w == what for _, w in happened)
                    for what in DONE_TO_PARTS
                },
                "changes": (
                    None if is_first else ", ".join(f"{part} {what}" for part, what in happened)
                ),
            }
        )
    return rows


def _parts(facts: Facts, kind: Kind, pipeline_id: str) -> dict[tuple[str, ...], list[Row]]:
    """Id -> its rows, of one kind of part of a pipeline."""
    found: dict[tuple[str, ...], list[Row]] = {}
    for row in facts.policy.get(kind.table, []):
        everywhere = kind.word == "rule" and row["pipeline_id"] == "*"
        if everywhere or row["pipeline_id"] == pipeline_id:
            found.setdefault(tuple(row[name] for name in kind.key), []).append(row)
    return found


def _valid(rows: list[Row], day: date) -> Row | None:
    """The row of a part that is valid on a day."""
    return next(
        (
            row
            for row in rows
            if row["valid_from"] <= day.isoformat()
            and (not row["valid_to"] or day.isoformat() < row["valid_to"])
        ),
        None,
    )


def _change(kind: Kind, rows: list[Row], day: date) -> str | None:
    """What happened to a part on a day, against the day before."""
    before, after = _valid(rows, day - A_DAY), _valid(rows, day)
    if before is None or after is None:
        return "added" if after else "removed" if before else None
    if any(before[name] != after[name] for name in kind.content):
        return "changed"
    return "renamed" if any(before[name] != after[name] for name in kind.names) else None


@dataclass(frozen=True)
class Process:
    """The versions of every pipeline's process, as rows of `dim_process_version`."""

    rows: list[Row]

    def version_on(self, pipeline_id: str, day: date) -> Row | None:
        begun = [
            row
            for row in self.rows
            if row["pipeline_id"] == pipeline_id and row["valid_from"] <= day
        ]
        return begun[-1] if begun else None

    def number_on(self, pipeline_id: str, day: date) -> int | None:
        row = self.version_on(pipeline_id, day)
        return row["process_version"] if row else None

    def of_month(self, pipeline_id: str, month: date) -> Row:
        """The columns that a mart by month carries."""
        row = self.version_on(pipeline_id, add_months(month, 1) - A_DAY)
        return {
            "process_version": row["process_version"] if row else None,
            "is_comparable": row is not None and row["valid_from"] <= add_months(month, -1),
        }


def carry(facts: Facts, process: Process, answers: dict[str, list[Row]]) -> None:
    """Adds what marts by month carry of the process: its type, its version, comparability."""
    for table, month in COMPARED.items():
        for row in answers[table]:
            row["pipeline_type"] = pipeline_type(facts, row["pipeline_id"])
            row.update(process.of_month(row["pipeline_id"], row[month]))
    for row in answers["mart_cycle_time_by_close_month_stage"]:
        if not row["is_comparable"]:
            row["change_in_mean_days"] = None
