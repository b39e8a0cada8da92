"""A day after a day gives what one build gives, and makes anew only the cases that changed."""

from __future__ import annotations

import shutil
from typing import Any

import pytest

from tests.dbt.story import Row, Story
from warehouse.home import Home

TENANT = "aurora"
FIRST_DAY, SECOND_DAY = "2026-06-29", "2026-06-30"
FIRST_LOAD, SECOND_LOAD = "2026-06-29 02:00", "2026-06-30 02:00"
NOT_KNOWN_YET, FALLS_DUE = "2026-06-29 20:00", "2026-06-30 01:00"
"""After the first day ended in Shanghai, before the second did."""

CHANGES = {
    "D-amount": "its amount is another one",
    "D-deleted": "it is deleted",
    "D-back": "it was deleted and is there again",
    "D-pipeline": "its type is of another pipeline",
    "D-came": "it is new",
    "D-due-evidence": "its discovery was dated ahead",
    "D-due-entry": "an entry was dated ahead",
    "D-due-task": "a call was dated ahead",
    "D-late-entry": "an entry comes late",
    "D-gone-entry": "an entry is deleted",
    "D-owner": "a change of its owner comes late",
    "D-role": "a decision maker comes late",
    "D-role-gone": "its decision maker is taken away",
    "D-task-from": "its call is another deal's now",
    "D-task-to": "another deal's call is its own now",
    "D-converted": "a lead became it",
    "D-of-lead": "the lead that became it is deleted",
    "D-collected": "its invoice is paid in full",
    "D-late-load": "it landed after the first day had ended",
}
"""Opportunity -> what happens to it between the two days."""


def _deal(key: str, **fields: Any) -> Row:
    return {
        "id": key, "account_id": "001A", "owner_id": "005A", "stage_name": "Qualification",
        "amount": "100.00", "currency_iso_code": "CNY", "probability": "20.00",
        "close_date": "2026-09-30", "created_date": "2026-05-02", "is_closed": False,
        "is_won": False, "is_deleted": False, "system_modstamp": "2026-05-20", **fields,
    }  # fmt: skip


def _entry(key: str, deal: str, entered: str, stage: str = "Qualification", **fields: Any) -> Row:
    return {
        "id": key, "opportunity_id": deal, "stage_name": stage, "created_date": entered,
        "is_deleted": False, **fields,
    }  # fmt: skip


def _call(key: str, deal: str, done: str = "2026-05-10") -> Row:
    return {
        "id": key, "what_id": deal, "owner_id": "005A", "task_subtype": "Call",
        "status": "Completed", "completed_at": done, "is_closed": True,
        "created_date": "2026-05-09", "system_modstamp": "2026-05-10", "is_deleted": False,
    }  # fmt: skip


def _role(key: str, deal: str, **fields: Any) -> Row:
    return {
        "id": key, "opportunity_id": deal, "contact_id": "003A", "role": "Decision Maker",
        "is_primary": True, "created_date": "2026-05-03", "system_modstamp": "2026-05-03",
        "is_deleted": False, **fields,
    }  # fmt: skip


def _lead(key: str, deal: str | None, **fields: Any) -> Row:
    return {
        "id": key, "company": key, "status": "Working", "owner_id": "005A",
        "is_converted": deal is not None, "converted_date": deal and "2026-05-02",
        "converted_opportunity_id": deal, "created_date": "2026-04-20",
        "system_modstamp": "2026-05-02", "is_deleted": False, **fields,
    }  # fmt: skip


def _key(name: str) -> str:
    """Salesforce knows an opportunity by the first letters of its id."""
    return f"006{name}"


def _first_day(story: Story) -> None:
    def land(resource: str, rows: list[Row], when: str = FIRST_LOAD) -> None:
        story.land(resource, TENANT, when, rows)

    first = {
        "D-deleted": {}, "D-back": {"is_deleted": True}, "D-of-lead": {}, "D-untouched": {},
        "D-due-evidence": {"discovery_completed_at": FALLS_DUE},
        "D-collected": {"stage_name": "Closed Won", "is_closed": True, "is_won": True,
                        "closed_at": "2026-05-20"},
    }  # fmt: skip
    names = [name for name in (*CHANGES, "D-untouched") if name not in ("D-came", "D-late-load")]
    land("salesforce.opportunity", [_deal(_key(n), **first.get(n, {})) for n in names])
    entries = [_entry(f"008-{name}", _key(name), "2026-05-02") for name in names]
    entries += [
        _entry("008-due", _key("D-due-entry"), FALLS_DUE, "Discovery"),
        _entry("008-gone", _key("D-gone-entry"), "2026-05-12", "Discovery"),
        _entry("008-won", _key("D-collected"), "2026-05-20", "Closed Won"),
    ]
    land("salesforce.opportunity_history", entries)
    calls = [_call(f"00T-{name}", _key(name)) for name in ("D-task-from", "D-untouched")]
    land("salesforce.task", [*calls, _call("00T-due", _key("D-due-task"), FALLS_DUE)])
    land("salesforce.opportunity_contact_role", [_role("00K-gone", _key("D-role-gone"))])
    land("salesforce.lead", [_lead("00QA", None), _lead("00QB", _key("D-of-lead"))])
    invoice = {
        "id": "in_1", "customer": "001A", "status": "open", "currency": "cny",
        "total_excluding_tax": 10_000, "total": 11_300, "finalized_at": 1_780_272_000,
        "created": 1_780_272_000, "opportunity_id": _key("D-collected"),
    }  # fmt: skip
    land("stripe.invoice", [invoice])
    land("salesforce.opportunity", [_deal(_key("D-late-load"))], NOT_KNOWN_YET)
    entry = _entry("008-late-load", _key("D-late-load"), "2026-05-02")
    land("salesforce.opportunity_history", [entry], NOT_KNOWN_YET)


def _second_day(story: Story) -> None:
    def land(resource: str, *rows: Row) -> None:
        story.land(resource, TENANT, SECOND_LOAD, list(rows))

    land(
        "salesforce.opportunity",
        _deal(_key("D-amount"), amount="250.00"), _deal(_key("D-deleted"), is_deleted=True),
        _deal(_key("D-back")), _deal(_key("D-pipeline"), type="Renewal"), _deal(_key("D-came")),
    )  # fmt: skip
    land(
        "salesforce.opportunity_history",
        _entry("008-came", _key("D-came"), "2026-06-20"),
        _entry("008-late", _key("D-late-entry"), "2026-05-12", "Discovery"),
        _entry("008-gone", _key("D-gone-entry"), "2026-05-12", "Discovery", is_deleted=True),
    )
    change = {
        "id": "017-owner", "opportunity_id": _key("D-owner"), "field": "Owner",
        "old_value": "005B", "new_value": "005A", "created_date": "2026-05-15",
        "is_deleted": False,
    }  # fmt: skip
    land("salesforce.opportunity_field_history", change)
    land(
        "salesforce.opportunity_contact_role",
        _role("00K-late", _key("D-role"), created_date="2026-05-01"),
        _role("00K-gone", _key("D-role-gone"), is_deleted=True, system_modstamp=SECOND_LOAD),
    )
    land("salesforce.task", _call("00T-D-task-from", _key("D-task-to")))
    land(
        "salesforce.lead",
        _lead("00QA", _key("D-converted")),
        _lead("00QB", _key("D-of-lead"), is_deleted=True),
    )
    charge = {
        "id": "ch_1", "payment_intent": "pi_1", "status": "succeeded", "currency": "cny",
        "amount": 11_300, "created": 1_780_272_060,
    }  # fmt: skip
    land("stripe.charge", charge)
    paid = {
        "id": "inpay_1", "invoice": "in_1", "payment_intent": "pi_1", "status": "paid",
        "currency": "cny", "amount_paid": 11_300, "paid_at": 1_780_272_090,
        "created": 1_780_272_090,
    }  # fmt: skip
    land("stripe.invoice_payment", paid)


@pytest.fixture(scope="module")
def daily(tmp_path_factory: pytest.TempPathFactory) -> Story:
    """Two days, built day by day."""
    story = Story(Home(tmp_path_factory.mktemp("daily")).ensure())
    story.land_policy("2026-06-28 00:00")
    _first_day(story)
    story.build(FIRST_DAY)
    _second_day(story)
    story.build(SECOND_DAY)
    return story


@pytest.fixture(scope="module")
def once(daily: Story, tmp_path_factory: pytest.TempPathFactory) -> Story:
    """The same landing, built once."""
    home = Home(tmp_path_factory.mktemp("once"))
    for store in ("landing", "policy", "decisions"):
        shutil.copytree(getattr(daily.home, store), getattr(home, store))
    story = Story(home.ensure())
    story.build(SECOND_DAY)
    return story


@pytest.mark.parametrize("name", CHANGES)
def test_a_deal_of_which_anything_changed_is_a_changed_case(daily: Story, name: str) -> None:
    found = daily.query(
        "select count(*) from intermediate.int_changed_cases "
        f"where opportunity_source_id = '{_key(name)}'"
    )
    assert found >= [(1,)], CHANGES[name]


def test_a_deal_that_nothing_happened_to_is_none(daily: Story, once: Story) -> None:
    untouched = f"where opportunity_source_id = '{_key('D-untouched')}'"
    query = f"select count(*) from intermediate.int_changed_cases {untouched}"
    assert daily.query(query) == [(0,)]
    assert once.query(query) == [(1,)], "a first build is of every case"
    assert daily.query(f"select count(*) > 0 from core.fct_milestone {untouched}") == [(True,)]


def test_the_lead_goes_from_its_own_case_to_its_deals(daily: Story) -> None:
    found = daily.query(
        "select case_id from intermediate.int_changed_cases where source_id = '00QA' order by 1"
    )
    assert found == [("lead:00QA",), (f"opportunity:{_key('D-converted')}",)]


def test_every_table_is_what_one_build_makes(daily: Story, once: Story) -> None:
    expected = once.tables("intermediate", "core", "marts")
    made = daily.tables("intermediate", "core", "marts")
    assert made.keys() == expected.keys()
    differing = [
        name
        for name, rows in expected.items()
        if rows != made[name] and name != "intermediate.int_changed_cases"
    ]
    assert not differing
