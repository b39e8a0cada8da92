"""Salesforce's history rows, derived from the steps of the records, so that both always agree."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from company.world.calendar import salesforce_time
from company.world.evidence import EVIDENCE_FIELDS
from company.world.ids import Counter, salesforce_id
from company.world.records import Record, State, Step, Version

_STAGE_FIELDS = ("StageName", "Amount", "CloseDate", "Probability")
_OPPORTUNITY_FIELDS = ("Amount", "CloseDate", "NextStep", "Loss_Reason__c", *EVIDENCE_FIELDS)
_LEAD_FIELDS = ("Status",)

Names = dict[str, str]
"""User id -> user name."""


def opportunity_history(tenant: str, counter: Counter, record: Record) -> Iterator[Version]:
    """OpportunityHistory: a row at creation and whenever stage, amount, date or odds change."""
    for step in record.steps():
        if step.before is None or _differ(step, _STAGE_FIELDS):
            after = step.after
            yield _row(
                tenant, "opportunity_history", counter, step,
                {
                    "OpportunityId": record.id,
                    "StageName": after["StageName"],
                    "Amount": after["Amount"],
                    "ExpectedRevenue": _expected(after),
                    "CloseDate": after["CloseDate"],
                    "Probability": after["Probability"],
                    "ForecastCategory": after["ForecastCategoryName"],
                    "CurrencyIsoCode": after["CurrencyIsoCode"],
                },
            )  # fmt: skip


def opportunity_field_history(
    tenant: str, counter: Counter, record: Record, names: Names
) -> Iterator[Version]:
    """OpportunityFieldHistory: one row a changed field, two for the owner (names, then ids)."""
    resource = "opportunity_field_history"
    for step in record.steps():
        for field, old, new in _field_changes(step, _OPPORTUNITY_FIELDS, names):
            payload = {"OpportunityId": record.id, "Field": field, "OldValue": old, "NewValue": new}
            yield _row(tenant, resource, counter, step, payload)


def lead_history(tenant: str, counter: Counter, record: Record, names: Names) -> Iterator[Version]:
    """LeadHistory: status and owner changes, and the row `leadConverted`."""
    for step in record.steps():
        changes = list(_field_changes(step, _LEAD_FIELDS, names))
        if step.before and step.after["IsConverted"] and not step.before["IsConverted"]:
            changes.append(("leadConverted", None, None))
        for field, old, new in changes:
            payload = {"LeadId": record.id, "Field": field, "OldValue": old, "NewValue": new}
            yield _row(tenant, "lead_history", counter, step, payload)


def _differ(step: Step, fields: tuple[str, ...]) -> bool:
    before = step.before or {}
    return any(before.get(field) != step.after.get(field) for field in fields)


def _field_changes(
    step: Step, fields: tuple[str, ...], names: Names
) -> Iterator[tuple[str, str | None, str | None]]:
    """(field, old value, new value) of one step; nothing at creation."""
    if step.before is None:
        return
    for field in fields:
        old, new = step.before[field], step.after[field]
        if old != new:
            yield field, _text(old), _text(new)
    old, new = step.before["OwnerId"], step.after["OwnerId"]
    if old != new:
        yield "Owner", names[old], names[new]
        yield "Owner", old, new


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _expected(state: State) -> Decimal | None:
    amount: Decimal | None = state["Amount"]
    odds: int = state["Probability"]
    return None if amount is None else (amount * odds / 100).quantize(Decimal("0.01"))


def _row(tenant: str, resource: str, counter: Counter, step: Step, payload: State) -> Version:
    row_id = salesforce_id(resource, counter.next(resource))
    author = (step.before or step.after)["OwnerId"]
    stamp = {"CreatedById": author, "CreatedDate": salesforce_time(step.at), "IsDeleted": False}
    return Version(
        "salesforce", tenant, resource, row_id, step.at, False, {"Id": row_id, **payload, **stamp}
    )
