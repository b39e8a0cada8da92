"""The world is the same each time, and what it says in one place agrees with every other."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import date, datetime
from pathlib import Path

import pytest

import ingestion.salesforce.resources
import ingestion.stripe.resources
import ingestion.zendesk.resources
from company.world import build_world
from company.world.products import CATALOGUE
from company.world.renewals import RENEWAL
from company.world.tenants import ENTRY_RULES_ENFORCED_FROM, TENANTS
from ingestion.resource import Resource
from ingestion.stripe.resources import INVOICE_LINE

SEED = 7
ZONES = {tenant.name: tenant.zone for tenant in TENANTS}
RESOURCES = {
    "salesforce": ingestion.salesforce.resources.RESOURCES,
    "stripe": ingestion.stripe.resources.RESOURCES,
    "zendesk": ingestion.zendesk.resources.RESOURCES,
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("world")
    build_world(SEED, out, scale="tiny")
    return out


@pytest.fixture(scope="module")
def world(folder: Path) -> Iterator[sqlite3.Connection]:
    with sqlite3.connect(folder / "world.sqlite") as db:
        yield db


def versions(
    world: sqlite3.Connection, resource: str, vendor: str = ""
) -> list[tuple[str, str, str, int, dict]]:
    """(tenant, id, valid_at, deleted, payload) of a resource, of any vendor, in time order."""
    rows = world.execute(
        "select tenant, id, valid_at, deleted, payload from object_version"
        " where resource = ? and ? in ('', vendor) order by tenant, id, valid_at",
        (resource, vendor),
    )
    return [(*row[:4], json.loads(row[4])) for row in rows]


def latest(
    world: sqlite3.Connection, resource: str, vendor: str = ""
) -> dict[tuple[str, str], dict]:
    """(tenant, id) -> last payload."""
    return {(row[0], row[1]): row[4] for row in versions(world, resource, vendor)}


def content(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.mark.parametrize("hash_seed", ["1", "2"])
def test_the_same_seed_gives_the_same_bytes_in_any_process(
    folder: Path, tmp_path: Path, hash_seed: str
) -> None:
    subprocess.run(
        [sys.executable, "-m", "company.world", "--out", str(tmp_path), "--scale", "tiny"],
        check=True,
        capture_output=True,
        env={**os.environ, "PYTHONHASHSEED": hash_seed, "TZ": "America/Los_Angeles"},
    )
    assert content(tmp_path) == content(folder)


def test_another_seed_gives_another_world(folder: Path, tmp_path: Path) -> None:
    build_world(SEED + 1, tmp_path, scale="tiny")
    assert content(tmp_path)["world.sqlite"] != content(folder)["world.sqlite"]


def test_a_world_is_written_over_an_older_one(folder: Path, tmp_path: Path) -> None:
    build_world(SEED + 1, tmp_path, scale="tiny")
    build_world(SEED, tmp_path, scale="tiny")
    assert content(tmp_path) == content(folder)


def test_nothing_else_is_written(folder: Path) -> None:
    assert {path.name for path in folder.iterdir()} == {"world.sqlite", "files", "policy"}


def test_a_world_cut_earlier_is_a_prefix_of_the_whole(
    folder: Path, world: sqlite3.Connection, tmp_path: Path
) -> None:
    build_world(SEED, tmp_path, until=date(2025, 2, 1), scale="tiny")
    query = "select * from object_version where valid_at < '2025-02-01' order by 1, 2, 3, 4, 5"
    with sqlite3.connect(tmp_path / "world.sqlite") as cut:
        assert cut.execute("select max(valid_at) from object_version").fetchone()[0] < "2025-02-01"
        assert cut.execute(query).fetchall() == world.execute(query).fetchall()
    whole_files = content(folder)
    cut_files = content(tmp_path)
    register = [name for name in cut_files if name.startswith("files/payroll")]
    assert [n for n in register if "2025-01" in n] and not [n for n in register if "2025-02" in n]
    assert all(cut_files[name] == whole_files[name] for name in register)
    for path in (tmp_path / "files" / "sales").glob("*/*.csv"):
        cut = path.read_text(encoding="utf-8").splitlines()[1:]
        whole = (folder / path.relative_to(tmp_path)).read_text(encoding="utf-8").splitlines()[1:]
        # The list is kept: what was on it stays, with what has become of it since.
        assert [line.split(",")[:2] for line in cut] == [
            line.split(",")[:2] for line in whole[: len(cut)]
        ]
        assert 0 < len(cut) < len(whole)


@pytest.mark.parametrize(
    ("vendor", "resource"),
    [(vendor, r) for vendor, rs in RESOURCES.items() for r in rs if r.name != INVOICE_LINE],
    ids=lambda value: value if isinstance(value, str) else value.name,
)
def test_every_declared_column_is_in_every_payload(
    world: sqlite3.Connection, vendor: str, resource: Resource
) -> None:
    """Metadata keys alone may be absent: Stripe leaves out what is not set."""
    rows = versions(world, resource.name, vendor)
    assert {row[0] for row in rows} == {"aurora", "borealis"}
    for column in resource.columns:
        path = column.source_path.split(".")
        filled = 0
        for *_, payload in rows:
            value = payload
            for part in path:
                assert part in value or path[0] == "metadata", (
                    f"{vendor} {resource.name} has no {column.source_path}: {payload}"
                )
                value = value.get(part)
                if value is None:
                    break
            filled += value is not None
        assert filled, f"{vendor} {resource.name}.{column.source_path} is null in every row"


def test_stamps_say_when_the_version_became_valid(world: sqlite3.Connection) -> None:
    for resource in RESOURCES["salesforce"]:
        stamp = "SystemModstamp" if resource.modified_at == "system_modstamp" else "CreatedDate"
        for _, _, valid_at, deleted, payload in versions(world, resource.name, "salesforce"):
            assert payload[stamp] == valid_at.replace("Z", ".000+0000")
            assert payload.get("IsDeleted", False) is bool(deleted)
    for name in ("organization", "ticket", "satisfaction_rating"):
        for _, _, valid_at, _, payload in versions(world, name):
            assert payload["updated_at"] == valid_at


def test_stage_history_agrees_with_the_deal_at_every_version(world: sqlite3.Connection) -> None:
    fields = ("StageName", "Amount", "CloseDate", "Probability")
    rows: dict[tuple[str, str], list[tuple[str, str, list[object]]]] = {}
    for tenant, row_id, at, _, row in versions(world, "opportunity_history"):
        state = [row[field] for field in fields]
        rows.setdefault((tenant, row["OpportunityId"]), []).append((at, row_id, state))
    compared = 0
    for tenant, deal, valid_at, _, payload in versions(world, "opportunity"):
        known = sorted(row for row in rows[tenant, deal] if row[0] <= valid_at)
        assert known[-1][2] == [payload[field] for field in fields]
        compared += 1
    assert compared > 1000


@pytest.mark.parametrize(
    ("history", "parent", "key", "fields"),
    [
        (
            "opportunity_field_history",
            "opportunity",
            "OpportunityId",
            {
                "Owner": "OwnerId",
                "Amount": "Amount",
                "CloseDate": "CloseDate",
                "Loss_Reason__c": "Loss_Reason__c",
            },
        ),
        ("lead_history", "lead", "LeadId", {"Owner": "OwnerId", "Status": "Status"}),
    ],
)
def test_field_history_leads_from_the_first_value_to_the_last(
    world: sqlite3.Connection, history: str, parent: str, key: str, fields: dict[str, str]
) -> None:
    first: dict[tuple[str, str], dict] = {}
    for tenant, record, _, _, payload in versions(world, parent):
        first.setdefault((tenant, record), payload)
    last = latest(world, parent)
    changes: dict[tuple[str, str, str], list[tuple[str, str, str | None, str | None]]] = {}
    for tenant, row_id, at, _, row in versions(world, history):
        is_name = row["Field"] == "Owner" and not str(row["NewValue"]).startswith("005")
        if row["Field"] in fields and not is_name:
            found = changes.setdefault((tenant, row[key], row["Field"]), [])
            found.append((at, row_id, row["OldValue"], row["NewValue"]))
    assert {field for *_, field in changes} == set(fields)
    for (tenant, record, field), found in changes.items():
        value = _text(first[tenant, record][fields[field]])
        for _, _, old, new in sorted(found):
            assert old == value, f"{parent} {record} {field}"
            value = new
        assert value == _text(last[tenant, record][fields[field]]), f"{parent} {record} {field}"


def _text(value: object) -> str | None:
    if isinstance(value, float):
        return f"{value:.2f}"
    return None if value is None else str(value)


def test_references_lead_to_objects_that_exist_by_then(world: sqlite3.Connection) -> None:
    born: dict[tuple[str, str], str] = {}
    for tenant, id_, valid_at in world.execute(
        "select tenant, id, min(valid_at) from object_version"
        " where vendor = 'salesforce' group by 1, 2"
    ):
        born[tenant, id_] = valid_at
    references = {
        "account": ("OwnerId", "ParentId", "MasterRecordId"),
        "lead": ("OwnerId", "ConvertedAccountId", "ConvertedOpportunityId"),
        "opportunity": ("OwnerId", "AccountId"),
        "opportunity_line_item": ("OpportunityId",),
        "opportunity_contact_role": ("OpportunityId",),
        "opportunity_history": ("OpportunityId",),
        "task": ("WhatId", "OwnerId", "AccountId"),
        "user": ("ManagerId",),
        "contract": ("AccountId", "OwnerId"),
        "contact": ("AccountId", "OwnerId"),
        "quote": ("OpportunityId",),
        "campaign_member": ("CampaignId", "LeadId", "ContactId"),
    }
    for resource, fields in references.items():
        for tenant, id_, valid_at, _, payload in versions(world, resource, "salesforce"):
            for field in fields:
                target = payload[field]
                if target is not None:
                    assert born[tenant, target] <= valid_at, f"{resource} {id_}.{field}"


def test_an_owner_works_here_when_the_deal_is_given_to_him(world: sqlite3.Connection) -> None:
    people = latest(world, "user", "salesforce")
    for tenant, row_id, at, _, row in versions(world, "opportunity_field_history"):
        if row["Field"] == "Owner" and str(row["NewValue"]).startswith("005"):
            person = people[tenant, row["NewValue"]]
            day = datetime.fromisoformat(at).astimezone(ZONES[tenant]).date().isoformat()
            assert person["Hire_Date__c"] <= day, row_id
            assert person["End_Date__c"] is None or day < person["End_Date__c"], row_id


def test_lines_sum_to_the_amount_of_every_won_deal_but_renewals(world: sqlite3.Connection) -> None:
    sums: dict[tuple[str, str], float] = {}
    for (tenant, _), line in latest(world, "opportunity_line_item").items():
        key = tenant, line["OpportunityId"]
        sums[key] = sums.get(key, 0) + line["TotalPrice"]
        assert round(line["Quantity"] * line["UnitPrice"], 2) == line["TotalPrice"]
    deals = latest(world, "opportunity").items()
    won = {key: row for key, row in deals if row["IsWon"] and row["Type"] != RENEWAL}
    assert len(won) > 80
    for key, row in won.items():
        assert round(sums[key], 2) == row["Amount"], key


def test_stripe_objects_rest_after_120_days(world: sqlite3.Connection) -> None:
    for resource in RESOURCES["stripe"]:
        if resource.cursor is None:
            continue
        for _, id_, valid_at, _, payload in versions(world, resource.name, "stripe"):
            (at,) = world.execute("select unixepoch(?)", (valid_at,)).fetchone()
            assert payload["created"] <= at <= payload["created"] + 120 * 86400, id_


def test_an_invoice_is_paid_by_exactly_its_applications(world: sqlite3.Connection) -> None:
    applied: dict[tuple[str, str], int] = {}
    for (tenant, _), row in latest(world, "invoice_payment").items():
        if row["status"] == "paid":
            key = tenant, row["invoice"]
            applied[key] = applied.get(key, 0) + row["amount_paid"]
    for key, invoice in latest(world, "invoice").items():
        taxes = sum(tax["amount"] for tax in invoice["total_taxes"])
        assert invoice["total"] == invoice["total_excluding_tax"] + taxes
        assert invoice["amount_paid"] == applied.get(key, 0)
        if invoice["status"] == "paid":
            assert invoice["amount_paid"] == invoice["total"]
        assert (invoice["status_transitions"]["finalized_at"] is None) == (
            invoice["status"] == "draft"
        )


def test_the_lines_of_every_invoice_sum_to_it_and_name_known_products(
    world: sqlite3.Connection,
) -> None:
    products = {product.finance_id for product in CATALOGUE}
    for _, invoice_id, _, _, invoice in versions(world, "invoice"):
        lines = invoice["lines"]["data"]
        assert sum(line["amount"] for line in lines) == invoice["subtotal"], invoice_id
        assert {line["pricing"]["price_details"]["product"] for line in lines} <= products
        for line in lines:
            assert line["invoice"] == invoice_id
            assert line["amount"] == line["subtotal"]
            price = int(line["pricing"]["unit_amount_decimal"])
            assert abs(price * line["quantity"] - line["amount"]) < line["quantity"]


def test_a_credit_note_is_worth_the_refund_that_it_stands_for(world: sqlite3.Connection) -> None:
    refunds, invoices = latest(world, "refund"), latest(world, "invoice")
    for (tenant, note_id), note in latest(world, "credit_note").items():
        (given,) = note["refunds"]
        refund = refunds[tenant, given["refund"]]
        assert refund["status"] == "succeeded", note_id
        assert note["total"] == given["amount_refunded"] == refund["amount"]
        assert sum(line["amount"] for line in note["lines"]["data"]) == note["total_excluding_tax"]
        assert note["customer"] == invoices[tenant, note["invoice"]]["customer"]


def test_a_subscription_is_billed_by_the_invoices_of_its_periods(
    world: sqlite3.Connection,
) -> None:
    periods: dict[tuple[str, str], set[tuple[int, int]]] = {}
    for tenant, subscription_id, _, _, subscription in versions(world, "subscription"):
        (item,) = subscription["items"]["data"]
        period = item["current_period_start"], item["current_period_end"]
        periods.setdefault((tenant, subscription_id), set()).add(period)
        assert (subscription["status"] == "canceled") == (subscription["ended_at"] is not None)
    billed = 0
    for (tenant, _), invoice in latest(world, "invoice").items():
        for line in invoice["lines"]["data"]:
            details = line["parent"]["subscription_item_details"]
            if details and not details["proration"]:
                billed += 1
                shown = line["period"]["start"], line["period"]["end"]
                known = periods[tenant, details["subscription"]]
                assert shown in known or shown[0] > max(start for start, _ in known)
    assert billed > 10


def test_payments_cover_their_applications_and_refunds(world: sqlite3.Connection) -> None:
    charges = latest(world, "charge")
    by_intent = {
        (tenant, row["payment_intent"]): row
        for (tenant, _), row in charges.items()
        if row["status"] == "succeeded"
    }
    used: dict[tuple[str, str], int] = {}
    for (tenant, _), row in latest(world, "invoice_payment").items():
        if row["status"] == "paid":
            key = tenant, row["payment"]["payment_intent"]
            used[key] = used.get(key, 0) + row["amount_paid"]
    assert all(by_intent[key]["amount"] >= cents for key, cents in used.items())
    refunded: dict[tuple[str, str], int] = {}
    for (tenant, _), row in latest(world, "refund").items():
        if row["status"] == "succeeded":
            key = tenant, row["charge"]
            refunded[key] = refunded.get(key, 0) + row["amount"]
    assert all(charges[key]["amount_refunded"] >= cents for key, cents in refunded.items())
    assert all(charges[key]["amount"] >= cents for key, cents in refunded.items())


def test_ticket_events_end_in_the_ticket_status(world: sqlite3.Connection) -> None:
    status: dict[tuple[str, int], str] = {}
    events = sorted(versions(world, "ticket_event"), key=lambda row: (row[0], row[2], int(row[1])))
    for tenant, _, _, _, event in events:
        for child in event["child_events"]:
            if child["event_type"] == "Create":
                status[tenant, event["ticket_id"]] = child["status"]
            if child["event_type"] == "Change":
                assert child["previous_value"] == status[tenant, event["ticket_id"]]
                status[tenant, event["ticket_id"]] = child["status"]
    tickets = latest(world, "ticket")
    assert len(tickets) > 100
    for (tenant, _), ticket in tickets.items():
        assert status[tenant, ticket["id"]] == ticket["status"]


def test_some_rows_share_their_second(world: sqlite3.Connection) -> None:
    (shared,) = world.execute(
        "select count(*) from (select 1 from object_version where resource = 'opportunity'"
        " group by tenant, valid_at having count(distinct id) > 1)"
    ).fetchone()
    assert shared > 0


def test_the_small_hours_of_the_demo_day_have_news(world: sqlite3.Connection) -> None:
    """Between midnight and 03:00 in Shanghai it is already July there and still June elsewhere."""
    (count,) = world.execute(
        "select count(*) from object_version"
        " where valid_at between '2026-06-30T16:00:00Z' and '2026-06-30T19:00:00Z'"
    ).fetchone()
    assert count > 0


Verdict = Callable[[dict, str, dict], bool]
RULES: dict[str, tuple[str, Verdict]] = {
    "proposal_amount_positive": (
        "Proposal/Price Quote",
        lambda entry, at, deal: bool(entry["Amount"]),
    ),
    "proposal_close_date_present": (
        "Proposal/Price Quote",
        lambda entry, at, deal: entry["CloseDate"] is not None,
    ),
    "proposal_discovery_completed": (
        "Proposal/Price Quote",
        lambda entry, at, deal: (deal["Discovery_Completed__c"] or "9") <= at,
    ),
    "negotiation_customer_committed": (
        "Negotiation/Review",
        lambda entry, at, deal: (deal["Customer_Committed__c"] or "9") <= at,
    ),
    "negotiation_decision_maker_known": (
        "Negotiation/Review",
        lambda entry, at, deal: deal["decision_maker_since"] <= at,
    ),
    "contract_signed_evidence": (
        "Closed Won",
        lambda entry, at, deal: (deal["Contract_Signed__c"] or "9") <= at,
    ),
}


def stage_entries(world: sqlite3.Connection, stage: str) -> list[tuple[str, dict, dict]]:
    """(entered at, history row, deal) of every entry into a stage by new business that exists."""
    deals = latest(world, "opportunity")
    for deal in deals.values():
        deal["decision_maker_since"] = "9"
    for (tenant, _), role in latest(world, "opportunity_contact_role").items():
        if role["Role"] == "Decision Maker":
            deals[tenant, role["OpportunityId"]]["decision_maker_since"] = role["CreatedDate"]
    before: dict[tuple[str, str], str] = {}
    found = []
    rows = versions(world, "opportunity_history")
    for tenant, _, _, _, row in sorted(rows, key=lambda row: (row[0], row[2], row[1])):
        key = tenant, row["OpportunityId"]
        entered = before.get(key) != row["StageName"]
        before[key] = row["StageName"]
        deal = deals[key]
        is_new_business = deal["Type"] != RENEWAL and not deal["IsDeleted"]
        if entered and row["StageName"] == stage and is_new_business:
            found.append((row["CreatedDate"], row, deal))
    return sorted(found, key=lambda entry: entry[0])


@pytest.mark.parametrize("rule", RULES)
def test_some_entries_break_each_rule_yet_it_never_blocks(
    world: sqlite3.Connection, rule: str
) -> None:
    stage, passes = RULES[rule]
    entries = [(at, passes(row, at, deal)) for at, row, deal in stage_entries(world, stage)]
    failed = sum(not passed for _, passed in entries)
    # Seven of a hundred lapse; in a small world a commitment that was taken back counts for much.
    assert 0.02 < failed / len(entries) < 0.15
    enforced = [entry for entry in entries if entry[0] >= ENTRY_RULES_ENFORCED_FROM.isoformat()]
    for position in range(1, len(enforced) + 1):
        assert sum(not passed for _, passed in enforced[:position]) / position < 0.10
