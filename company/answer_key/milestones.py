"""What meets each milestone of each deal, how complete the process is, and what comes next."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_CEILING
from typing import Any

from company.answer_key.changes import EVIDENCE_FIELDS, changes_of, owner_changes, value_at
from company.answer_key.deals import Deal
from company.answer_key.delays import Standard
from company.answer_key.facts import Facts, Row, instant, month_of, rate, sure_instant
from company.answer_key.funnel import COUNTED_KINDS
from company.answer_key.process import Process
from company.answer_key.stays import Stay

Dated = list[tuple[datetime, Row]]


def is_completed(task: Row) -> bool:
    return bool(task.get("IsClosed", task["Status"] == "Completed"))


def occurred_at(task: Row) -> datetime:
    """When it was done; of what is not done, the day it is planned for, or when it was entered."""
    done_at = instant(task["CompletedDateTime"])
    if done_at is None and task["ActivityDate"]:
        return datetime.combine(date.fromisoformat(task["ActivityDate"]), time(), UTC)
    return done_at or sure_instant(task["CreatedDate"])


class Witnesses:
    """What one tenant's CRM says of its deals: fields, people, activities, and what it deleted."""

    def __init__(self, facts: Facts, tenant: str) -> None:
        self.facts = facts
        self.tenant = tenant
        self.deals = facts.opportunities(tenant)
        self.owners = owner_changes(facts, tenant)
        self.changes = {
            name: changes_of(facts, tenant, field) for name, field in EVIDENCE_FIELDS.items()
        }
        self.tasks = self._by_deal(facts.of("task", tenant), "WhatId")
        self._roles = self._by_deal(facts.of("opportunity_contact_role", tenant), "OpportunityId")
        gone = facts.deleted.get
        self._gone_tasks = self._by_deal(gone(("task", tenant), {}), "WhatId")
        self._gone_roles = self._by_deal(
            gone(("opportunity_contact_role", tenant), {}), "OpportunityId"
        )

    @staticmethod
    def _by_deal(rows: dict[str, Row], parent: str) -> dict[str, list[tuple[str, Row]]]:
        found: dict[str, list[tuple[str, Row]]] = defaultdict(list)
        for key, row in rows.items():
            found[row[parent] or ""].append((key, row))
        return found

    def done(self, deal: str, activity_type: str) -> list[datetime]:
        """When activities of a type were done, up to now."""
        return [at for at, _ in self._shown(self.tasks[deal], f"activity:{activity_type}")]

    def _shown(self, rows: list[tuple[str, Row]], evidence: str) -> Dated:
        """(when, row) of the people or activities that are the evidence, up to now."""
        kind, _, what = evidence.partition(":")
        found: Dated = []
        for _, row in rows:
            if kind == "contact_role":
                is_it = row["Role"].strip().lower().replace(" ", "_") == what
                at = sure_instant(row["CreatedDate"])
            else:
                is_it = (row["TaskSubtype"] or "").lower() == what and is_completed(row)
                at = occurred_at(row)
            if is_it and at < self.facts.as_of_at:
                found.append((at, row))
        return found

    def met_at(self, deal: str, evidence: str) -> datetime | None:
        if evidence in EVIDENCE_FIELDS:
            at = instant(self.deals[deal][EVIDENCE_FIELDS[evidence]])
            return at if at is not None and at < self.facts.as_of_at else None
        rows = self._roles if evidence.startswith("contact_role:") else self.tasks
        return min((at for at, _ in self._shown(rows[deal], evidence)), default=None)

    def removed_at(self, deal: str, evidence: str) -> datetime | None:
        """When the evidence was taken back; None when it is there, or never was."""
        if self.met_at(deal, evidence) is not None:
            return None
        if evidence in EVIDENCE_FIELDS:
            changes = self.changes[evidence][deal]
            is_empty = not self.deals[deal][EVIDENCE_FIELDS[evidence]]
            cleared = is_empty and changes and not changes[-1][2]["NewValue"]
            return changes[-1][0] if cleared else None
        rows = self._gone_roles if evidence.startswith("contact_role:") else self._gone_tasks
        shown = self._shown(rows[deal], evidence)
        return max((sure_instant(row["SystemModstamp"]) for _, row in shown), default=None)

    def owner(self, deal: str, at: datetime | None) -> str | None:
        if at is None:
            return None
        return value_at(self.owners[deal], self.deals[deal]["OwnerId"], at)


def milestones(facts: Facts, deals: list[Deal], process: Process) -> list[Row]:
    """`fct_milestone`; `_deal` and `_stay` are what a row is about."""
    witnesses = {tenant: Witnesses(facts, tenant) for tenant in facts.tenants}
    rows: list[Row] = []
    for deal in deals:
        for number, stay in enumerate(deal.path):
            following = deal.path[number + 1] if number + 1 < len(deal.path) else None
            if stay.is_first_in_stage:
                rows.extend(
                    _milestone(facts, witnesses[deal.tenant], deal, stay, following, process, row)
                    for row in facts.valid(
                        "process_milestone",
                        stay.first.entered_on,
                        pipeline_id=stay.first.pipeline_id,
                        stage_id=stay.first.stage_id,
                    )
                )
    return rows


def _milestone(
    facts: Facts,
    witnesses: Witnesses,
    deal: Deal,
    stay: Stay,
    following: Stay | None,
    process: Process,
    milestone: Row,
) -> Row:
    entry = stay.first
    met_at = witnesses.met_at(deal.source_id, milestone["evidence"])
    removed_at = witnesses.removed_at(deal.source_id, milestone["evidence"])
    steps = sorted(
        (
            row
            for row in facts.valid(
                "process_step",
                entry.entered_on,
                pipeline_id=entry.pipeline_id,
                milestone_id=milestone["milestone_id"],
            )
            if row["is_required"] == "true"
        ),
        key=lambda row: (int(row["step_order"]), row["step_id"]),
    )
    missing = [
        step
        for step in steps
        if all(
            at < entry.entered_at for at in witnesses.done(deal.source_id, step["activity_type"])
        )
    ]
    return {
        "_deal": deal,
        "tenant": deal.tenant,
        "opportunity_source_id": deal.source_id,
        "stage_id": entry.stage_id,
        "milestone_id": milestone["milestone_id"],
        "pipeline_id": entry.pipeline_id,
        "process_version": process.number_on(entry.pipeline_id, entry.entered_on),
        "milestone_order": int(milestone["milestone_order"]),
        "evidence": milestone["evidence"],
        "is_required": milestone["is_required"] == "true",
        "weight": int(milestone["weight"]),
        "stage_entered_at": entry.entered_at,
        "stage_entered_date": entry.entered_on,
        "stage_left_at": stay.left_at,
        "is_advanced": following is not None and following.move_kind in ("forward", "skip"),
        "is_qualified": entry.is_qualified,
        "met_at": met_at,
        "is_met": met_at is not None,
        "owner_source_id_when_met": witnesses.owner(deal.source_id, met_at),
        "is_met_before_stage": met_at is not None and met_at < entry.entered_at,
        "is_met_in_time": met_at is not None and (stay.left_at is None or met_at <= stay.left_at),
        "is_evidence_removed": removed_at is not None,
        "evidence_removed_at": removed_at,
        "required_step_count": len(steps),
        "done_step_count": len(steps) - len(missing),
        "next_step_id": missing[0]["step_id"] if missing else None,
        "next_step_activity_type": missing[0]["activity_type"] if missing else None,
    }


def _progress(required: list[Row]) -> Row:
    """How far required milestones are met; weights are None where there is none to weigh."""
    whole = sum(row["weight"] for row in required) if required else None
    part = sum(row["weight"] for row in required if row["is_met"]) if required else None
    return {
        "required_count": len(required),
        "met_count": sum(row["is_met"] for row in required),
        "required_weight": whole,
        "met_weight": part,
        "progress_rate": rate(part, whole),
    }


def completion(found: list[Row]) -> list[Row]:
    """`mart_process_completion_by_stage_owner_month`, of the rows of `fct_milestone`."""
    groups: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for row in found:
        groups[
            row["tenant"], row["pipeline_id"], row["stage_id"], row["_deal"].owner,
            month_of(row["stage_entered_date"]),
        ].append(row)  # fmt: skip
    rows: list[Row] = []
    for (tenant, pipeline_id, stage_id, owner, month), here in groups.items():
        by_deal: dict[str, list[Row]] = defaultdict(list)
        for row in here:
            by_deal[row["opportunity_source_id"]].append(row)
        qualified = sum(of_deal[0]["is_qualified"] for of_deal in by_deal.values())
        required = [row for row in here if row["is_required"]]
        optional = [row for row in here if not row["is_required"]]
        advanced = [of_deal for of_deal in by_deal.values() if of_deal[0]["is_advanced"]]
        unmet = [
            of_deal
            for of_deal in advanced
            if any(row["is_required"] and not row["is_met_in_time"] for row in of_deal)
        ]
        steps = sum(row["required_step_count"] for row in required)
        done = sum(row["done_step_count"] for row in required)
        rows.append(
            {
                "tenant": tenant,
                "pipeline_id": pipeline_id,
                "stage_id": stage_id,
                "owner_source_id": owner,
                "entered_month": month,
                "deal_count": len(by_deal),
                "qualified_deal_count": qualified,
                "unqualified_deal_count": len(by_deal) - qualified,
                **_progress(required),
                "met_before_stage_count": sum(row["is_met_before_stage"] for row in required),
                "removed_count": sum(row["is_evidence_removed"] for row in required),
                "optional_count": len(optional),
                "optional_met_count": sum(row["is_met"] for row in optional),
                "advanced_count": len(advanced),
                "advanced_unmet_count": len(unmet),
                "advanced_unmet_rate": rate(len(unmet), len(advanced)),
                "required_step_count": steps,
                "done_step_count": done,
                "step_rate": rate(done, steps),
            }
        )
    return rows


@dataclass(frozen=True)
class Planned:
    """The first activity that is still to be done for a deal."""

    at: datetime
    task: Row


def next_steps(facts: Facts, deals: list[Deal], found: list[Row], standard: Standard) -> list[Row]:
    """`mart_next_step`."""
    of_deal: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in found:
        of_deal[row["tenant"], row["opportunity_source_id"]].append(row)
    witnesses = {tenant: Witnesses(facts, tenant) for tenant in facts.tenants}
    return [
        _next_step(
            facts, witnesses[deal.tenant], deal, of_deal[deal.tenant, deal.source_id], standard
        )
        for deal in deals
        if deal.outcome == "open"
    ]


def _next_step(
    facts: Facts, witnesses: Witnesses, deal: Deal, found: list[Row], standard: Standard
) -> Row:
    latest = deal.path[-1].first if deal.path else None
    stage_id = latest.stage_id if latest else None
    required = [row for row in found if row["is_required"]]
    here = [row for row in required if row["stage_id"] == stage_id]
    unmet = sorted(
        (row for row in here if not row["is_met"]),
        key=lambda row: (row["milestone_order"], row["milestone_id"]),
    )
    following = _next_stage(facts, deal)
    planned = _planned(witnesses, deal.source_id)
    held = latest and standard(
        deal.tenant, deal.pipeline_id, latest.stage_id, deal.new_or_repeat, facts.as_of_month
    )
    p75 = held["standard_p75_days"] if held else None
    due_on, basis = None, None
    if planned is not None:
        day = planned.task["ActivityDate"]
        due_on = date.fromisoformat(day) if day else facts.local_date(planned.at, deal.tenant)
        basis = "activity"
    elif latest is not None and p75 is not None:
        days = int(p75.to_integral_value(ROUND_CEILING))
        due_on = facts.local_date(latest.entered_at, deal.tenant) + timedelta(days=days)
        basis = "stage_standard"
    record = witnesses.deals[deal.source_id]
    next_step = (record["NextStep"] or "").strip()
    return {
        "tenant": deal.tenant,
        "opportunity_source_id": deal.source_id,
        "pipeline_id": deal.pipeline_id,
        "owner_source_id": record["OwnerId"],
        "stage_id": stage_id,
        "stage_entered_at": latest.entered_at if latest else None,
        **_progress(here),
        "next_milestone_id": unmet[0]["milestone_id"] if unmet else None,
        "step_id": unmet[0]["next_step_id"] if unmet else None,
        "step_activity_type": unmet[0]["next_step_activity_type"] if unmet else None,
        "next_stage_id": following,
        "next_action": "meet_milestone" if unmet else "advance" if following else None,
        "unmet_elsewhere_count": sum(
            row["stage_id"] != stage_id and not row["is_met"] for row in required
        ),
        "next_activity_at": planned.at if planned else None,
        "next_activity_type": (planned.task["TaskSubtype"] or "").lower() or None
        if planned
        else None,
        "step_owner_source_id": (planned.task["OwnerId"] if planned else None) or record["OwnerId"],
        "standard_p75_days": p75,
        "due_date": due_on,
        "due_basis": basis,
        "is_overdue": due_on is not None and due_on < facts.as_of_date,
        "has_no_next_step": planned is None and not next_step,
        "amount": deal.worth(facts, facts.as_of_date),
        "is_qualified": deal.is_qualified,
        "currency_code": facts.currency(deal.tenant),
    }


def _next_stage(facts: Facts, deal: Deal) -> str | None:
    """The counted stage after the open one that the deal is in."""
    if not deal.path or deal.path[-1].first.kind != "open":
        return None
    latest = deal.path[-1].first
    later = [
        (int(row["stage_order"]), row["stage_id"])
        for row in facts.valid("process_stage", facts.as_of_date, pipeline_id=deal.pipeline_id)
        if row["kind"] in COUNTED_KINDS and int(row["stage_order"]) > latest.stage_order
    ]
    return min(later)[1] if later else None


def _planned(witnesses: Witnesses, deal: str) -> Planned | None:
    to_do = sorted(
        (occurred_at(row), key) for key, row in witnesses.tasks[deal] if not is_completed(row)
    )
    if not to_do:
        return None
    at, key = to_do[0]
    return Planned(at, dict(witnesses.tasks[deal])[key])
