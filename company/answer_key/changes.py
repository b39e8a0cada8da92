"""Changes of single fields, whose a deal or a lead was, and what evidence a deal showed."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime

from company.answer_key.facts import Facts, Row, instant, sure_instant

Changes = list[tuple[datetime, str, Row]]
"""(when, id, change) of changes of one record."""
HISTORIES = {
    "opportunity": ("opportunity_field_history", "OpportunityId"),
    "lead": ("lead_history", "LeadId"),
}
"""Record type -> where its changes stand, and which field names the record."""
EVIDENCE_FIELDS = {
    "discovery_completed_at": "Discovery_Completed__c",
    "proposal_sent_at": "Proposal_Sent__c",
    "customer_committed_at": "Customer_Committed__c",
    "contract_signed_at": "Contract_Signed__c",
}
"""Evidence date of a deal -> the vendor's field that holds it."""


def value_at(changes: Changes, value_now: str | None, at: datetime) -> str | None:
    """A field at an instant, after all changes of it, by its changes from the first to the last."""
    value = value_now
    before = [change for change in changes if change[0] <= at]
    after = [change for change in changes if change[0] > at]
    if before:
        value = before[-1][2]["NewValue"]
    elif after:
        value = after[0][2]["OldValue"]
    return value


def owner_changes(
    facts: Facts, tenant: str, record_type: str = "opportunity"
) -> dict[str, Changes]:
    """Record -> its owner changes, first to last."""
    users = facts.of("user", tenant)

    def is_by_id(row: Row) -> bool:
        # Each change of owner is written twice, by name and by id: only the ids identify a user.
        ids = [value for value in (row["OldValue"], row["NewValue"]) if value is not None]
        return bool(ids) and all(value in users for value in ids)

    found: dict[str, Changes] = defaultdict(list)
    for key, changes in changes_of(facts, tenant, "Owner", record_type).items():
        found[key] = [change for change in changes if is_by_id(change[2])]
    return found


def changes_of(
    facts: Facts, tenant: str, field: str, record_type: str = "opportunity"
) -> dict[str, Changes]:
    """Record -> the known changes of one of the vendor's fields, first to last."""
    resource, parent = HISTORIES[record_type]
    changes: dict[str, Changes] = defaultdict(list)
    for key, row in facts.of(resource, tenant).items():
        at = sure_instant(row["CreatedDate"])
        if row["Field"] == field and at < facts.as_of_at:
            changes[row[parent]].append((at, key, row))
    for of_record in changes.values():
        of_record.sort(key=lambda change: change[:2])
    return changes


class Owners:
    """The owners of every known deal and lead, at any instant. Record types as of an entry."""

    def __init__(self, facts: Facts) -> None:
        kinds = [(tenant, kind) for tenant in facts.tenants for kind in HISTORIES]
        self._records = {key: facts.of(key[1], key[0]) for key in kinds}
        self._changes = {key: owner_changes(facts, *key) for key in kinds}

    def now(self, tenant: str, record_type: str, record_id: str) -> str | None:
        owner: str | None = self._records[tenant, record_type][record_id]["OwnerId"]
        return owner

    def at(self, tenant: str, record_type: str, record_id: str, at: datetime) -> str | None:
        """Whose the record was at an instant, after all changes of that instant."""
        changes = self._changes[tenant, record_type][record_id]
        return value_at(changes, self.now(tenant, record_type, record_id), at)


class Evidence:
    """The evidence dates of one tenant's deals, as recorded at any instant."""

    def __init__(self, facts: Facts, tenant: str) -> None:
        self._deals = facts.of("opportunity", tenant)
        self._changes = {
            name: changes_of(facts, tenant, field) for name, field in EVIDENCE_FIELDS.items()
        }

    def at(self, deal: str, at: datetime) -> dict[str, datetime | None]:
        """Evidence date -> what the record held at an instant; None for what cannot be read."""
        record = self._deals[deal]
        return {
            name: _readable(value_at(self._changes[name][deal], record[field], at))
            for name, field in EVIDENCE_FIELDS.items()
        }

    def changed_at(self, deal: str) -> set[datetime]:
        """The instants of the known changes of any of the dates."""
        return {at for changes in self._changes.values() for at, _, _ in changes[deal]}


def _readable(text: str | None) -> datetime | None:
    try:
        return instant(text)
    except ValueError:
        return None
