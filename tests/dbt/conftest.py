"""The story that the tests of this folder read, told and built once a session."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from tests.dbt.story import Row, Story
from warehouse.home import Home

FIRST_DAY, SECOND_DAY = "2026-06-29", "2026-06-30"
FIRST_LOAD, SECOND_LOAD = "2026-06-29 02:00", "2026-06-30 02:00"
EPOCH_JUNE_1 = 1_780_272_000
"""2026-06-01T00:00:00Z."""

Tables = dict[str, list[tuple[Any, ...]]]


@dataclass(frozen=True)
class Told:
    """The story, and its tables after each day."""

    story: Story
    first_day: Tables
    second_day: Tables


def _account(**fields: Any) -> Row:
    return {
        "id": "001A", "name": "North", "website": "https://north.example", "is_deleted": False,
        "created_date": "2026-05-01", "system_modstamp": "2026-05-01", **fields,
    }  # fmt: skip


def _deal(**fields: Any) -> Row:
    return {
        "id": "006A", "account_id": "001A", "owner_id": "005A", "stage_name": "Closed Won",
        "amount": "100.00", "currency_iso_code": "CNY", "probability": "75.00",
        "created_date": "2026-05-02", "closed_at": "2026-05-20", "is_closed": True,
        "is_won": True, "is_deleted": False, "system_modstamp": "2026-05-20", **fields,
    }  # fmt: skip


def _entry(number: int, stage: str, entered: str, deal: str = "006A") -> Row:
    return {
        "id": f"008{number}", "opportunity_id": deal, "stage_name": stage,
        "created_date": entered, "is_deleted": False,
    }  # fmt: skip


def _invoice(number: int, customer: str, deal: str | None, **fields: Any) -> Row:
    return {
        "id": f"in_{number}", "customer": customer, "status": "open", "currency": "cny",
        "total_excluding_tax": 10_000, "total": 11_300, "finalized_at": EPOCH_JUNE_1,
        "created": EPOCH_JUNE_1, "opportunity_id": deal, **fields,
    }  # fmt: skip


def _charge(number: int, amount: int, currency: str = "cny") -> Row:
    return {
        "id": f"ch_{number}", "payment_intent": f"pi_{number}", "status": "succeeded",
        "currency": currency, "amount": amount, "created": EPOCH_JUNE_1 + 60,
    }  # fmt: skip


def _tell_first_day(story: Story) -> None:
    for tenant, amount in (("aurora", "100.00"), ("borealis", "900.00")):
        story.land("salesforce.account", tenant, FIRST_LOAD, [_account()])
        deals = [_deal(amount=amount), _deal(id="006X", account_id="001-unknown", amount="5.00")]
        story.land("salesforce.opportunity", tenant, FIRST_LOAD, deals)
        history = [
            _entry(1, "Qualification", "2026-05-02"), _entry(2, "Closed Won", "2026-05-20"),
            _entry(3, "Closed Won", "2026-05-20", deal="006X"),
        ]  # fmt: skip
        story.land("salesforce.opportunity_history", tenant, FIRST_LOAD, history)
    customers = [
        {"id": "001A", "name": "North Ltd", "crm_account_id": "001A", "created": EPOCH_JUNE_1},
        {"id": "cus_B", "name": "Nobody's", "created": EPOCH_JUNE_1},
    ]
    story.land("stripe.customer", "aurora", FIRST_LOAD, customers)
    invoices = [_invoice(1, "001A", "006A"), _invoice(2, "cus_B", None)]
    story.land("stripe.invoice", "aurora", FIRST_LOAD, invoices)
    charges = [_charge(1, 11_300), _charge(2, 500, "jpy"), _charge(3, 99_999)]
    cash = story.land("stripe.charge", "aurora", FIRST_LOAD, charges)
    story.quarantined.append((cash.load_id, 3))
    story.land(
        "stripe.invoice_payment", "aurora", FIRST_LOAD,
        [{
            "id": "inpay_1", "invoice": "in_1", "payment_intent": "pi_1", "status": "paid",
            "currency": "cny", "amount_paid": 11_300, "paid_at": EPOCH_JUNE_1 + 90,
            "created": EPOCH_JUNE_1 + 90,
        }],
    )  # fmt: skip


def _tell_second_day(story: Story) -> None:
    """The account is deleted, an entry comes late, and yesterday's charges come again."""
    gone = _account(is_deleted=True, system_modstamp=SECOND_LOAD)
    story.land("salesforce.account", "aurora", SECOND_LOAD, [gone])
    late = [_entry(4, "Discovery", "2026-05-10")]
    story.land("salesforce.opportunity_history", "aurora", SECOND_LOAD, late)
    story.land("stripe.charge", "aurora", SECOND_LOAD, [_charge(1, 11_300), _charge(2, 500, "jpy")])
    story.land("stripe.invoice", "aurora", SECOND_LOAD, [_invoice(2, "cus_B", None, status="void")])


@pytest.fixture(scope="session")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    """Two days, built day by day."""
    story = Story(Home(tmp_path_factory.mktemp("story")).ensure())
    story.land_policy("2026-06-28 00:00")
    _tell_first_day(story)
    story.build(FIRST_DAY)
    first_day = story.tables()
    _tell_second_day(story)
    story.build(SECOND_DAY)
    return Told(story, first_day, story.tables())
