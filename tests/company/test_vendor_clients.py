"""The vendors' own clients read our servers over real HTTP: the protocols are the vendors'."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest
import requests
import stripe
from requests.adapters import HTTPAdapter
from simple_salesforce import Salesforce
from simple_salesforce.exceptions import (
    SalesforceAuthenticationFailed,
    SalesforceExpiredSession,
    SalesforceMalformedRequest,
    SalesforceRefusedRequest,
)
from small_world import CREDENTIALS, NOW, START, SmallWorld, iso
from zenpy import Zenpy
from zenpy.lib.exception import APIException

import company.servers.stripe as stripe_server
import ingestion.stripe.client
from company.servers import Servers


class ToLoopback(HTTPAdapter):
    """Sends what a client addresses to a vendor's https host to one of our servers instead."""

    def __init__(self, base_url: str) -> None:
        super().__init__()
        self.netloc = urlsplit(base_url).netloc

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> Any:
        asked = request.url
        parts = urlsplit(str(asked))
        request.headers["Host"] = parts.netloc
        request.url = urlunsplit(("http", self.netloc, *parts[2:]))
        try:
            response = super().send(request, *args, **kwargs)
        finally:
            request.url = asked
        response.url = str(asked)
        return response


def session_to(base_url: str) -> requests.Session:
    session = requests.Session()
    session.mount("https://", ToLoopback(base_url))
    return session


def salesforce_client(servers: Servers, tenant: str = "aurora", secret: str = "") -> Salesforce:
    app = CREDENTIALS["salesforce"][tenant]
    return Salesforce(
        consumer_key=app["client_id"],
        consumer_secret=secret or app["client_secret"],
        domain="demo.my",
        session=session_to(servers.salesforce),
    )


def stripe_client(servers: Servers, key: str = "sk_test_aurora") -> stripe.StripeClient:
    return stripe.StripeClient(key, base_addresses={"api": servers.stripe}, max_network_retries=0)


def zendesk_client(servers: Servers, **login: str) -> Zenpy:
    login = login or {"oauth_token": "token-aurora"}
    return Zenpy(subdomain="demo", session=session_to(servers.zendesk), disable_cache=True, **login)


QUERY = "SELECT Id, Name, IsDeleted, SystemModstamp FROM Account"
SMALL_PAGES = {"Sforce-Query-Options": "batchSize=200"}


# Salesforce


@pytest.mark.parametrize("count", [0, 1, 199, 200, 201, 400, 401])
def test_simple_salesforce_reads_every_record_once_over_all_pages(
    world: SmallWorld, servers: Servers, count: int
) -> None:
    ids = [world.account(n) for n in range(count)]
    result = salesforce_client(servers).query_all(QUERY, headers=SMALL_PAGES)
    assert [record["Id"] for record in result["records"]] == ids
    pages = [seen for seen in servers.requests() if "/query/" in seen["path"]]
    assert len(pages) == max(1, -(-count // 200))


def test_simple_salesforce_sees_a_deleted_account_only_with_query_all(
    world: SmallWorld, servers: Servers
) -> None:
    kept = world.account(1)
    gone = world.account(2)
    world.account(2, at=START + timedelta(days=1), deleted=True)
    client = salesforce_client(servers)
    assert [record["Id"] for record in client.query(QUERY)["records"]] == [kept]
    everything = client.query_all(QUERY, include_deleted=True)["records"]
    assert [(r["Id"], r["IsDeleted"]) for r in everything] == [(kept, False), (gone, True)]


def test_simple_salesforce_filters_by_modification_time_and_keeps_the_boundary(
    world: SmallWorld, servers: Servers
) -> None:
    for n in range(5):
        world.account(n)
    edge = iso(START + timedelta(minutes=3))
    client = salesforce_client(servers)
    query = f"SELECT Id FROM Account WHERE SystemModstamp >= {edge} ORDER BY SystemModstamp, Id"
    assert [int(r["Id"][3:]) for r in client.query_all(query)["records"]] == [3, 4]
    query = f"SELECT Id FROM Account WHERE SystemModstamp < {edge} ORDER BY SystemModstamp DESC"
    assert [int(r["Id"][3:]) for r in client.query_all(query)["records"]] == [2, 1, 0]


def test_simple_salesforce_gets_nested_objects_for_relation_fields(
    world: SmallWorld, servers: Servers
) -> None:
    for n, product in enumerate([{"Family": "Platform"}, None]):
        payload = {"Id": f"00k{n}", "Product2": product, "Quantity": 2.0}
        world.put("salesforce", "opportunity_line_item", f"00k{n}", START, payload)
    query = "SELECT Id, Product2.Family FROM OpportunityLineItem ORDER BY Id"
    first, second = salesforce_client(servers).query(query)["records"]
    assert first["Product2"]["Family"] == "Platform"
    assert first["Product2"]["attributes"]["type"] == "Product2"
    assert second["Product2"] is None


def test_simple_salesforce_describes_stages_and_reads_limits(
    world: SmallWorld, servers: Servers
) -> None:
    client = salesforce_client(servers)
    fields = {field["name"]: field for field in client.Opportunity.describe()["fields"]}
    assert fields["Amount"]["type"] == "currency"
    stages = [entry["value"] for entry in fields["StageName"]["picklistValues"]]
    assert stages[0] == "Qualification" and stages[-1] == "Closed Lost"
    limits = client.limits()["DailyApiRequests"]
    assert limits["Remaining"] < limits["Max"]
    assert client.api_usage["api-usage"].total == limits["Max"]


def test_simple_salesforce_reads_the_administrators_lists_of_stages(
    world: SmallWorld, servers: Servers
) -> None:
    client = salesforce_client(servers)
    query = "SELECT ApiName, IsClosed, IsWon FROM OpportunityStage ORDER BY SortOrder"
    stages = [(r["ApiName"], r["IsClosed"], r["IsWon"]) for r in client.query(query)["records"]]
    assert stages[0] == ("Qualification", False, False)
    assert stages[-2:] == [("Closed Won", True, True), ("Closed Lost", True, False)]
    query = "SELECT ApiName, IsConverted FROM LeadStatus ORDER BY SortOrder"
    assert [r["ApiName"] for r in client.query(query)["records"] if r["IsConverted"]] == [
        "Qualified"
    ]
    with pytest.raises(SalesforceMalformedRequest, match="No such column 'Colour' on entity"):
        client.query("SELECT Colour FROM LeadStatus")


@pytest.mark.parametrize(
    ("resource", "name", "field", "value"),
    [
        ("product", "Product2", "ProductCode", "CTRL-100"),
        ("contact", "Contact", "Email", "someone@north.example"),
        ("contract", "Contract", "EndDate", "2026-12-31"),
        ("quote", "Quote", "TotalPrice", 100.25),
        ("campaign", "Campaign", "ActualCost", 900.5),
        ("campaign_member", "CampaignMember", "HasResponded", True),
    ],
)
def test_simple_salesforce_describes_and_reads_the_object(
    world: SmallWorld, servers: Servers, resource: str, name: str, field: str, value: Any
) -> None:
    world.put("salesforce", resource, "1", START, {"Id": "1", field: value})
    client = salesforce_client(servers)
    assert field in {entry["name"] for entry in getattr(client, name).describe()["fields"]}
    (record,) = client.query(f"SELECT Id, {field} FROM {name}")["records"]
    assert (record["attributes"]["type"], record[field]) == (name, value)


def test_simple_salesforce_finds_no_sign_of_deletion_on_users(
    world: SmallWorld, servers: Servers
) -> None:
    payload = {"Id": "005A", "Name": "One", "SystemModstamp": iso(START)}
    world.put("salesforce", "user", "005A", START, payload)
    client = salesforce_client(servers)
    assert client.query_all("SELECT Name FROM User", include_deleted=True)["totalSize"] == 1
    with pytest.raises(SalesforceMalformedRequest, match="No such column 'IsDeleted' on entity"):
        client.query("SELECT Name, IsDeleted FROM User")


def test_simple_salesforce_raises_its_own_errors(world: SmallWorld, servers: Servers) -> None:
    with pytest.raises(SalesforceAuthenticationFailed, match="invalid_client"):
        salesforce_client(servers, secret="wrong")
    client = salesforce_client(servers)
    with pytest.raises(SalesforceMalformedRequest, match="MALFORMED_QUERY"):
        client.query("SELEKT Id FROM Account")
    with pytest.raises(SalesforceMalformedRequest, match="No such column 'Nope' on entity"):
        client.query("SELECT Nope FROM Account")
    servers.add_fault(kind="status", vendor="salesforce", status=403)
    with pytest.raises(SalesforceRefusedRequest, match="REQUEST_LIMIT_EXCEEDED"):
        client.query(QUERY)


def test_simple_salesforce_signs_in_again_when_its_session_ends(
    world: SmallWorld, servers: Servers
) -> None:
    world.account(1)
    client = salesforce_client(servers)
    servers.move_to("2026-07-02T03:00:00+08:00")
    assert client.query(QUERY)["totalSize"] == 1
    servers.add_fault(kind="expire_sessions")
    assert client.query(QUERY)["totalSize"] == 1
    statuses = [(seen["path"][-6:], seen["status"]) for seen in servers.requests()]
    signing_in, refused, answered = ("/token", 200), ("query/", 401), ("query/", 200)
    assert statuses == [signing_in, *2 * (refused, signing_in, answered)]
    stranger = Salesforce(
        session_id="nobody", instance="demo.my", session=session_to(servers.salesforce)
    )
    with pytest.raises(SalesforceExpiredSession, match="INVALID_SESSION_ID"):
        stranger.query(QUERY)


def test_simple_salesforce_keeps_tenants_with_equal_ids_apart(
    world: SmallWorld, servers: Servers
) -> None:
    world.account(1, Name="In Aurora")
    world.account(1, Name="In Borealis", tenant="borealis")
    names = {
        tenant: [r["Name"] for r in salesforce_client(servers, tenant).query(QUERY)["records"]]
        for tenant in ("aurora", "borealis")
    }
    assert names == {"aurora": ["In Aurora"], "borealis": ["In Borealis"]}


# Stripe


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 7])
def test_stripe_auto_paging_reads_every_invoice_once_newest_first(
    world: SmallWorld, servers: Servers, count: int
) -> None:
    ids = [world.invoice(n) for n in range(count)]
    invoices = stripe_client(servers).v1.invoices.list({"limit": 3})
    assert [invoice.id for invoice in invoices.auto_paging_iter()] == ids[::-1]
    pages = [seen for seen in servers.requests() if seen["path"] == "/v1/invoices"]
    assert len(pages) == max(1, -(-count // 3))


def test_stripe_orders_invoices_of_one_second_without_losing_any(
    world: SmallWorld, servers: Servers
) -> None:
    ids = [world.invoice(n, created=START) for n in range(7)]
    invoices = stripe_client(servers).v1.invoices.list({"limit": 2})
    assert sorted(invoice.id for invoice in invoices.auto_paging_iter()) == ids


def test_stripe_filters_by_creation_and_keeps_the_boundary(
    world: SmallWorld, servers: Servers
) -> None:
    ids = [world.invoice(n) for n in range(6)]
    second = int((START + timedelta(minutes=2)).timestamp())
    fourth = int((START + timedelta(minutes=4)).timestamp())

    def listed(**created: int) -> list[str]:
        page = stripe_client(servers).v1.invoices.list({"limit": 1, "created": created})
        return sorted(invoice.id for invoice in page.auto_paging_iter())

    assert listed(gte=second, lt=fourth) == ids[2:4]
    assert listed(gt=second, lte=fourth) == ids[3:5]


def test_stripe_retrieves_by_id_and_raises_its_own_errors(
    world: SmallWorld, servers: Servers
) -> None:
    world.invoice(1)
    client = stripe_client(servers)
    invoice = client.v1.invoices.retrieve("in_000001")
    assert (invoice.subtotal, invoice.metadata["opportunity_id"]) == (10001, f"006{1:015d}")
    assert client.v1.balance.retrieve().object == "balance"
    with pytest.raises(stripe.InvalidRequestError, match="No such invoice: 'in_nope'"):
        client.v1.invoices.retrieve("in_nope")
    with pytest.raises(stripe.InvalidRequestError, match="unknown parameter: colour"):
        client.v1.invoices.list({"colour": "red"})
    with pytest.raises(stripe.AuthenticationError, match="Invalid API Key"):
        stripe_client(servers, "sk_test_nobody").v1.invoices.list()
    servers.add_fault(kind="status", vendor="stripe", status=429)
    with pytest.raises(stripe.RateLimitError):
        client.v1.invoices.list()
    servers.add_fault(kind="status", vendor="stripe", status=500)
    with pytest.raises(stripe.APIError):
        client.v1.invoices.list()


@pytest.mark.parametrize("count", [1, 10, 11, 23])
def test_stripe_shows_ten_lines_in_an_invoice_and_lists_all(
    world: SmallWorld, servers: Servers, count: int
) -> None:
    lines = [{"id": f"il_{n:03}", "object": "line_item", "amount": n} for n in range(count)]
    world.invoice(1, lines={"object": "list", "data": lines, "has_more": False})
    client = stripe_client(servers)
    shown = client.v1.invoices.retrieve("in_000001").lines
    assert (len(shown.data), shown.has_more) == (min(count, 10), count > 10)
    listed = client.v1.invoices.line_items.list("in_000001", {"limit": 10})
    assert [line.id for line in listed.auto_paging_iter()] == [line["id"] for line in lines]
    with pytest.raises(stripe.InvalidRequestError, match="No such line_item: 'il_999'"):
        client.v1.invoices.line_items.list("in_000001", {"starting_after": "il_999"})


@pytest.mark.parametrize("collection", ["credit_notes", "products"])
def test_stripe_lists_and_retrieves_what_goes_with_invoices(
    world: SmallWorld, servers: Servers, collection: str
) -> None:
    kind = collection[:-1]
    for n in range(3):
        at = START + timedelta(minutes=n)
        payload = {"id": f"x_{n}", "object": kind, "created": int(at.timestamp())}
        world.put("stripe", kind, f"x_{n}", at, payload)
    service = getattr(stripe_client(servers).v1, collection)
    listed = service.list({"limit": 2})
    assert [row.id for row in listed.auto_paging_iter()] == ["x_2", "x_1", "x_0"]
    assert service.retrieve("x_1").object == kind


def test_stripe_lists_cancelled_subscriptions_only_when_asked(
    world: SmallWorld, servers: Servers
) -> None:
    for n, status in enumerate(["active", "canceled", "paused"]):
        payload = {"id": f"sub_{n}", "object": "subscription", "status": status, "created": n}
        world.put("stripe", "subscription", f"sub_{n}", START, payload)
    subscriptions = stripe_client(servers).v1.subscriptions

    def listed(**asked: str) -> list[str]:
        return [s.id for s in subscriptions.list({"limit": 1, **asked}).auto_paging_iter()]

    assert listed() == ["sub_2", "sub_0"]
    assert listed(status="all") == ["sub_2", "sub_1", "sub_0"]
    assert listed(status="canceled") == ["sub_1"]


def test_stripes_client_and_ours_ask_for_the_one_version_that_is_served(
    world: SmallWorld, servers: Servers
) -> None:
    world.invoice(1)
    assert stripe.api_version == stripe_server.API_VERSION == ingestion.stripe.client.API_VERSION
    reply = stripe_client(servers).v1.invoices.list().last_response
    assert reply.headers["Stripe-Version"] == stripe.api_version
    older = stripe.StripeClient(
        "sk_test_aurora",
        base_addresses={"api": servers.stripe},
        stripe_version="2024-06-20",
        max_network_retries=0,
    )
    with pytest.raises(stripe.InvalidRequestError, match="Invalid Stripe API version: 2024-06-20"):
        older.v1.invoices.list()


def test_stripe_shows_an_invoice_as_it_was_at_now(world: SmallWorld, servers: Servers) -> None:
    world.invoice(1)
    world.invoice(1, at=START + timedelta(days=5), status="paid", created=START)
    client = stripe_client(servers)
    assert client.v1.invoices.retrieve("in_000001").status == "paid"
    servers.move_to(iso(START + timedelta(days=4)))
    assert client.v1.invoices.retrieve("in_000001").status == "open"
    servers.move_to(iso(START - timedelta(days=4)))
    assert client.v1.invoices.list().data == []


# Zendesk


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 7])
def test_zenpy_reads_every_ticket_once_by_cursor(
    world: SmallWorld, servers: Servers, count: int
) -> None:
    for n in range(1, count + 1):
        world.ticket(n)
    tickets = zendesk_client(servers).tickets.incremental(
        start_time=START, paginate_by_time=False, per_page=3
    )
    assert [ticket.id for ticket in tickets] == list(range(1, count + 1))
    pages = [seen for seen in servers.requests() if "cursor.json" in seen["path"]]
    assert len(pages) == max(1, -(-count // 3))


def test_zenpy_resumes_a_cursor_after_the_world_moved_on(
    world: SmallWorld, servers: Servers
) -> None:
    world.ticket(1)
    world.ticket(2)
    world.ticket(1, at=START + timedelta(days=40), status="solved")
    world.ticket(3, at=START + timedelta(days=41))
    world.ticket(2, at=START + timedelta(days=42), deleted=True)
    client = zendesk_client(servers)
    first = client.tickets.incremental(start_time=START, paginate_by_time=False)
    assert [(ticket.id, ticket.status) for ticket in first] == [(1, "new"), (2, "new")]
    again = client.tickets.incremental(cursor=first.after_cursor, paginate_by_time=False)
    assert list(again) == []
    servers.move_to("2026-08-01T00:00:00Z")
    later = client.tickets.incremental(cursor=again.after_cursor, paginate_by_time=False)
    assert [(ticket.id, ticket.status) for ticket in later] == [
        (1, "solved"),
        (3, "new"),
        (2, "deleted"),
    ]


@pytest.mark.parametrize("count", [0, 1, 3, 4, 7])
def test_zenpy_reads_every_organization_by_time(
    world: SmallWorld, servers: Servers, count: int
) -> None:
    for n in range(1, count + 1):
        world.zendesk_object("organization", n, name=f"Org {n}")
    seen = zendesk_client(servers).organizations.incremental(start_time=START, per_page=3)
    # A time-based page begins with the last row of the page before.
    assert sorted({organization.id for organization in seen}) == list(range(1, count + 1))


def test_zenpy_leaves_a_second_with_more_rows_than_a_page(
    world: SmallWorld, servers: Servers
) -> None:
    for n in range(1, 8):
        world.zendesk_object("organization", n, START)
    world.zendesk_object("organization", 8, START + timedelta(seconds=1))
    seen = zendesk_client(servers).organizations.incremental(start_time=START, per_page=2)
    assert {organization.id for organization in seen} == set(range(1, 9))


def test_zenpy_reads_every_user_and_sees_who_was_deactivated(
    world: SmallWorld, servers: Servers
) -> None:
    for n in range(1, 5):
        world.zendesk_object("user", n, name=f"User {n}", role="end-user", active=True)
    world.zendesk_object(
        "user", 2, START + timedelta(hours=1), name="User 2", active=True, deleted=True
    )
    seen = zendesk_client(servers).users.incremental(
        start_time=START, paginate_by_time=True, per_page=2
    )
    assert {user.id: user.active for user in seen} == {1: True, 2: False, 3: True, 4: True}


def test_zenpy_gets_comments_of_ticket_events_only_when_it_asks(
    world: SmallWorld, servers: Servers
) -> None:
    children = [{"event_type": "Change", "id": 1}, {"event_type": "Comment", "id": 2}]
    world.zendesk_object("ticket_event", 1, child_events=children, ticket_id=5)
    client = zendesk_client(servers)
    (with_comments,) = client.tickets.events(START, include="comment_events")
    (without,) = client.tickets.events(START)
    assert [child["id"] for child in with_comments.child_events] == [1, 2]
    assert [child["id"] for child in without.child_events] == [1]


@pytest.mark.parametrize("count", [0, 1, 3, 4, 7])
def test_zenpy_reads_every_satisfaction_rating_once(
    world: SmallWorld, servers: Servers, count: int
) -> None:
    for n in range(1, count + 1):
        world.zendesk_object("satisfaction_rating", n, score="good")
    client = zendesk_client(servers)
    everything = client.satisfaction_ratings(cursor_pagination=3)
    assert [rating.id for rating in everything] == list(range(1, count + 1))
    assert len(servers.requests()) == max(1, -(-count // 3))
    # zenpy writes a start time in the machine's own zone unless it has one.
    since = START.astimezone(UTC) + timedelta(minutes=3)
    recent = client.satisfaction_ratings(start_time=since, cursor_pagination=2)
    assert [rating.id for rating in recent] == list(range(3, count + 1))


def test_zenpy_signs_in_with_both_kinds_of_token(world: SmallWorld, servers: Servers) -> None:
    assert zendesk_client(servers).users.me().role == "admin"
    by_mail = zendesk_client(servers, email="etl@example.com", token="token-borealis")
    assert by_mail.users.me().role == "admin"
    with pytest.raises(APIException, match="authenticate"):
        zendesk_client(servers, oauth_token="wrong").users.me()


def test_zenpy_is_refused_a_start_within_the_last_minute(
    world: SmallWorld, servers: Servers
) -> None:
    now = datetime.fromisoformat(NOW)
    with pytest.raises(APIException, match="StartTimeTooRecent"):
        zendesk_client(servers).tickets.incremental(
            start_time=now - timedelta(seconds=30), paginate_by_time=False
        )
