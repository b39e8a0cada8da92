"""The vendor servers over plain HTTP: time, faults, request log, refusals, start and stop."""

from __future__ import annotations

import json
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from small_world import CREDENTIALS, NOW, START, SmallWorld, iso

from company.servers import Servers, running_servers
from company.servers.running import Credentials, CredentialsError, listen
from company.servers.salesforce_schema import OBJECTS, RELATED
from company.servers.stripe import COLLECTIONS
from company.servers.world import WorldError, instant
from ingestion.salesforce.resources import RESOURCES as SALESFORCE_RESOURCES
from ingestion.stripe.resources import INVOICE_LINE
from ingestion.stripe.resources import RESOURCES as STRIPE_RESOURCES
from tests.ports import ports

TICKETS = "/api/v2/incremental/tickets/cursor.json"
ACCOUNTS = "SELECT Id, Name, SystemModstamp FROM Account ORDER BY SystemModstamp, Id"


class Salesforce:
    """Signs in and asks queries, with the raw replies in hand."""

    def __init__(self, servers: Servers) -> None:
        self.http = httpx.Client(base_url=servers.salesforce)
        app = CREDENTIALS["salesforce"]["aurora"]
        form = {"grant_type": "client_credentials", **app}
        self.login = self.http.post("/services/oauth2/token", data=form).json()
        self.http.headers["Authorization"] = f"Bearer {self.login['access_token']}"
        self.http.headers["Sforce-Query-Options"] = "batchSize=200"

    def query(self, soql: str, *, everything: bool = False) -> httpx.Response:
        verb = "queryAll" if everything else "query"
        return self.http.get(f"/services/data/v61.0/{verb}", params={"q": soql})

    def names(self, soql: str) -> list[str]:
        return [record["Name"] for record in self.query(soql).json()["records"]]


@pytest.fixture
def salesforce(servers: Servers) -> Iterator[Salesforce]:
    client = Salesforce(servers)
    with closing(client.http):
        yield client


@pytest.fixture
def stripe(servers: Servers) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=servers.stripe, auth=("sk_test_aurora", "")) as client:
        yield client


@pytest.fixture
def zendesk(servers: Servers) -> Iterator[httpx.Client]:
    headers = {"Authorization": "Bearer token-aurora"}
    with httpx.Client(base_url=servers.zendesk, headers=headers) as client:
        yield client


def ids(reply: httpx.Response) -> list[str]:
    return [row["id"] for row in reply.json()["data"]]


# What ingestion reads is there


def test_every_field_that_ingestion_reads_is_in_the_schema_of_the_org() -> None:
    for resource in SALESFORCE_RESOURCES:
        sobject = OBJECTS[resource.endpoint.lower()]
        assert sobject.resource == resource.name
        for column in resource.columns:
            *relation, last = column.source_path.split(".")
            owner = RELATED[relation[0]] if relation else sobject
            assert owner.field(last), f"{resource.endpoint}.{column.source_path}"


def test_every_list_that_ingestion_reads_from_stripe_is_served() -> None:
    served = {f"/v1/{segment}": resource for segment, resource in COLLECTIONS.items()}
    listed = {r.endpoint: r.name for r in STRIPE_RESOURCES if r.name != INVOICE_LINE}
    assert listed == served


# Time


def test_moving_time_shows_the_world_of_that_day_on_every_port(
    world: SmallWorld, servers: Servers, salesforce: Salesforce, stripe: httpx.Client
) -> None:
    world.account(1)
    world.account(1, at=START + timedelta(days=10), Name="Renamed")
    world.account(2, at=START + timedelta(days=20))
    world.invoice(1)
    everyone = "SELECT Name FROM Account"
    assert salesforce.names(everyone) == ["Renamed", "Account 2"]
    moved = httpx.post(f"{servers.zendesk}/_world", json={"now": "2026-06-02T08:00:00+08:00"})
    assert moved.json() == {"now": "2026-06-02T00:00:00Z"}
    assert salesforce.names(everyone) == ["Account 1"]
    servers.move_to("2026-06-11T08:00:00Z")
    assert Salesforce(servers).names(everyone) == ["Renamed"]
    servers.move_to("2026-05-01T00:00:00Z")
    assert stripe.get("/v1/invoices").json()["data"] == []


@pytest.mark.parametrize("now", ["2026-07-01", "2026-07-01T03:00:00", "tomorrow", ""])
def test_a_time_without_a_zone_is_refused(servers: Servers, now: str) -> None:
    with pytest.raises(ValueError, match=r"is not an ISO 8601 time with a zone"):
        servers.move_to(now)
    with pytest.raises(WorldError, match=r"is not an ISO 8601 time with a zone"):
        instant(now)


# Salesforce


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("Amount > 10.5", ["c"]),
        ("Amount >= 10.5 AND Amount < 20", ["b"]),
        ("Amount = null", ["d"]),
        ("Amount != null", ["a", "b", "c"]),
        ("Amount != 10.5", ["a", "c", "d"]),
        ("Name = 'B'", ["b"]),
        ("Name <> 'b'", ["a", "c", "d"]),
        ("IsWon = true", ["c"]),
        ("CloseDate <= 2026-06-02", ["a", "b"]),
        ("SystemModstamp > 2026-06-01T16:01:00+08:00", ["c", "d"]),
        ("systemmodstamp = 2026-06-01T08:01:00Z", ["b"]),
        ("NextStep = 'it\\'s \\\\ on'", ["d"]),
    ],
)
def test_conditions_select_as_salesforce_would(
    world: SmallWorld, salesforce: Salesforce, condition: str, expected: list[str]
) -> None:
    amounts: list[float | None] = [1.5, 10.5, 20.0, None]
    for n, (name, amount) in enumerate(zip("abcd", amounts, strict=True)):
        payload = {
            "Name": name,
            "Amount": amount,
            "IsWon": name == "c",
            "CloseDate": f"2026-06-{n + 1:02d}",
            "SystemModstamp": f"2026-06-01T08:{n:02d}:00.000+0000",
            "NextStep": "it's \\ on" if name == "d" else None,
        }
        world.put("salesforce", "opportunity", f"006{n}", START, payload)
    query = f"SELECT Name FROM Opportunity WHERE {condition} ORDER BY Name"
    assert salesforce.names(query) == expected


def test_order_puts_empty_values_first_unless_told_otherwise(
    world: SmallWorld, salesforce: Salesforce
) -> None:
    for n, website in enumerate(["b.cn", None, "A.cn"]):
        world.account(n, Website=website)
    order = "SELECT Name FROM Account ORDER BY Website"
    assert salesforce.names(order) == ["Account 1", "Account 2", "Account 0"]
    assert salesforce.names(f"{order} DESC") == ["Account 1", "Account 0", "Account 2"]
    last = f"{order} ASC NULLS LAST LIMIT 3"
    assert salesforce.names(last) == ["Account 2", "Account 0", "Account 1"]
    assert salesforce.names(f"{order} LIMIT 1") == ["Account 1"]


@pytest.mark.parametrize(
    ("soql", "code", "message"),
    [
        ("", "MALFORMED_QUERY", "expecting SELECT"),
        ("SELECT Id", "MALFORMED_QUERY", "expecting FROM"),
        ("SELECT Id FROM Account WHERE", "MALFORMED_QUERY", "expecting a field"),
        ("SELECT Id FROM Account WHERE Name LIKE 'a%'", "MALFORMED_QUERY", "expecting an operator"),
        ("SELECT Id FROM Account WHERE Name = 'a' OR Name = 'b'", "MALFORMED_QUERY", "'OR'"),
        ("SELECT Id FROM Account WHERE Name = 'open", "MALFORMED_QUERY", "unexpected token: '''"),
        ("SELECT Id FROM Account LIMIT many", "MALFORMED_QUERY", "expecting a number"),
        ("SELECT Id FROM Nothing", "INVALID_TYPE", "sObject type 'Nothing' is not supported"),
        ("SELECT Id FROM Account WHERE Nope = 1", "INVALID_FIELD", "No such column 'Nope'"),
        ("SELECT Id FROM Account ORDER BY Nope", "INVALID_FIELD", "No such column 'Nope'"),
        ("SELECT Owner.Name FROM Account", "INVALID_FIELD", "relationship 'Owner'"),
        (
            "SELECT Id FROM Account WHERE SystemModstamp > '2026-06-01T00:00:00Z'",
            "INVALID_FIELD",
            "must be of type datetime and should not be enclosed in quotes",
        ),
        ("SELECT Id FROM Account WHERE Name = 5", "INVALID_FIELD", "should be enclosed in quotes"),
        ("SELECT Id FROM Account WHERE Name > null", "INVALID_FIELD", "invalid operator >"),
    ],
)
def test_a_query_that_salesforce_refuses_is_refused_in_its_words(
    salesforce: Salesforce, soql: str, code: str, message: str
) -> None:
    reply = salesforce.query(soql)
    (error,) = reply.json()
    assert (reply.status_code, error["errorCode"]) == (400, code)
    assert message in error["message"]


def test_pages_of_a_query_are_those_of_the_moment_it_was_asked(
    world: SmallWorld, servers: Servers, salesforce: Salesforce
) -> None:
    for n in range(250):
        world.account(n)
    servers.add_fault(
        kind="insert_row",
        vendor="salesforce",
        resource="account",
        row={"Id": "001new", "Name": "First of all", "SystemModstamp": ""},
    )
    first = salesforce.query(ACCOUNTS).json()
    second = salesforce.http.get(first["nextRecordsUrl"]).json()
    assert [len(first["records"]), len(second["records"])] == [200, 50]
    assert (first["totalSize"], first["done"], second["done"]) == (250, False, True)
    assert first["records"][0]["attributes"]["url"].endswith(f"/Account/001{0:015d}")
    assert salesforce.names(ACCOUNTS)[0] == "First of all"


def test_a_locator_is_gone_after_time_moved_and_foreign_to_other_tenants(
    world: SmallWorld, servers: Servers, salesforce: Salesforce
) -> None:
    for n in range(201):
        world.account(n)
    following = salesforce.query(ACCOUNTS).json()["nextRecordsUrl"]
    app = CREDENTIALS["salesforce"]["borealis"]
    form = {"grant_type": "client_credentials", **app}
    other = httpx.post(f"{servers.salesforce}/services/oauth2/token", data=form).json()
    stolen = {"Authorization": f"Bearer {other['access_token']}"}
    assert httpx.get(servers.salesforce + following, headers=stolen).status_code == 400
    assert salesforce.http.get(following).status_code == 200
    servers.move_to("2026-07-01T03:30:00+08:00")
    reply = salesforce.http.get(following)
    assert reply.json()[0]["errorCode"] == "INVALID_QUERY_LOCATOR"


def test_the_login_names_the_host_that_was_asked(servers: Servers, salesforce: Salesforce) -> None:
    host = servers.salesforce.removeprefix("http://")
    assert salesforce.login["instance_url"] == f"https://{host}"
    by_password = salesforce.http.post("/services/oauth2/token", data={"grant_type": "password"})
    assert by_password.json()["error"] == "unsupported_grant_type"
    without_login = httpx.get(f"{servers.salesforce}/services/data")
    assert without_login.json()[-1]["version"] == "61.0"


# Stripe


def test_a_row_inserted_while_paging_neither_repeats_nor_hides_another(
    world: SmallWorld, servers: Servers, stripe: httpx.Client
) -> None:
    for n in range(4):
        world.invoice(n)
    newest = {"id": "in_new", "created": int(START.timestamp()) + 9999}
    servers.add_fault(kind="insert_row", vendor="stripe", resource="invoice", row=newest)
    first = ids(stripe.get("/v1/invoices", params={"limit": 2}))
    params = {"limit": 2, "starting_after": first[-1]}
    second = ids(stripe.get("/v1/invoices", params=params))
    assert first + second == ["in_000003", "in_000002", "in_000001", "in_000000"]
    assert ids(stripe.get("/v1/invoices", params={"limit": 1})) == ["in_new"]
    servers.clear_faults()
    assert ids(stripe.get("/v1/invoices", params={"limit": 1})) == ["in_000003"]


@pytest.mark.parametrize(
    ("params", "parameter"),
    [
        ({"limit": 0}, "limit"),
        ({"limit": 101}, "limit"),
        ({"limit": "ten"}, "limit"),
        ({"created[gte]": "2026-01-01"}, "created[gte]"),
        ({"starting_after": "in_gone"}, "starting_after"),
        ({"status": "open"}, "status"),
    ],
)
def test_a_list_with_a_wrong_parameter_names_it(
    world: SmallWorld, stripe: httpx.Client, params: dict[str, Any], parameter: str
) -> None:
    world.invoice(1)
    reply = stripe.get("/v1/invoices", params=params)
    assert (reply.status_code, reply.json()["error"]["param"]) == (400, parameter)


def test_a_deleted_customer_leaves_the_list_and_a_stub(
    world: SmallWorld, stripe: httpx.Client
) -> None:
    for deleted, days in ((False, 0), (True, 1)):
        payload = {"id": "cus_1", "object": "customer", "created": 1, "name": "A"}
        at = START + timedelta(days=days)
        world.put("stripe", "customer", "cus_1", at, payload, deleted=deleted)
    assert ids(stripe.get("/v1/customers")) == []
    stub = stripe.get("/v1/customers/cus_1").json()
    assert stub == {"id": "cus_1", "object": "customer", "deleted": True}


# Zendesk


def test_links_lead_to_https_on_the_host_that_was_asked(
    world: SmallWorld, zendesk: httpx.Client
) -> None:
    for n in range(1, 4):
        world.ticket(n)
        world.zendesk_object("organization", n)
        world.zendesk_object("satisfaction_rating", n)
    host = {"Host": "demo.zendesk.com"}

    def get(path: str, **params: Any) -> Any:
        return zendesk.get(path, params=params, headers=host).json()

    root = "https://demo.zendesk.com/api/v2"
    tickets = get(TICKETS, start_time=0, per_page=2)
    assert tickets["after_url"].startswith(f"{root}/incremental/tickets/cursor.json?cursor=")
    organizations = get("/api/v2/incremental/organizations.json", start_time=0, per_page=2)
    end = int((START + timedelta(minutes=2)).timestamp())
    assert organizations["next_page"] == (
        f"{root}/incremental/organizations.json?start_time={end}&per_page=2"
    )
    ratings = get("/api/v2/satisfaction_ratings.json", **{"page[size]": 2, "start_time": 1})
    assert ratings["links"]["next"].startswith(f"{root}/satisfaction_ratings.json?")
    assert "start_time=1" in ratings["links"]["next"]


def test_the_cursor_of_an_empty_export_finds_what_comes_later(
    world: SmallWorld, servers: Servers, zendesk: httpx.Client
) -> None:
    since = int(START.timestamp())
    for n in (1, 2):
        world.ticket(n, at=START)
    servers.move_to("2026-05-31T00:00:00Z")
    early = int((START - timedelta(days=9)).timestamp())
    empty = zendesk.get(TICKETS, params={"start_time": early}).json()
    assert (empty["tickets"], empty["end_of_stream"]) == ([], True)
    servers.move_to(NOW)
    for params in ({"cursor": empty["after_cursor"]}, {"start_time": since}):
        later = zendesk.get(TICKETS, params=params).json()["tickets"]
        assert [(row["id"], row["generated_timestamp"]) for row in later] == [
            (1, since),
            (2, since),
        ]


def test_a_deleted_organization_is_exported_with_the_time_of_its_deletion(
    world: SmallWorld, zendesk: httpx.Client
) -> None:
    gone = START + timedelta(days=2)
    world.zendesk_object("organization", 1, name="Org")
    world.zendesk_object("organization", 1, gone, name="Org", deleted=True)
    reply = zendesk.get("/api/v2/incremental/organizations.json", params={"start_time": 0})
    (row,) = reply.json()["organizations"]
    assert row["deleted_at"] == iso(gone)


@pytest.mark.parametrize(
    "params", [{}, {"cursor": "%%%"}, {"start_time": "x"}, {"start_time": 0, "per_page": 1001}]
)
def test_an_export_with_a_wrong_parameter_is_refused(
    zendesk: httpx.Client, params: dict[str, Any]
) -> None:
    reply = zendesk.get(TICKETS, params=params)
    assert (reply.status_code, reply.json()["error"]) == (400, "InvalidRequest")


# Faults


def invoices(stripe: httpx.Client, **params: Any) -> httpx.Response:
    return stripe.get("/v1/invoices", params=params)


@pytest.fixture
def three_invoices(world: SmallWorld) -> None:
    for n in (1, 2, 3):
        world.invoice(n)


@pytest.mark.usefixtures("three_invoices")
@pytest.mark.parametrize("status", [401, 403, 429, 500, 502, 503])
def test_a_status_fault_strikes_so_often_and_no_more(
    servers: Servers, stripe: httpx.Client, status: int
) -> None:
    servers.add_fault(kind="status", status=status, vendor="stripe", after=1, times=2)
    statuses = [invoices(stripe).status_code for _ in range(4)]
    assert statuses == [200, status, status, 200]


@pytest.mark.usefixtures("three_invoices")
def test_a_429_comes_with_and_without_retry_after_and_as_a_page(
    servers: Servers, stripe: httpx.Client
) -> None:
    servers.add_fault(kind="status", status=429, vendor="stripe", retry_after=7)
    servers.add_fault(kind="status", status=429, vendor="stripe", html=True)
    polite, rude = invoices(stripe), invoices(stripe)
    assert polite.headers["Retry-After"] == "7"
    assert polite.json()["error"]["code"] == "rate_limit"
    assert rude.status_code == 429
    assert "Retry-After" not in rude.headers
    assert rude.text.startswith("<!DOCTYPE html>")


@pytest.mark.usefixtures("three_invoices")
def test_faults_strike_only_what_they_name(
    servers: Servers, stripe: httpx.Client, zendesk: httpx.Client
) -> None:
    servers.add_fault(kind="status", vendor="stripe", tenant="borealis")
    servers.add_fault(kind="status", vendor="stripe", resource="charge")
    servers.add_fault(kind="status", path="users/me")
    assert invoices(stripe).status_code == 200
    assert stripe.get("/v1/charges").status_code == 500
    assert zendesk.get("/api/v2/users/me.json").status_code == 500
    assert stripe.get("/v1/charges", auth=("sk_test_borealis", "")).status_code == 500


@pytest.mark.usefixtures("three_invoices")
def test_replies_can_be_late_cut_dropped_or_a_web_page(
    servers: Servers, stripe: httpx.Client
) -> None:
    servers.add_fault(kind="delay", vendor="stripe", seconds=0.5)
    with pytest.raises(httpx.ReadTimeout):
        stripe.get("/v1/invoices", timeout=0.1)
    servers.add_fault(kind="half_json", vendor="stripe")
    half = invoices(stripe)
    assert half.status_code == 200
    with pytest.raises(json.JSONDecodeError):
        half.json()
    servers.add_fault(kind="html_page", vendor="stripe")
    assert invoices(stripe).headers["Content-Type"].startswith("text/html")
    servers.add_fault(kind="drop", vendor="stripe")
    with pytest.raises(httpx.RemoteProtocolError):
        invoices(stripe)
    assert len(ids(invoices(stripe))) == 3


@pytest.mark.usefixtures("three_invoices")
def test_a_following_page_can_begin_with_rows_of_the_page_before(
    servers: Servers, stripe: httpx.Client
) -> None:
    servers.add_fault(kind="duplicate_rows", vendor="stripe", rows=1, times=None)
    first = ids(invoices(stripe, limit=2))
    second = ids(invoices(stripe, limit=2, starting_after=first[-1]))
    assert (first, second) == (["in_000003", "in_000002"], ["in_000002", "in_000001"])
    assert ids(invoices(stripe, limit=2)) == first


@pytest.mark.usefixtures("three_invoices")
def test_rows_can_lose_their_key_and_have_any_field_patched(
    servers: Servers, stripe: httpx.Client
) -> None:
    def fault(kind: str, id: str, **rest: Any) -> None:
        servers.add_fault(kind=kind, vendor="stripe", resource="invoice", id=id, **rest)

    fault("drop_key", "in_000003")
    fault("set_field", "in_000002", field="subtotal", value=-1)
    fault("set_field", "in_000002", field="metadata.opportunity_id", value=["odd"])
    fault("set_field", "in_000001", field="currency", value="xxx", times=None)
    keyless, patched, foreign = invoices(stripe).json()["data"]
    assert "id" not in keyless
    assert (patched["subtotal"], patched["metadata"]) == (-1, {"opportunity_id": ["odd"]})
    assert foreign["currency"] == "xxx"
    again = invoices(stripe).json()["data"]
    assert [row["id"] for row in again] == ["in_000003", "in_000002", "in_000001"]
    assert [row["currency"] for row in again] == ["cny", "cny", "xxx"]


def test_an_ignored_filter_returns_rows_older_than_asked(
    world: SmallWorld,
    servers: Servers,
    salesforce: Salesforce,
    stripe: httpx.Client,
    zendesk: httpx.Client,
) -> None:
    world.account(1)
    world.invoice(1)
    world.ticket(1)
    world.zendesk_object("organization", 1)
    since = START + timedelta(days=1)
    epoch = int(since.timestamp())

    def counts() -> list[int]:
        accounts = salesforce.query(f"SELECT Id FROM Account WHERE SystemModstamp >= {iso(since)}")
        tickets = zendesk.get(TICKETS, params={"start_time": epoch})
        export = zendesk.get("/api/v2/incremental/organizations.json", params={"start_time": epoch})
        return [
            accounts.json()["totalSize"],
            len(ids(invoices(stripe, **{"created[gte]": epoch}))),
            len(tickets.json()["tickets"]),
            export.json()["count"],
        ]

    assert counts() == [0, 0, 0, 0]
    servers.add_fault(kind="ignore_filter", times=None)
    assert counts() == [1, 1, 1, 1]
    servers.clear_faults()
    assert counts() == [0, 0, 0, 0]


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ({"kind": "flood"}, "kind='flood'; choose one of status, delay"),
        ({"kind": "drop", "colour": 1}, "a fault has no field 'colour'"),
        ({"kind": "set_field"}, "needs `field`"),
        ({"kind": "insert_row", "vendor": "stripe", "resource": "invoice", "row": {}}, "its id"),
        ({"kind": "duplicate_rows", "rows": 11}, "`rows` from 1 to 10"),
    ],
)
def test_a_senseless_fault_is_refused_with_what_to_change(
    servers: Servers, fault: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        servers.add_fault(**fault)


# The request log


@pytest.mark.usefixtures("three_invoices")
def test_the_request_log_counts_by_tenant_resource_and_status(
    servers: Servers, stripe: httpx.Client
) -> None:
    servers.add_fault(kind="status", vendor="stripe", status=503)
    invoices(stripe, limit=2)
    invoices(stripe, limit=2)
    stripe.get("/v1/invoices", auth=("sk_test_nobody", ""))
    log = httpx.get(f"{servers.stripe}/_requests").json()
    counted = {(c["tenant"], c["resource"], c["status"]): c["count"] for c in log["counts"]}
    assert counted == {
        ("aurora", "invoice", 503): 1,
        ("aurora", "invoice", 200): 1,
        ("", "", 401): 1,
    }
    assert log["recent"][0]["query"] == {"limit": "2"}
    assert log["recent"][0]["fault"] == "status"
    assert "sk_test" not in json.dumps(log)
    servers.forget_requests()
    assert servers.requests() == []


def test_an_address_that_a_vendor_lacks_gets_its_404(servers: Servers) -> None:
    for url in (servers.salesforce, servers.stripe, servers.zendesk):
        reply = httpx.get(f"{url}/nowhere")
        assert reply.status_code == 404
        assert reply.headers["Content-Type"] == "application/json"


# Start and stop


def test_the_world_file_is_not_written_to(world: SmallWorld) -> None:
    world.invoice(1)
    world.path.chmod(0o444)
    before = world.path.read_bytes()
    with (
        running_servers(world.path, NOW, CREDENTIALS) as servers,
        httpx.Client(base_url=servers.stripe, auth=("sk_test_aurora", "")) as stripe,
    ):
        assert ids(invoices(stripe)) == ["in_000001"]
    assert world.path.read_bytes() == before
    assert [entry.name for entry in world.path.parent.iterdir()] == ["world.sqlite"]


def test_a_file_that_is_no_world_is_refused(tmp_path: Path) -> None:
    with (
        pytest.raises(WorldError, match="no such world file"),
        running_servers(tmp_path / "none.sqlite", NOW, CREDENTIALS),
    ):
        pass
    with sqlite3.connect(tmp_path / "empty.sqlite") as db:
        db.execute("create table other (id text)")
    with (
        pytest.raises(WorldError, match="table object_version has columns"),
        running_servers(tmp_path / "empty.sqlite", NOW, CREDENTIALS),
    ):
        pass


def test_credentials_that_others_may_read_or_that_lack_a_part_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "credentials.json"
    path.write_text(json.dumps(CREDENTIALS), encoding="utf-8")
    path.chmod(0o644)
    with pytest.raises(CredentialsError, match="can be read by others; run: chmod 600"):
        Credentials.from_file(path)
    path.chmod(0o600)
    assert [app.tenant for app in Credentials.from_file(path).salesforce] == ["aurora", "borealis"]
    path.write_text('{"salesforce": {}}', encoding="utf-8")
    with pytest.raises(CredentialsError, match="missing or not an object: 'stripe'"):
        Credentials.from_file(path)


def test_the_command_serves_on_three_ports_and_stops_on_term(
    world: SmallWorld, tmp_path: Path
) -> None:
    world.invoice(1)
    credentials = tmp_path / "credentials.json"
    credentials.touch(mode=0o600)
    credentials.write_text(json.dumps(CREDENTIALS), encoding="utf-8")
    command = [sys.executable, "-m", "company.servers", "--world", str(world.path)]
    port, _, _ = ports(3)
    command += ["--now", NOW, "--credentials", str(credentials), "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            lines = [process.stdout.readline().split() for _ in range(3)]
            assert lines[1] == ["stripe", f"http://127.0.0.1:{port + 1}"]
            reply = _first_reply(f"http://127.0.0.1:{port + 1}/v1/invoices")
            assert ids(reply) == ["in_000001"]
            second = subprocess.run(command, capture_output=True, text=True, timeout=30)
            assert second.returncode == 2
            assert second.stderr == f"cannot serve: port {port}: Address already in use\n"
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=10) == -signal.SIGTERM
    for listener in listen(port):
        listener.close()


def _first_reply(url: str) -> httpx.Response:
    for _ in range(100):
        try:
            return httpx.get(url, auth=("sk_test_aurora", ""))
        except httpx.ConnectError:
            time.sleep(0.05)
    raise AssertionError(f"nothing answers on {url}")


def test_only_loopback_is_listened_to() -> None:
    for listener in listen(0):
        with listener:
            assert listener.family is socket.AF_INET
            assert listener.getsockname()[0] == "127.0.0.1"
