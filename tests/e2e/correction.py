"""A world whose CRM was corrected long after: what the sales team does, written as versions."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

TENANT = "aurora"
_VERSIONS = """
    select id, deleted, payload from object_version
    where vendor = 'salesforce' and tenant = ? and resource = ?
    order by valid_at, id
"""
_VERSIONS_OF_DEAL = """
    select valid_at, payload from object_version
    where vendor = 'salesforce' and tenant = ? and resource = 'opportunity' and id = ?
        and valid_at >= ?
    order by valid_at
"""
_STAGE = "Proposal/Price Quote"


@dataclass(frozen=True, slots=True)
class Correction:
    """What was corrected: the amount of one deal, the stage that another one entered.

    `entered_at` is when that stage was entered, which was not corrected.
    """

    deal_with_amount: str
    deal_with_stage: str
    entered_at: datetime

    @property
    def deals(self) -> set[str]:
        return {self.deal_with_amount, self.deal_with_stage}


def correct(
    world: Path, copy: Path, last_seen: datetime, at: datetime, late: timedelta
) -> Correction:
    """Copies a world as of `last_seen` to `copy` and corrects it at the instant `at`.

    Both deals were closed, and the stage was entered, `late` before `at` or earlier, but as late as
    that allows.
    """
    shutil.copytree(world, copy)
    with sqlite3.connect(copy / "world.sqlite") as connection:
        connection.execute("delete from object_version where valid_at > ?", (_text(last_seen),))
        deals = _latest(connection, "opportunity")
        entries = _latest(connection, "opportunity_history")
        changes = _latest(connection, "opportunity_field_history")
        closed = {
            id: deal
            for id, deal in deals.items()
            if deal["IsClosed"] and datetime.fromisoformat(deal["Closed_At__c"]) <= at - late
        }
        entry = max(
            (
                entry
                for entry in entries.values()
                if entry["StageName"] == "Discovery"
                and entry["OpportunityId"] in closed
                and datetime.fromisoformat(entry["CreatedDate"]) <= at - late
            ),
            key=lambda entry: (entry["CreatedDate"], entry["Id"]),
        )
        deal = max(
            (
                deal
                for id, deal in closed.items()
                if deal["IsWon"] and deal["Amount"] and id != entry["OpportunityId"]
            ),
            key=lambda deal: (deal["Closed_At__c"], deal["Id"]),
        )
        _put(connection, "opportunity_history", entry | {"StageName": _STAGE}, at)
        _correct_versions(connection, entry)
        # Salesforce keeps a row of its history for the new amount, and one of the changed field.
        amount = deal["Amount"] + 1000.1
        stamped = {"LastModifiedDate": _stamp(at), "SystemModstamp": _stamp(at)}
        _put(connection, "opportunity", deal | stamped | {"Amount": amount}, at)
        last = max(
            (row for row in entries.values() if row["OpportunityId"] == deal["Id"]),
            key=lambda row: (row["CreatedDate"], row["Id"]),
        )
        created = {"CreatedDate": _stamp(at)}
        told = last | created | {"Id": "0085g00000zzzzzAAA", "Amount": amount}
        _put(connection, "opportunity_history", told, at)
        changed = next(iter(changes.values())) | created | {
            "Id": "0175g00000zzzzzAAA",
            "OpportunityId": deal["Id"],
            "Field": "Amount",
            "OldValue": f"{deal['Amount']:.2f}",
            "NewValue": f"{amount:.2f}",
        }  # fmt: skip
        _put(connection, "opportunity_field_history", changed, at)
    return Correction(
        deal["Id"], entry["OpportunityId"], datetime.fromisoformat(entry["CreatedDate"])
    )


def _correct_versions(connection: sqlite3.Connection, entry: Mapping[str, Any]) -> None:
    """What the deal itself said from the entry to the next stage, which only the answer key reads.

    Salesforce shows the latest version alone, so nobody learns of it from the deal.
    """
    key = (TENANT, entry["OpportunityId"])
    entered = _text(datetime.fromisoformat(entry["CreatedDate"]))
    for valid_at, payload in connection.execute(_VERSIONS_OF_DEAL, (*key, entered)).fetchall():
        deal = json.loads(payload)
        if deal["StageName"] != entry["StageName"]:
            return
        corrected = json.dumps(deal | {"StageName": _STAGE})
        connection.execute(
            "update object_version set payload = ? where vendor = 'salesforce' and tenant = ? "
            "and resource = 'opportunity' and id = ? and valid_at = ?",
            (corrected, *key, valid_at),
        )


def _latest(connection: sqlite3.Connection, resource: str) -> dict[str, dict[str, Any]]:
    """The latest version of each object that is not deleted, by id."""
    found: dict[str, dict[str, Any]] = {}
    for id, deleted, payload in connection.execute(_VERSIONS, (TENANT, resource)):
        found.pop(id, None)
        if not deleted:
            found[id] = json.loads(payload)
    return found


def _put(
    connection: sqlite3.Connection, resource: str, payload: Mapping[str, Any], at: datetime
) -> None:
    connection.execute(
        "insert into object_version values ('salesforce', ?, ?, ?, ?, 0, ?)",
        (TENANT, resource, payload["Id"], _text(at), json.dumps(payload)),
    )


def _text(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _stamp(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.000+0000}"
