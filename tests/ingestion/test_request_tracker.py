"""Request Tracker's protocol as far as it needs no Request Tracker; tests/real has the real one."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import duckdb
import pytest

from ingestion.clock import FixedClock
from ingestion.errors import ContractError
from ingestion.extract import Window, ingest
from ingestion.http import HttpSettings
from ingestion.landing import Landing, Manifest
from tests.ingestion.vendor import Vendor, connection

TICKETS = "/REST/2.0/tickets"


def ticket(number: int, **changed: Any) -> dict[str, Any]:
    row = {
        "id": number,
        "Queue": {"id": "1", "Name": "General"},
        "Status": "open",
        "Priority": "Medium",
        "Requestor": [{"id": 27, "EmailAddress": "Ann@Lakeside.Example", "Organization": ""}],
        "CustomFields": "",
        "Created": "2026-06-30T09:00:00Z",
        "LastUpdated": "2026-06-30T10:00:00Z",
    }
    return row | changed


def page(*rows: dict[str, Any]) -> dict[str, Any]:
    return {"items": list(rows), "count": len(rows), "total": None}


def read(vendor: Vendor, landing: Landing, clock: FixedClock, settings: HttpSettings) -> Manifest:
    source = "request_tracker"
    return ingest(source, "aurora", "ticket", connection(source, vendor), landing, clock, settings)


def test_of_an_address_only_the_domain_lands_and_a_ticket_that_nobody_asked_has_none(
    vendor: Vendor, landing: Landing, clock: FixedClock, settings: HttpSettings
) -> None:
    vendor.on(TICKETS, page(ticket(1), ticket(2, Requestor=[])), page())
    load = read(vendor, landing, clock, settings)
    path = str(landing.root / load.files[0].path)
    rows = duckdb.execute(
        "select id, requestor_id, requestor_domain, custom_fields "
        "from read_parquet(?, hive_partitioning = false) order by id",
        [path],
    ).fetchall()
    assert rows == [("1", "27", "lakeside.example", None), ("2", None, None, None)]
    asked = vendor.asked_for(TICKETS)[0].query_params
    assert asked["fields[Requestor]"] == "id,EmailAddress,Organization"


def test_a_field_that_is_a_list_or_when_empty_a_text_lands_both_ways(
    vendor: Vendor, landing: Landing, clock: FixedClock, settings: HttpSettings
) -> None:
    filled = ticket(1, CustomFields=[{"name": "Plan", "values": ["gold"]}])
    vendor.on(TICKETS, page(filled, ticket(2, CustomFields="")), page())
    load = read(vendor, landing, clock, settings)
    assert load.rejected_rows == 0
    rows = duckdb.execute(
        "select id, custom_fields from read_parquet(?, hive_partitioning = false) order by id",
        [str(landing.root / load.files[0].path)],
    ).fetchall()
    assert rows == [("1", '[{"name":"Plan","values":["gold"]}]'), ("2", None)]


def test_a_short_page_is_not_the_end_while_anything_shows_beyond_it(
    vendor: Vendor, landing: Landing, clock: FixedClock, settings: HttpSettings
) -> None:
    beyond = page(ticket(300))
    vendor.on(TICKETS, page(), beyond, page(ticket(200)), beyond, beyond, page())
    assert read(vendor, landing, clock, settings).rows == 2
    asked = [(a.query_params["order"], a.query_params["page"]) for a in vendor.asked_for(TICKETS)]
    assert asked == [
        ("ASC", "1"),
        ("DESC", "1"),
        ("ASC", "2"),
        ("DESC", "1"),
        ("ASC", "1"),
        ("DESC", "1"),
    ]


def test_a_reply_without_a_list_of_tickets_is_refused(
    vendor: Vendor, landing: Landing, clock: FixedClock, settings: HttpSettings
) -> None:
    vendor.on(TICKETS, {"message": "Incomplete query"})
    with pytest.raises(ContractError, match=r"ticket, page 1, .*no .items.*Incomplete query"):
        read(vendor, landing, clock, settings)


@pytest.mark.parametrize("resource", ["ticket", "ticket_event"])
def test_a_range_is_bounded_at_both_ends_in_the_form_that_is_not_ignored(
    vendor: Vendor,
    landing: Landing,
    clock: FixedClock,
    settings: HttpSettings,
    resource: str,
) -> None:
    path = TICKETS if resource == "ticket" else "/REST/2.0/transactions"
    vendor.on(path, page())
    window = Window(datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC), {})
    where = connection("request_tracker", vendor)
    ingest("request_tracker", "aurora", resource, where, landing, clock, settings, window)
    asked = vendor.asked_for(path)[-1].query_params["query"]
    if resource == "ticket":
        assert asked == (
            "id > 0 AND LastUpdated >= '2026-03-01 00:00:00' "
            "AND LastUpdated < '2026-04-01 00:00:00'"
        )
    else:
        bounds = [entry for entry in json.loads(asked) if entry["field"] == "Created"]
        assert [
            (bound["operator"], bound["value"], bound["entry_aggregator"]) for bound in bounds
        ] == [
            (">=", "2026-03-01 00:00:00", "AND"),
            ("<", "2026-04-01 00:00:00", "AND"),
        ]
