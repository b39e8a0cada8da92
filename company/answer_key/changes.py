"""Changes of single fields, and whose a deal or a lead was."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime

from company.answer_key.facts import Facts, Row, sure_instant

Changes = list[tuple[datetime, str, Row]]
"""(when, id, change) of changes of one record."""
HISTORIES = {
    "opportunity": ("opportunity_field_history", "OpportunityId"),
    "lead": ("lead_history", "LeadId"),
}
"""Record type -> where its changes stand, and which field names the record."""


def owner_at(changes: Changes, owner_now: str | None, at: datetime) -> str | None:
    """The owner at an instant, by the record's owner changes from the first to the last."""
    owner = owner_now
    before = [change for change in changes if change[0] <= at]
    after = [change for change in changes if change[0] > at]
    if before:
        owner = before[-1][2]["NewValue"]
    elif after:
        owner = after[0][2]["OldValue"]
    return owner


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
        found[key] = sorted((c for c in changes if is_by_id(c[2])), key=lambda c: c[:2])
    return found


def changes_of(
    facts: Facts, tenant: str, field: str, record_type: str = "opportunity"
) -> dict[str, Changes]:
    """Record -> the known changes of one of the vendor's fields."""
    resource, parent = HISTORIES[record_type]
    changes: dict[str, Changes] = defaultdict(list)
    for key, row in facts.of(resource, tenant).items():
        at = sure_instant(row["CreatedDate"])
        if row["Field"] == field and at < facts.as_of_at:
            changes[row[parent]].append((at, key, row))
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
        return owner_at(changes, self.now(tenant, record_type, record_id), at)
