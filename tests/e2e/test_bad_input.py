"""What vendors do on a bad day: each ends in a retry, a quarantined row or a failed gate.

What was published never moves on a failure, the message names the fault, and the next good day
heals.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from ingestion.errors import IngestionError
from tests.e2e.installation import TENANTS, Installation, on_world
from warehouse.errors import BuildFailedError
from warehouse.publish import last_attempt

pytestmark = pytest.mark.e2e

TODAY, TOMORROW = "2026-06-30T03:00:00+08:00", "2026-07-01T03:00:00+08:00"


@pytest.fixture
def yesterday(demo_earlier: Installation, tmp_path: Path) -> Iterator[Installation]:
    """A home published yesterday; it is today now, and nothing of today has been ingested."""
    shutil.copytree(demo_earlier.home.root, tmp_path / "home", symlinks=True)
    with on_world(demo_earlier.world, tmp_path / "home", TODAY) as made:
        yield made


def _heals(made: Installation) -> None:
    made.servers.clear_faults()
    made.move_to(TOMORROW)
    assert made.run().outcome == "published"
    answers, headline = made.answers(), made.table("mart_headline_by_month")
    assert len(headline) == len(answers["mart_headline_by_month"])
    assert len(made.table("mart_commission_statement")) == len(answers["mart_commission_statement"])
    cash = "cash_collected_amount"
    assert sum(row[cash] or 0 for row in headline) == sum(
        row[cash] or 0 for row in answers["mart_headline_by_month"]
    )


RETRIED: dict[str, dict[str, Any]] = {
    "429 with Retry-After": {"kind": "status", "status": 429, "retry_after": 0},
    "429 as a page": {"kind": "status", "status": 429, "html": True},
    "500": {"kind": "status", "status": 500},
    "503": {"kind": "status", "status": 503},
    "half a JSON": {"kind": "half_json"},
    "an HTML page with status 200": {"kind": "html_page"},
    "a dropped connection": {"kind": "drop"},
    "an expired session": {"kind": "expire_sessions"},
    "duplicate rows across pages": {"kind": "duplicate_rows", "rows": 5},
}


def test_passing_faults_are_retried_and_change_no_number(yesterday: Installation) -> None:
    for name, fault in RETRIED.items():
        vendor = "salesforce" if "session" in name else "stripe"
        resource = {} if "session" in name else {"resource": "charge"}
        yesterday.servers.add_fault(vendor=vendor, **resource, **fault)
    assert yesterday.run().outcome == "published"
    answers = yesterday.answers()
    assert sorted(
        str(row["payable_amount"]) for row in yesterday.table("mart_commission_statement")
    ) == sorted(str(row["payable_amount"]) for row in answers["mart_commission_statement"])


def test_a_vendor_that_keeps_refusing_is_named_and_nothing_moves(yesterday: Installation) -> None:
    before, landed = yesterday.hashes(), _loads_of_tickets(yesterday)
    for status in (401, 500):
        yesterday.servers.clear_faults()
        yesterday.servers.add_fault(
            kind="status", vendor="zendesk", resource="ticket", status=status, times=None
        )
        with pytest.raises(IngestionError) as caught:
            yesterday.ingest()
        assert "zendesk" in str(caught.value)
        assert "ticket" in str(caught.value)
        assert str(status) in str(caught.value)
        assert "token-aurora" not in str(caught.value), "a secret is in the message"
        assert yesterday.hashes() == before
        assert _loads_of_tickets(yesterday) == landed
    yesterday.servers.clear_faults()
    yesterday.ingest()
    assert _loads_of_tickets(yesterday) == landed + len(TENANTS)


def _loads_of_tickets(made: Installation) -> int:
    return sum(load.resource == "ticket" for load in made.landing.loads())


BAD_ROWS: dict[str, dict[str, Any]] = {
    "id": {"vendor": "stripe", "resource": "charge", "kind": "drop_key"},
    "amount": {
        "vendor": "stripe", "resource": "refund", "kind": "set_field", "field": "amount",
        "value": -500,
    },
    "created": {
        "vendor": "stripe", "resource": "customer", "kind": "set_field", "field": "created",
        "value": 4070908800,
    },
    "currency": {
        "vendor": "stripe", "resource": "invoice", "kind": "set_field", "field": "currency",
        "value": "zzz",
    },
    "amount_paid": {
        "vendor": "stripe", "resource": "invoice_payment", "kind": "set_field",
        "field": "amount_paid", "value": "a lot",
    },
}  # fmt: skip
"""Field -> no key, a negative amount, a date in 2099, an unknown currency, a changed type."""


@pytest.mark.drawn("broken days", 1)
def test_bad_rows_are_quarantined_by_name_and_the_next_day_heals(yesterday: Installation) -> None:
    for fault in BAD_ROWS.values():
        yesterday.servers.add_fault(tenant="aurora", **fault)
    yesterday.ingest()
    assert yesterday.build().outcome == "published"
    quarantine = yesterday.table("quarantine")
    for field, fault in BAD_ROWS.items():
        rows = [
            row
            for row in quarantine
            if row["resource"] == fault["resource"] and row["field"] == field
        ]
        assert rows, f"{fault['resource']}.{field} is not in quarantine"
        assert all(row["fix"] and row["why"] and row["tenant"] == "aurora" for row in rows)
        if "value" in fault:
            # The value itself, as it came: minor units and epoch seconds may be shown converted.
            assert all(row["value"] for row in rows)
    _heals(yesterday)


@pytest.mark.drawn("broken days", 1)
def test_a_broken_load_is_stopped_by_the_raw_gate_and_the_next_day_heals(
    yesterday: Installation,
) -> None:
    before = yesterday.hashes()
    for invoice in _last_invoices(yesterday)[:40]:
        yesterday.servers.add_fault(
            kind="set_field", vendor="stripe", tenant="aurora", resource="invoice",
            field="currency", value="zzz", id=invoice, times=None,
        )  # fmt: skip
    yesterday.ingest()
    with pytest.raises(BuildFailedError) as caught:
        yesterday.build()
    assert "raw" in str(caught.value)
    assert "invoice" in str(caught.value)
    assert yesterday.hashes() == before
    attempt = last_attempt(yesterday.home)
    assert attempt
    assert attempt["failed_gate"] == "raw"
    _heals(yesterday)
    assert last_attempt(yesterday.home) is None


def _last_invoices(made: Installation) -> list[str]:
    """Aurora's invoices with payments, the last id first, as often as each is paid."""
    return sorted(
        (
            str(row["invoice_source_id"])
            for row in made.table("fct_payment_allocation")
            if row["tenant"] == "aurora" and row["invoice_source_id"]
        ),
        reverse=True,
    )


def test_an_unknown_stage_is_stopped_by_the_stage_entry_gate(yesterday: Installation) -> None:
    before = yesterday.hashes()
    yesterday.servers.add_fault(
        kind="set_field", vendor="salesforce", resource="opportunity_history",
        field="StageName", value="Verbal yes",
    )  # fmt: skip
    yesterday.ingest()
    with pytest.raises(BuildFailedError) as caught:
        yesterday.build()
    assert "Verbal yes" in str(caught.value)
    assert yesterday.hashes() == before
    attempt = last_attempt(yesterday.home)
    assert attempt
    assert attempt["failed_gate"] == "stage_entry"


def _recent_application(made: Installation) -> str:
    """An invoice payment that today's look-back reads again: paid, and of a succeeded charge."""
    with closing(sqlite3.connect(made.world / "world.sqlite")) as world:
        (found,) = world.execute(
            """
            select application.id
            from object_version as application
            join object_version as charge
                on charge.tenant = application.tenant and charge.resource = 'charge'
                and charge.payload ->> '$.payment_intent'
                    = application.payload ->> '$.payment.payment_intent'
            where application.tenant = 'aurora' and application.resource = 'invoice_payment'
                and application.payload ->> '$.status' = 'paid'
                and charge.payload ->> '$.status' = 'succeeded'
                and application.valid_at between '2026-06-10' and '2026-06-28'
            order by application.valid_at desc
            limit 1
            """
        ).fetchone()
    return str(found)


@pytest.mark.drawn("broken days", 1)
def test_cash_that_does_not_add_up_is_stopped_by_the_mart_gate_and_the_next_day_heals(
    yesterday: Installation,
) -> None:
    before = yesterday.hashes()
    yesterday.servers.add_fault(
        kind="set_field", vendor="stripe", tenant="aurora", resource="invoice_payment",
        field="amount_paid", value=99_999_999_900, id=_recent_application(yesterday),
    )  # fmt: skip
    yesterday.ingest()
    with pytest.raises(BuildFailedError) as caught:
        yesterday.build()
    assert yesterday.hashes() == before
    attempt = last_attempt(yesterday.home)
    assert attempt
    assert attempt["failed_gate"] == "marts", caught.value
    _heals(yesterday)
