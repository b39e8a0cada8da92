"""The three connectors against the demo company's vendor servers: real protocols, real faults."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from company.servers import Servers, running_servers
from ingestion.clock import FixedClock
from ingestion.connections import Connection
from ingestion.errors import ContractError, FilterIgnoredError, GaveUpError, TerminalError
from ingestion.extract import Window, ingest
from ingestion.http import HttpSettings
from ingestion.landing import Landing, Manifest

START = datetime(2026, 6, 1, 8, tzinfo=UTC)
NOW = datetime(2026, 6, 20, tzinfo=UTC)
CREDENTIALS: dict[str, Any] = {
    "salesforce": {
        tenant: {"client_id": f"app-{tenant}", "client_secret": f"secret-{tenant}"}
        for tenant in ("aurora", "borealis")
    },
    "stripe": {tenant: f"sk_test_{tenant}" for tenant in ("aurora", "borealis")},
    "zendesk": {tenant: f"token-{tenant}" for tenant in ("aurora", "borealis")},
}

# One resource of each protocol: SOQL, a list, a cursor export, a time export, a cursor-paged list.
PROTOCOLS = (
    ("salesforce", "account"),
    ("stripe", "invoice"),
    ("zendesk", "ticket"),
    ("zendesk", "organization"),
    ("zendesk", "satisfaction_rating"),
)
PAGES = {
    "account": 2000,
    "invoice": 100,
    "ticket": 1000,
    "organization": 1000,
    "satisfaction_rating": 100,
}


def payload(vendor: str, number: int, at: datetime) -> dict[str, Any]:
    """The object `number` as the vendor shows it; `at` is its creation and last change."""
    match vendor:
        case "salesforce":
            time = at.strftime("%Y-%m-%dT%H:%M:%S.000+0000")
            return {
                "Id": f"001{number:015}",
                "Name": f"Name {number}",
                "CreatedDate": time,
                "SystemModstamp": time,
            }
        case "stripe":
            return {"id": f"x_{number:06}", "created": int(at.timestamp()), "total": number}
        case _:
            time = at.strftime("%Y-%m-%dT%H:%M:%SZ")
            return {"id": number, "created_at": time, "updated_at": time, "score": "good"}


@dataclass
class Company:
    """A world of equal objects, its servers, and one landing store that reads them."""

    path: Path
    landing: Landing
    waits: list[float] = field(default_factory=list)
    servers: Servers | None = None
    now: datetime = NOW

    def put(
        self,
        vendor: str,
        resource: str,
        number: int,
        at: datetime,
        *,
        tenant: str = "aurora",
        deleted: bool = False,
        **changed: Any,
    ) -> None:
        self.fill(vendor, resource, [(number, at)], tenant=tenant, deleted=deleted, **changed)

    def fill(
        self,
        vendor: str,
        resource: str,
        objects: list[tuple[int, datetime]],
        *,
        tenant: str = "aurora",
        deleted: bool = False,
        **changed: Any,
    ) -> None:
        rows = []
        for number, at in objects:
            shown = payload(vendor, number, at) | changed
            id = str(shown.get("Id", shown.get("id")))
            valid_at = at.strftime("%Y-%m-%dT%H:%M:%SZ")
            rows.append((vendor, tenant, resource, id, valid_at, int(deleted), json.dumps(shown)))
        with sqlite3.connect(self.path) as db:
            db.executemany("insert into object_version values (?, ?, ?, ?, ?, ?, ?)", rows)

    @contextmanager
    def open(self) -> Iterator[Servers]:
        with running_servers(self.path, self.now.isoformat(), CREDENTIALS) as servers:
            self.servers = servers
            yield servers

    def read(
        self,
        vendor: str,
        resource: str,
        *,
        tenant: str = "aurora",
        password: str = "",
        window: Window | None = None,
    ) -> Manifest:
        assert self.servers is not None
        self.servers.move_to(self.now.isoformat())
        given = CREDENTIALS[vendor][tenant]
        login, secret = (
            (given["client_id"], given["client_secret"]) if vendor == "salesforce" else ("", given)
        )
        base_url = getattr(self.servers, vendor)
        return ingest(
            vendor,
            tenant,
            resource,
            Connection(vendor, tenant, base_url, login, password or secret),
            self.landing,
            FixedClock(self.now),
            HttpSettings(attempts=3, sleep=self.waits.append, jitter=lambda seconds: seconds),
            window,
        )

    def ids(self, load: Manifest) -> list[str]:
        path = self.landing.root / load.files[0].path
        query = f"select id from read_parquet('{path}', hive_partitioning = false) order by id"
        return [row[0] for row in duckdb.execute(query).fetchall()]


@pytest.fixture
def company(tmp_path: Path, landing: Landing) -> Company:
    path = tmp_path / "world.sqlite"
    with sqlite3.connect(path) as db:
        db.execute(
            "create table object_version (vendor text, tenant text, resource text, id text,"
            " valid_at text, deleted integer, payload text,"
            " primary key (vendor, tenant, resource, id, valid_at))"
        )
    return Company(path, landing)


def minutes(count: int) -> list[tuple[int, datetime]]:
    return [(n, START + timedelta(seconds=n)) for n in range(1, count + 1)]


@pytest.mark.parametrize(("vendor", "resource"), PROTOCOLS)
@pytest.mark.parametrize("extra", [None, 0, 1])
def test_the_last_page_is_read_with_no_row_n_rows_and_one_more(
    company: Company, vendor: str, resource: str, extra: int | None
) -> None:
    count = 0 if extra is None else PAGES[resource] + extra
    company.fill(vendor, resource, minutes(count))
    with company.open():
        load = company.read(vendor, resource)
    assert load.rows == count
    assert len(set(company.ids(load))) == count
    assert load.rejected_rows == 0
    assert load.is_backfill


@pytest.mark.parametrize(("vendor", "resource"), PROTOCOLS)
def test_the_next_day_brings_the_news_and_not_the_whole(
    company: Company, vendor: str, resource: str
) -> None:
    old = [(n, START - timedelta(days=400) + timedelta(minutes=n)) for n in range(1, 6)]
    company.fill(vendor, resource, [*old, (6, NOW - timedelta(hours=1))])
    company.put(vendor, resource, 7, NOW + timedelta(hours=2))
    with company.open():
        first = company.read(vendor, resource)
        company.now = NOW + timedelta(days=1)
        second = company.read(vendor, resource)
    assert first.rows == 6
    shown = payload(vendor, 7, NOW)
    assert str(shown.get("Id") or shown["id"]) in company.ids(second)
    assert second.rows <= 2
    assert not second.is_backfill


@pytest.mark.parametrize(("vendor", "resource"), PROTOCOLS)
def test_two_tenants_with_equal_ids_stay_apart(
    company: Company, vendor: str, resource: str
) -> None:
    company.fill(vendor, resource, minutes(2))
    company.fill(vendor, resource, minutes(3), tenant="borealis")
    with company.open():
        aurora = company.read(vendor, resource)
        borealis = company.read(vendor, resource, tenant="borealis")
    assert (aurora.rows, borealis.rows) == (2, 3)


@pytest.mark.parametrize(("vendor", "resource"), PROTOCOLS)
@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "status", "status": 500},
        {"kind": "status", "status": 429, "retry_after": 7},
        {"kind": "status", "status": 429, "html": True},
        {"kind": "half_json"},
        {"kind": "html_page"},
        {"kind": "drop"},
    ],
    ids=lambda fault: "-".join(str(value) for value in fault.values()),
)
def test_a_fault_that_passes_costs_a_wait_and_no_row(
    company: Company, vendor: str, resource: str, fault: dict[str, Any]
) -> None:
    company.fill(vendor, resource, minutes(3))
    with company.open() as servers:
        servers.add_fault(vendor=vendor, resource=resource, times=1, **fault)
        load = company.read(vendor, resource)
    assert load.rows == 3
    assert company.waits == [float(fault.get("retry_after", 1.0))]


@pytest.mark.parametrize(("vendor", "resource"), PROTOCOLS)
@pytest.mark.parametrize("kind", ["half_json", "html_page", "drop"])
def test_a_fault_that_stays_lands_nothing_and_names_resource_page_and_cursor(
    company: Company, vendor: str, resource: str, kind: str
) -> None:
    company.fill(vendor, resource, minutes(3))
    with company.open() as servers:
        servers.add_fault(vendor=vendor, resource=resource, kind=kind, times=None)
        with pytest.raises(GaveUpError) as caught:
            company.read(vendor, resource)
        assert company.landing.last_seq() == 0
        servers.clear_faults()
        assert company.read(vendor, resource).rows == 3
    assert f"{vendor}/aurora: {resource}, page 1, cursor none (from the start)" in str(caught.value)


@pytest.mark.parametrize(
    ("vendor", "resource", "count"),
    [("salesforce", "account", 2001), ("stripe", "invoice", 101), ("zendesk", "ticket", 1001)],
)
def test_duplicate_rows_across_pages_land_once(
    company: Company, vendor: str, resource: str, count: int
) -> None:
    company.fill(vendor, resource, minutes(count))
    with company.open() as servers:
        servers.add_fault(vendor=vendor, resource=resource, kind="duplicate_rows", rows=5)
        load = company.read(vendor, resource)
    assert load.rows == count
    assert len(load.pages) == 2


def invoice_with(count: int, **changed: Any) -> dict[str, Any]:
    lines = [{"id": f"il_{n:03}", "object": "line_item", "subtotal": n} for n in range(count)]
    return {"lines": {"object": "list", "data": lines, "has_more": False}, **changed}


def test_all_lines_of_a_long_invoice_are_read_once_it_is_no_draft(company: Company) -> None:
    company.put("stripe", "invoice", 1, START, **invoice_with(120, status="open"))
    company.put("stripe", "invoice", 2, START, **invoice_with(11, status="draft"))
    company.put("stripe", "invoice", 3, NOW - timedelta(hours=1), **invoice_with(3, status="open"))
    with company.open() as servers:
        first = company.read("stripe", "invoice_line")
        assert company.ids(first) == [f"il_{n:03}" for n in range(120)]
        servers.forget_requests()
        company.now = NOW + timedelta(days=200)
        assert company.read("stripe", "invoice_line").rows == 0
        (listing, *_) = servers.requests()
        assert int(listing["query"]["created[gte]"]) == int(
            (NOW - timedelta(hours=1) - timedelta(days=180)).timestamp()
        )


def test_without_a_long_invoice_a_page_hands_on_the_cursor_and_without_any_there_is_none(
    company: Company,
) -> None:
    with company.open():
        nothing = company.read("stripe", "invoice_line")
        assert (nothing.rows, nothing.cursor) == (0, None)
        company.put("stripe", "invoice", 1, START, **invoice_with(2, status="open"))
        company.put("stripe", "invoice", 2, START - timedelta(days=1), **invoice_with(0))
        load = company.read("stripe", "invoice_line")
    assert company.ids(load) == ["il_000"]
    assert load.cursor == str(int(START.timestamp()))


def test_a_row_inserted_while_stripe_is_paged_loses_no_other_row(company: Company) -> None:
    company.fill("stripe", "invoice", minutes(150))
    row = payload("stripe", 999, START + timedelta(hours=1))
    with company.open() as servers:
        servers.add_fault(vendor="stripe", resource="invoice", kind="insert_row", row=row)
        load = company.read("stripe", "invoice")
    assert set(company.ids(load)) >= {f"x_{n:06}" for n in range(1, 151)}


@pytest.mark.parametrize(("vendor", "resource"), PROTOCOLS)
def test_a_row_without_its_key_is_refused_alone(
    company: Company, vendor: str, resource: str
) -> None:
    company.fill(vendor, resource, minutes(3))
    with company.open() as servers:
        servers.add_fault(vendor=vendor, resource=resource, kind="drop_key")
        load = company.read(vendor, resource)
    assert (load.rows, load.rejected_rows) == (2, 1)


def test_an_amount_that_is_no_amount_is_refused_with_its_value(company: Company) -> None:
    company.fill("stripe", "invoice", minutes(3))
    with company.open() as servers:
        servers.add_fault(
            vendor="stripe", resource="invoice", kind="set_field", field="total", value="a lot"
        )
        load = company.read("stripe", "invoice")
    path = company.landing.root / load.rejects[0].path
    refused = duckdb.execute(
        f"select field, value from read_parquet('{path}', hive_partitioning = false)"
    ).fetchall()
    assert refused == [("total", "a lot")]


@pytest.mark.parametrize(
    ("vendor", "resource"), [entry for entry in PROTOCOLS if entry[1] != "ticket"]
)
def test_an_ignored_filter_is_an_error_and_moves_no_cursor(
    company: Company, vendor: str, resource: str
) -> None:
    company.fill(vendor, resource, [(1, START - timedelta(days=400)), (2, NOW)])
    with company.open() as servers:
        first = company.read(vendor, resource)
        servers.add_fault(vendor=vendor, resource=resource, kind="ignore_filter")
        company.now = NOW + timedelta(days=1)
        with pytest.raises(FilterIgnoredError, match="the vendor ignored the filter"):
            company.read(vendor, resource)
        assert company.landing.last_seq() == first.commit_seq
        assert company.read(vendor, resource).extra["continues"] == first.commit_seq


def test_a_session_that_ends_on_the_way_is_renewed_once(company: Company) -> None:
    company.fill("salesforce", "account", minutes(2001))
    with company.open() as servers:
        servers.add_fault(vendor="salesforce", kind="expire_sessions", after=1, path="/query")
        assert company.read("salesforce", "account").rows == 2001
        logins = [r for r in servers.requests() if r["path"].endswith("/oauth2/token")]
    assert len(logins) == 2


@pytest.mark.parametrize(("vendor", "resource"), PROTOCOLS)
def test_wrong_credentials_are_final_and_are_not_repeated_in_the_message(
    company: Company, vendor: str, resource: str
) -> None:
    with company.open(), pytest.raises(TerminalError) as caught:
        company.read(vendor, resource, password="not-the-password")
    assert not isinstance(caught.value, ContractError)
    assert "not-the-password" not in str(caught.value)
    assert company.waits == []


def test_a_deleted_account_lands_again_with_its_flag(company: Company) -> None:
    company.put("salesforce", "account", 1, START)
    company.put("salesforce", "account", 1, NOW + timedelta(hours=1), deleted=True)
    with company.open():
        company.read("salesforce", "account")
        company.now = NOW + timedelta(days=1)
        load = company.read("salesforce", "account")
    path = company.landing.root / load.files[0].path
    query = f"select id, is_deleted from read_parquet('{path}', hive_partitioning = false)"
    assert duckdb.execute(query).fetchall() == [("001000000000000001", True)]


def test_what_zendesk_tells_of_a_deletion_lands(company: Company) -> None:
    """A ticket turns into one of the status deleted, an organization gets the time of it."""
    later = NOW + timedelta(hours=1)
    landed = {}
    for resource, column in (("ticket", "status"), ("organization", "deleted_at::text")):
        company.put("zendesk", resource, 1, START, status="open")
        company.put("zendesk", resource, 1, later, status="open", deleted=True)
        company.now = NOW
        with company.open():
            company.read("zendesk", resource)
            company.now = NOW + timedelta(days=1)
            load = company.read("zendesk", resource)
        path = company.landing.root / load.files[0].path
        query = f"select {column} from read_parquet('{path}', hive_partitioning = false)"
        landed[resource] = duckdb.execute(query).fetchall()
    assert landed == {"ticket": [("deleted",)], "organization": [(f"{later:%Y-%m-%d %H:%M:%S}",)]}


def test_ticket_events_come_with_their_comments(company: Company) -> None:
    comment = {"id": 5, "event_type": "Comment", "public": True}
    company.put("zendesk", "ticket_event", 1, START, child_events=[comment], ticket_id=7)
    with company.open():
        load = company.read("zendesk", "ticket_event")
    path = company.landing.root / load.files[0].path
    query = (
        "select json_extract_string(child_events, '$[0].event_type'), ticket_id "
        f"from read_parquet('{path}', hive_partitioning = false)"
    )
    assert duckdb.execute(query).fetchall() == [("Comment", "7")]
