"""Each stage entry against each rule: whose it was, when a fault was cured, and how often."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime
from decimal import Decimal

from company.answer_key.changes import Owners
from company.answer_key.deals import NONE
from company.answer_key.facts import Facts, Row, known_sum, rate, week_of
from company.answer_key.funnel import Entry, Judge, amount_of
from company.answer_key.measures import days, percentile, seconds_between
from company.answer_key.states import Histories, History


def entry_checks(
    facts: Facts, entries: list[Entry], owners: Owners, histories: Histories
) -> list[Row]:
    """`fct_stage_entry_check`."""
    current = {
        (entry.tenant, entry.record_id): entry
        for entry in entries
        if entry.record_type == "opportunity"
    }
    judges = {tenant: Judge(facts, tenant, owners) for tenant in facts.tenants}
    rows = []
    for entry in entries:
        judge = judges[entry.tenant]
        rules = {rule["rule_id"]: rule for rule in judge.rules}
        for rule_id, at_entry, now in entry.verdicts:
            rule = rules[rule_id]
            context = judge.context(entry.record_id, entry.entered_at, entry.then)
            field = rule["field"]
            history = histories[entry.tenant, entry.record_id]
            cured_at = _cured_at(facts, judge, rule, entry, history) if now == "cured" else None
            deal = facts.of("opportunity", entry.tenant)[entry.record_id]
            is_at_fault = (
                now == "fail"
                and current[entry.tenant, entry.record_id] is entry
                and not deal["IsClosed"]
            )
            rows.append(
                {
                    "tenant": entry.tenant,
                    "opportunity_source_id": entry.record_id,
                    "entry_source_id": entry.source_id,
                    "rule_id": rule_id,
                    "pipeline_id": entry.pipeline_id,
                    "stage_id": entry.stage_id,
                    "entered_at": entry.entered_at,
                    "entered_date": entry.entered_on,
                    "owner_source_id_at_entry": context["owner_source_id_at_entry"],
                    "verdict_at_entry": at_entry,
                    "verdict_now": now,
                    "observed_at_entry": _text(context.get(f"{field}_at_entry", context[field])),
                    "observed_now": _text(context[field]),
                    "cured_at": cured_at,
                    "days_to_cure": (
                        days(seconds_between(entry.entered_at, cured_at)) if cured_at else None
                    ),
                    # Every rule of the demo company says from when it is enforced.
                    "is_enforced": entry.entered_on >= date.fromisoformat(rule["enforced_from"]),
                    "amount_at_fault": (
                        amount_of(facts, entry, entry.entered_on) if is_at_fault else None
                    ),
                    "currency_code": facts.currency(entry.tenant),
                }
            )
    return rows


def _text(value: object) -> str | None:
    if isinstance(value, Decimal):
        return f"{value:.2f}"
    if isinstance(value, datetime):
        fraction = f"{value:.%f}".rstrip("0") if value.microsecond else ""
        return f"{value:%Y-%m-%d %H:%M:%S}{fraction}"
    return None if value is None else str(value)


def _cured_at(
    facts: Facts, judge: Judge, rule: Row, entry: Entry, history: History
) -> datetime | None:
    """The start of the last stretch in which the predicate is true, if it came after the entry."""
    cured_at: datetime | None = None
    was_true = False
    for at, context in _contexts(facts, judge, entry, history):
        is_true = judge.verdict(rule["predicate"], context) == "pass"
        if is_true and not was_true:
            cured_at = at
        was_true = is_true
    return cured_at if was_true and cured_at and cured_at > entry.entered_at else None


def _contexts(
    facts: Facts, judge: Judge, entry: Entry, history: History
) -> list[tuple[datetime, Row]]:
    """(instant, what was known then of the deal), from the entry on, at whatever may change it."""
    makers = judge.decision_makers[entry.record_id]
    now = judge.context(entry.record_id, entry.entered_at, entry.then)
    evidence = judge.evidence
    changed = {
        entry.entered_at,
        *history.instants(),
        *makers,
        *evidence.changed_at(entry.record_id),
    }
    # A date that is recorded ahead of its time counts from its own instant on.
    dates = {held for at in changed for held in evidence.at(entry.record_id, at).values()}
    instants = {at for at in changed | dates if at and entry.entered_at <= at < facts.as_of_at}
    found = []
    for at in sorted(instants):
        deal = history.at(at)
        found.append(
            (
                at,
                {
                    **now,
                    "amount": deal.amount,
                    "currency_code": deal.currency,
                    "close_date": deal.close_date.isoformat() if deal.close_date else None,
                    "owner_source_id": deal.owner,
                    **{
                        name: value if value and value <= at else None
                        for name, value in evidence.at(entry.record_id, at).items()
                    },
                    "decision_maker_count": sum(since <= at for since in makers),
                },
            )
        )
    return found


def by_rule_owner_week(facts: Facts, checks: list[Row]) -> list[Row]:
    """`mart_stage_entry_violation_by_rule_owner_week`."""
    groups: dict[tuple[str, str, str, str, str, date], list[Row]] = defaultdict(list)
    for row in checks:
        groups[
            row["tenant"],
            row["pipeline_id"],
            row["rule_id"],
            row["stage_id"],
            row["owner_source_id_at_entry"] or NONE,
            week_of(row["entered_date"]),
        ].append(row)
    rows = []
    for (tenant, pipeline_id, rule_id, stage_id, owner, week), found in groups.items():

        def count(column: str, verdict: str, found: list[Row] = found) -> int:
            return sum(row[column] == verdict for row in found)

        violated = count("verdict_at_entry", "fail")
        to_cure = [row["days_to_cure"] for row in found if row["days_to_cure"] is not None]
        rows.append(
            {
                "tenant": tenant,
                "pipeline_id": pipeline_id,
                "rule_id": rule_id,
                "stage_id": stage_id,
                "owner_source_id": owner,
                "week_start_date": week,
                "entry_count": len(found),
                "enforced_entry_count": sum(row["is_enforced"] for row in found),
                "violation_count": violated,
                "unknown_at_entry_count": count("verdict_at_entry", "unknown"),
                "violation_rate": rate(violated, len(found)),
                "failed_count": count("verdict_now", "fail"),
                "unknown_count": count("verdict_now", "unknown"),
                "cured_count": count("verdict_now", "cured"),
                "cured_at_known_count": sum(row["cured_at"] is not None for row in found),
                "median_days_to_cure": percentile(to_cure, 50),
                "amount_at_fault": known_sum(row["amount_at_fault"] for row in found),
                "currency_code": facts.currency(tenant),
            }
        )
    return rows
