"""Stage entries, their verdicts, and the conversions between stages."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from company.answer_key.cash import Cash
from company.answer_key.changes import EVIDENCE_FIELDS, Evidence, Owners
from company.answer_key.facts import (
    Facts,
    Row,
    instant,
    known_sum,
    money,
    month_of,
    rate,
    sure_instant,
)
from company.answer_key.process import pipeline_of, pipeline_of_case

COUNTED_KINDS = ("open", "won", "collected")
MATURE_BELOW = Decimal("0.05")


@dataclass(frozen=True)
class Entry:
    """One entry of a case into a stage, with the verdict of each rule that applies."""

    tenant: str
    pipeline_id: str
    case_id: str
    record_type: str
    record_id: str
    source_id: str
    stage_id: str
    stage_order: int
    kind: str
    entered_at: datetime
    entered_on: date
    then: Row
    """What the vendor's stage event carries of the deal: `stage_name`, `amount`, `currency_code`
    and `close_date`; empty for entries of leads and of collected cash."""
    verdicts: tuple[tuple[str, str, str], ...]
    """(rule_id, verdict_at_entry, verdict_now)"""

    @property
    def is_qualified(self) -> bool:
        return all(now not in ("fail", "unknown") for _, _, now in self.verdicts)


def stage_entries(facts: Facts, cash: Cash, owners: Owners) -> list[Entry]:
    """Every entry, in the order (entered_at, stage order, source id) within its case."""
    entries: list[tuple[tuple[object, ...], Entry]] = []
    for tenant in facts.tenants:
        opportunities = facts.opportunities(tenant)
        case_of_lead = _cases_of_leads(facts, tenant)
        judge = Judge(facts, tenant, owners)
        for source_id, kind, record_id, name, at, then in _events(facts, tenant):
            case_id = case_of_lead[record_id] if kind == "lead" else f"opportunity:{record_id}"
            pipeline_id = pipeline_of_case(facts, tenant, case_id)
            day = facts.local_date(at, tenant)
            stage_id = mapped_stage(facts, tenant, pipeline_id, kind, name, day)
            if stage_id is None:
                raise LookupError(f"{name} is mapped to no stage of {pipeline_id} on {day}")
            entries.append(
                _entry(
                    facts, tenant, pipeline_id, case_id, kind, record_id, stage_id, at, judge,
                    then, source_id,
                )
            )  # fmt: skip
        for (owner, opportunity_id), at in cash.collected_at.items():
            if owner == tenant and opportunity_id in opportunities:
                day = facts.local_date(at, tenant)
                pipeline_id = pipeline_of(facts, tenant, opportunity_id)
                found = facts.valid("process_stage", day, pipeline_id=pipeline_id, kind="collected")
                for stage in found[:1]:
                    entries.append(
                        _entry(
                            facts, tenant, pipeline_id, f"opportunity:{opportunity_id}",
                            "opportunity", opportunity_id, stage["stage_id"], at, judge, {},
                            f"collected:{opportunity_id}",
                        )
                    )  # fmt: skip
    entries.sort(key=lambda pair: pair[0])
    return [entry for _, entry in entries]


def _cases_of_leads(facts: Facts, tenant: str) -> dict[str, str]:
    opportunities = facts.opportunities(tenant)
    cases = {}
    for key, lead in facts.of("lead", tenant).items():
        if sure_instant(lead["CreatedDate"]) < facts.as_of_at:
            became = lead["ConvertedOpportunityId"]
            cases[key] = f"opportunity:{became}" if became in opportunities else f"lead:{key}"
    return cases


def _events(facts: Facts, tenant: str) -> Iterator[tuple[str, str, str, str, datetime, Row]]:
    """(source id, record type, record, vendor's stage, when, values at entry) of known records."""
    leads = _cases_of_leads(facts, tenant)
    for key in leads:
        created = sure_instant(facts.of("lead", tenant)[key]["CreatedDate"])
        yield f"created:{key}", "lead", key, "New", created, {}
    for key, row in facts.of("lead_history", tenant).items():
        at = sure_instant(row["CreatedDate"])
        if row["Field"] == "Status" and row["LeadId"] in leads and at < facts.as_of_at:
            yield key, "lead", row["LeadId"], row["NewValue"], at, {}
    history: dict[str, list[tuple[datetime, str, Row]]] = defaultdict(list)
    known = facts.opportunities(tenant)
    for key, row in facts.of("opportunity_history", tenant).items():
        at = sure_instant(row["CreatedDate"])
        if row["OpportunityId"] in known and at < facts.as_of_at:
            history[row["OpportunityId"]].append((at, key, row))
    for opportunity_id, rows in history.items():
        stage_before = None
        for at, key, row in sorted(rows, key=lambda entry: entry[:2]):
            if row["StageName"] != stage_before:
                then = {
                    "stage_name": row["StageName"],
                    "amount": money(row["Amount"]),
                    "currency_code": row["CurrencyIsoCode"],
                    "close_date": row["CloseDate"],
                }
                yield key, "opportunity", opportunity_id, row["StageName"], at, then
            stage_before = row["StageName"]


def mapped_stage(
    facts: Facts, tenant: str, pipeline_id: str, record_type: str, name: str, day: date
) -> str | None:
    """The stage that a vendor's name stands for on a day; None where nothing maps it."""
    rows = [
        row
        for row in facts.valid(
            "stage_map",
            day,
            source_system="salesforce",
            record_type=record_type,
            source_stage=name,
        )
        if row["tenant"] in (tenant, "*") and row["pipeline_id"] in (pipeline_id, "*")
    ]
    rows.sort(key=lambda row: (row["tenant"] == "*", row["pipeline_id"] == "*"))
    return str(rows[0]["stage_id"]) if rows else None


def _entry(
    facts: Facts,
    tenant: str,
    pipeline_id: str,
    case_id: str,
    record_type: str,
    record_id: str,
    stage_id: str,
    at: datetime,
    judge: Judge,
    then: Row,
    source_id: str,
) -> tuple[tuple[object, ...], Entry]:
    day = facts.local_date(at, tenant)
    stage = facts.valid("process_stage", day, pipeline_id=pipeline_id, stage_id=stage_id)[0]
    is_judged = record_type == "opportunity"
    verdicts = judge.verdicts(pipeline_id, record_id, stage_id, at, then) if is_judged else ()
    entry = Entry(
        tenant, pipeline_id, case_id, record_type, record_id, source_id, stage_id,
        int(stage["stage_order"]), stage["kind"], at, day, then, verdicts,
    )  # fmt: skip
    return (tenant, case_id, at, entry.stage_order, source_id), entry


class Judge:
    """Evaluates the policy's predicates in SQLite: three-valued logic of somebody else's making."""

    def __init__(self, facts: Facts, tenant: str, owners: Owners) -> None:
        self.tenant = tenant
        self.owners = owners
        self.evidence = Evidence(facts, tenant)
        self.rules = facts.valid("stage_entry_rule", facts.as_of_date)
        self.opportunities = facts.opportunities(tenant)
        self.database = sqlite3.connect(":memory:")
        self.decision_makers: dict[str, list[datetime]] = defaultdict(list)
        for row in facts.of("opportunity_contact_role", tenant).values():
            if row["Role"] == "Decision Maker":
                self.decision_makers[row["OpportunityId"]].append(sure_instant(row["CreatedDate"]))

    def verdicts(
        self, pipeline_id: str, opportunity_id: str, stage_id: str, at: datetime, then: Row
    ) -> tuple[tuple[str, str, str], ...]:
        rules = [
            rule
            for rule in self.rules
            if rule["stage_id"] == stage_id and rule["pipeline_id"] in (pipeline_id, "*")
        ]
        if not rules:
            return ()
        context = self.context(opportunity_id, at, then)
        found = []
        for rule in rules:
            at_entry = self.verdict(rule["predicate_at_entry"], context)
            now = self.verdict(rule["predicate"], context)
            if now == "pass" and at_entry == "fail":
                now = "cured"
            found.append((rule["rule_id"], at_entry, now))
        return tuple(found)

    def context(self, opportunity_id: str, at: datetime, then: Row) -> Row:
        """What a predicate may read of an entry at an instant, by column."""
        row = self.opportunities[opportunity_id]
        makers = self.decision_makers[opportunity_id]
        return {
            "entered_at": at,
            "created_at": sure_instant(row["CreatedDate"]),
            "amount": money(row["Amount"]),
            "currency_code": row["CurrencyIsoCode"],
            "close_date": row["CloseDate"],
            "owner_source_id": row["OwnerId"],
            **{name: instant(row[field]) for name, field in EVIDENCE_FIELDS.items()},
            "decision_maker_count": len(makers),
            "amount_at_entry": then.get("amount"),
            "currency_code_at_entry": then.get("currency_code"),
            "close_date_at_entry": then.get("close_date"),
            "owner_source_id_at_entry": self.owners.at(
                self.tenant, "opportunity", opportunity_id, at
            ),
            **{
                f"{name}_at_entry": value
                for name, value in self.evidence.at(opportunity_id, at).items()
            },
            "decision_maker_count_at_entry": sum(created <= at for created in makers),
        }

    def verdict(self, predicate: str, context: Row) -> str:
        """`pass`, `fail` or `unknown` of a predicate."""
        columns = ", ".join(f":{name} as {name}" for name in context)
        sql = f"select ({predicate}) from (select {columns})"  # noqa: S608  policy, not input
        values = {name: _comparable(value) for name, value in context.items()}
        (value,) = self.database.execute(sql, values).fetchone()
        return "unknown" if value is None else "pass" if value else "fail"


def _comparable(value: object) -> object:
    """A value as SQLite compares it."""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S.%f}"
    return float(value) if isinstance(value, Decimal) else value


def conversions(facts: Facts, entries: list[Entry]) -> list[Row]:
    """`mart_funnel_stage_conversion_by_cohort_month`."""
    cases: dict[tuple[str, str], list[Entry]] = defaultdict(list)
    for entry in entries:
        cases[(entry.tenant, entry.case_id)].append(entry)
    cohorts: dict[tuple[str, str, date, str, str], list[tuple[Entry, list[Entry]]]]
    cohorts = defaultdict(list)
    stages = last_counted_stages(facts)
    for (tenant, _), path in cases.items():
        first: dict[str, Entry] = {}
        for entry in path:
            first.setdefault(entry.stage_id, entry)
        for stage_id, entry in first.items():
            if entry.kind in COUNTED_KINDS:
                month = month_of(entry.entered_on)
                for to_stage, to_order in stages[entry.pipeline_id].items():
                    if to_order > entry.stage_order and to_stage != stage_id:
                        grain = (tenant, entry.pipeline_id, month, stage_id, to_stage)
                        cohorts[grain].append((entry, path))
    return [
        {
            "tenant": tenant,
            "pipeline_id": pipeline_id,
            "cohort_month": month,
            "from_stage_id": from_stage,
            "to_stage_id": to_stage,
            **_cell(facts, tenant, members, stages[pipeline_id][to_stage], to_stage),
        }
        for (tenant, pipeline_id, month, from_stage, to_stage), members in cohorts.items()
    ]


def last_counted_stages(facts: Facts) -> dict[str, dict[str, int]]:
    """Pipeline -> its counted stages, each by its last row of policy, with their orders."""
    last_rows = {
        (row["pipeline_id"], row["stage_id"]): row
        for row in sorted(facts.policy["process_stage"], key=lambda row: row["valid_from"])
    }
    stages: dict[str, dict[str, int]] = defaultdict(dict)
    for (pipeline_id, stage_id), row in last_rows.items():
        if row["kind"] in COUNTED_KINDS:
            stages[pipeline_id][stage_id] = int(row["stage_order"])
    return stages


def _cell(
    facts: Facts, tenant: str, members: list[tuple[Entry, list[Entry]]], order: int, stage: str
) -> Row:
    def reaches(path: list[Entry]) -> bool:
        return any(e.kind in COUNTED_KINDS and e.stage_order >= order for e in path)

    reached = [(entry, path) for entry, path in members if reaches(path)]
    skipped = [path for _, path in reached if all(e.stage_id != stage for e in path)]
    still_open = [p for _, p in members if not reaches(p) and p[-1].kind in COUNTED_KINDS]
    qualified = sum(entry.is_qualified for entry, _ in members)
    qualified_reached = sum(entry.is_qualified for entry, _ in reached)
    open_rate = rate(len(still_open), len(members))
    return {
        "entered_count": len(members),
        "reached_count": len(reached),
        "skipped_count": len(skipped),
        "open_count": len(still_open),
        "conversion_rate": rate(len(reached), len(members)),
        "open_rate": open_rate,
        "is_mature": Decimal(len(still_open)) < MATURE_BELOW * len(members),
        "qualified_entered_count": qualified,
        "unqualified_entered_count": len(members) - qualified,
        "qualified_reached_count": qualified_reached,
        "unqualified_reached_count": len(reached) - qualified_reached,
        "qualified_conversion_rate": rate(qualified_reached, qualified),
        "qualified_entered_amount": known_sum(
            amount_of(facts, entry, entry.entered_on) for entry, _ in members if entry.is_qualified
        ),
        "unqualified_entered_amount": known_sum(
            amount_of(facts, entry, entry.entered_on)
            for entry, _ in members
            if not entry.is_qualified
        ),
        "currency_code": facts.currency(tenant),
    }


def amount_of(facts: Facts, entry: Entry, day: date) -> Decimal | None:
    """The amount now of the entry's deal, at the rate of a day to the tenant's; None of a lead."""
    kind, _, record_id = entry.case_id.partition(":")
    if kind != "opportunity":
        return None
    row = facts.of("opportunity", entry.tenant)[record_id]
    return facts.converted(money(row["Amount"]), entry.tenant, row["CurrencyIsoCode"], day)


def violations(facts: Facts, entries: list[Entry]) -> list[Row]:
    """`mart_stage_entry_violation_by_rule_month`."""
    current: dict[tuple[str, str], Entry] = {}
    for entry in entries:
        if entry.record_type == "opportunity":
            current[(entry.tenant, entry.record_id)] = entry
    groups: dict[tuple[str, str, str, date], list[tuple[Entry, str, str]]] = defaultdict(list)
    for entry in entries:
        for rule_id, at_entry, now in entry.verdicts:
            key = (entry.tenant, entry.pipeline_id, rule_id, month_of(entry.entered_on))
            groups[key].append((entry, at_entry, now))
    rows = []
    for (tenant, pipeline_id, rule_id, month), found in groups.items():
        at_fault = [
            amount_of(facts, entry, entry.entered_on)
            for entry, _, now in found
            if now == "fail"
            and current[(tenant, entry.record_id)] is entry
            and not facts.of("opportunity", tenant)[entry.record_id]["IsClosed"]
        ]
        violated = sum(at_entry == "fail" for _, at_entry, _ in found)
        rows.append(
            {
                "tenant": tenant,
                "pipeline_id": pipeline_id,
                "rule_id": rule_id,
                "entry_month": month,
                "entry_count": len(found),
                "failed_count": sum(now == "fail" for _, _, now in found),
                "unknown_count": sum(now == "unknown" for _, _, now in found),
                "cured_count": sum(now == "cured" for _, _, now in found),
                "violation_count": violated,
                "violation_rate": rate(violated, len(found)),
                "amount_at_fault": known_sum(at_fault),
                "currency_code": facts.currency(tenant),
            }
        )
    return rows
