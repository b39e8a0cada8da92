"""A world of a few objects, written by hand, for tests of the vendor servers."""

from __future__ import annotations

import json
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

START = datetime(2026, 6, 1, 8, 0, 0, tzinfo=UTC)
NOW = "2026-07-01T03:00:00+08:00"

CREDENTIALS: dict[str, Any] = {
    "salesforce": {
        "aurora": {"client_id": "app-aurora", "client_secret": "secret-aurora"},
        "borealis": {"client_id": "app-borealis", "client_secret": "secret-borealis"},
    },
    "stripe": {"aurora": "sk_test_aurora", "borealis": "sk_test_borealis"},
    "zendesk": {"aurora": "token-aurora", "borealis": "token-borealis"},
}


def iso(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def salesforce_time(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.000+0000")


class SmallWorld:
    """Writes versions of objects to a `world.sqlite`; object `n` is made START + `n` minutes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with sqlite3.connect(path) as db:
            db.execute(
                "create table object_version (vendor text, tenant text, resource text, id text,"
                " valid_at text, deleted integer, payload text,"
                " primary key (vendor, tenant, resource, id, valid_at))"
            )

    def put(
        self,
        vendor: str,
        resource: str,
        id: str,
        at: datetime,
        payload: dict[str, Any],
        *,
        tenant: str = "aurora",
        deleted: bool = False,
    ) -> None:
        with sqlite3.connect(self.path) as db:
            db.execute(
                "insert into object_version values (?, ?, ?, ?, ?, ?, ?)",
                (vendor, tenant, resource, id, iso(at), int(deleted), json.dumps(payload)),
            )

    def account(
        self, n: int, *, at: datetime | None = None, deleted: bool = False, **extra: Any
    ) -> str:
        """Account n; a later `at` writes a further version of it."""
        created = START + timedelta(minutes=n)
        tenant = extra.pop("tenant", "aurora")
        id = f"001{n:015d}"
        payload = {
            "Id": id,
            "Name": f"Account {n}",
            "Website": None,
            "CurrencyIsoCode": "CNY",
            "CreatedDate": salesforce_time(created),
            "SystemModstamp": salesforce_time(at or created),
            **extra,
        }
        self.put(
            "salesforce", "account", id, at or created, payload, tenant=tenant, deleted=deleted
        )
        return id

    def invoice(
        self, n: int, *, at: datetime | None = None, created: datetime | None = None, **extra: Any
    ) -> str:
        made = created or START + timedelta(minutes=n)
        tenant, deleted = extra.pop("tenant", "aurora"), extra.pop("deleted", False)
        id = f"in_{n:06d}"
        payload = {
            "id": id,
            "object": "invoice",
            "created": int(made.timestamp()),
            "status": "open",
            "currency": "cny",
            "subtotal": 100_00 + n,
            "metadata": {"opportunity_id": f"006{n:015d}"},
            **extra,
        }
        self.put("stripe", "invoice", id, at or made, payload, tenant=tenant, deleted=deleted)
        return id

    def ticket(
        self, n: int, *, at: datetime | None = None, deleted: bool = False, **extra: Any
    ) -> str:
        made = START + timedelta(minutes=n)
        tenant = extra.pop("tenant", "aurora")
        payload = {
            "id": n,
            "status": "new",
            "created_at": iso(made),
            "updated_at": iso(at or made),
            **extra,
        }
        self.put("zendesk", "ticket", str(n), at or made, payload, tenant=tenant, deleted=deleted)
        return str(n)

    def zendesk_object(
        self, resource: str, n: int, at: datetime | None = None, **extra: Any
    ) -> str:
        """An organization, ticket_event or satisfaction_rating made and last changed at `at`."""
        made = at or START + timedelta(minutes=n)
        deleted = extra.pop("deleted", False)
        payload = {"id": n, "created_at": iso(made), "updated_at": iso(made), **extra}
        self.put("zendesk", resource, str(n), made, payload, deleted=deleted)
        return str(n)
