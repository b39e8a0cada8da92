"""Whose a deal or a lead was."""

from __future__ import annotations

from datetime import datetime

from company.answer_key.deals import HISTORIES, owner_at, owner_changes
from company.answer_key.facts import Facts


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
