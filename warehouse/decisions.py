"""Decisions that people take: append-only rows, each a load of its own in the decisions store.

A decision says who (`actor`), when (`decided_at`), what about (`kind`, `subject`), on exactly
which content (`subject_hash`) and why (`reason`). Nothing updates or removes one; a later decision
on the same subject stands beside it. One whose `subject_hash` no longer matches is void.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, get_args

from ingestion.clock import Clock
from ingestion.landing import Landing, Manifest
from ingestion.resource import ColumnType
from ingestion.schema import rows_of
from warehouse.errors import WarehouseError
from warehouse.landed import write_load

DecisionKind = Literal[
    "approval",
    "waiver",
    "manual_adjustment",
    "acknowledgement",
    "action",
    "allow_policy_change",
    "rollback",
    "source",
    "erasure",
]
DECISION_KINDS: tuple[str, ...] = get_args(DecisionKind)

KIND_MEANINGS: dict[str, str] = {
    "approval": "finance approves a commission period",
    "waiver": "a failed entry rule is accepted for one record",
    "manual_adjustment": "a payout is changed by hand, with the amount in the payload",
    "acknowledgement": "somebody has seen an alert",
    "action": "what will be done about a finding",
    "allow_policy_change": "a policy file may change the past: subject = table, hash = the file's",
    "rollback": "readers were pointed back at an older version (written by `versions rollback`)",
    "source": "a source was added, disabled, enabled or removed (written by `closebook source`)",
    "erasure": "persons were forgotten: their salted hashes, and the files that held them (written "
    "by `closebook erase`)",
}

BY_COMMAND = {
    "rollback": "a rollback is recorded by `closebook versions rollback`",
    "source": "what is read is decided by `closebook source`",
    "erasure": "an erasure is recorded by `closebook erase`",
}
"""Kinds that their own command records, and what to say to who tries."""

BOUND = frozenset({"allow_policy_change"})
"""Kinds that hold for one content only: without its hash they would never apply."""

_SHA256 = re.compile("[0-9a-f]{64}")

COLUMNS: tuple[tuple[str, ColumnType], ...] = (
    ("decision_id", "string"),
    ("kind", "string"),
    ("subject", "string"),
    ("subject_hash", "string"),
    ("actor", "string"),
    ("decided_at", "timestamp"),
    ("reason", "string"),
    ("payload", "json"),
)


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision. `decided_at` is UTC; `subject_hash` is '' when it is about no content."""

    decision_id: str
    kind: str
    subject: str
    subject_hash: str
    actor: str
    decided_at: datetime
    reason: str
    payload: dict[str, Any]


def decide(
    store: Landing,
    clock: Clock,
    *,
    kind: str,
    subject: str,
    actor: str,
    reason: str,
    payload: Mapping[str, Any] | None = None,
    subject_hash: str = "",
) -> Decision:
    """Records one decision; it exists when this returns.

    Raises WarehouseError when the kind is unknown, subject, actor or reason are blank, or the hash
    is none.
    """
    if kind not in DECISION_KINDS:
        raise WarehouseError(f"{kind!r} is not a kind of decision; use {', '.join(DECISION_KINDS)}")
    for name, value in (("subject", subject), ("actor", actor), ("reason", reason)):
        if not value.strip():
            raise WarehouseError(f"a decision needs a {name}; it is blank")
    if subject_hash and not _SHA256.fullmatch(subject_hash):
        raise WarehouseError(
            f"hash {subject_hash!r} is no SHA-256: copy the 64 digits from the message that asked "
            "for this decision, or leave it out"
        )
    if kind in BOUND and not subject_hash:
        raise WarehouseError(
            f"{kind} is about one content and needs its hash; the message that asked for it has it"
        )
    now = clock.now()
    with store.open_load("decisions", "house", "decision") as load:
        decision = Decision(
            decision_id=load.load_id,
            kind=kind,
            subject=subject,
            subject_hash=subject_hash,
            actor=actor,
            decided_at=now,
            reason=reason,
            payload=dict(payload or {}),
        )
        row = (
            decision.decision_id,
            kind,
            subject,
            subject_hash,
            actor,
            now.astimezone(UTC).replace(tzinfo=None),
            reason,
            json.dumps(decision.payload, sort_keys=True, ensure_ascii=False),
        )
        write_load(load, COLUMNS, [row], now=now, extra={"kind": kind})
    return decision


def decisions_of_kind(store: Landing, kind: DecisionKind) -> list[Decision]:
    """All decisions of one kind, oldest first."""
    return [decision for decision in all_decisions(store) if decision.kind == kind]


def all_decisions(store: Landing) -> list[Decision]:
    """Every decision, in the order in which they were taken."""
    loads = store.accepted()
    rows = {row[0]: row for row in rows_of(store, loads, COLUMNS)}
    return [_decision(load, rows[load.load_id]) for load in loads]


def _decision(load: Manifest, row: tuple[Any, ...]) -> Decision:
    assert row[0] == load.load_id
    return Decision(
        decision_id=row[0],
        kind=row[1],
        subject=row[2],
        subject_hash=row[3],
        actor=row[4],
        decided_at=row[5].replace(tzinfo=UTC),
        reason=row[6],
        payload=json.loads(row[7] or "{}"),
    )
