"""Request Tracker 5 itself: what it does to a reader, and that what lands is what it holds."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import duckdb
import pytest
import yaml

import ingestion.request_tracker.client as client
from ingestion.catalog import connector_of, resource_of
from ingestion.clock import FixedClock
from ingestion.connections import Connection
from ingestion.errors import ContractError, FilterIgnoredError, TerminalError
from ingestion.extract import Window, ingest
from ingestion.http import HttpSettings
from ingestion.landing import Landing, Manifest
from scripts.real.request_tracker import RequestTracker, running_request_tracker
from tests.e2e.installation import Installation, installation
from tests.real.request_tracker import Desk, Shell

pytestmark = pytest.mark.real

FIRST_DAY = datetime(2026, 6, 8, 9, tzinfo=UTC)
DAYS = 20
READ_EVENTS = ("Create", "Status", "Correspond", "Comment")
CUSTOMERS = ("ann@lakeside.example", "bo@harbour.example", "cy@harbour.example", "")


@dataclass
class Reader:
    """Closebook's side: one landing store that reads one server."""

    landing: Landing
    server: RequestTracker
    now: datetime = FIRST_DAY
    login: str = "root"
    password: str = "password"

    @property
    def connection(self) -> Connection:
        return Connection(
            "request_tracker", "aurora", self.server.base_url, self.login, self.password
        )

    def read(self, resource: str) -> Manifest:
        clock = FixedClock(self.now)
        return ingest("request_tracker", "aurora", resource, self.connection, self.landing, clock)

    def known(self, resource: str) -> dict[str, dict[str, Any]]:
        """The last landed version of each row, by id."""
        files = [
            str(self.landing.root / file.path)
            for load in self.landing.accepted()
            if load.resource == resource
            for file in load.files
        ]
        rows: dict[str, dict[str, Any]] = {}
        for file in files:
            found = duckdb.execute(
                "select * from read_parquet(?, hive_partitioning = false) order by _row_number",
                [file],
            )
            names = [column[0] for column in found.description]
            for values in found.fetchall():
                row = dict(zip(names, values, strict=True))
                rows[row["id"]] = row
        return rows


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RequestTracker]:
    with running_request_tracker(tmp_path_factory.mktemp("server"), FIRST_DAY) as running:
        yield running


@pytest.fixture
def desk(server: RequestTracker) -> Iterator[Desk]:
    with Desk(server) as opened:
        yield opened


@pytest.fixture
def reader(server: RequestTracker, tmp_path: Path) -> Reader:
    return Reader(Landing(tmp_path / "landing"), server, FIRST_DAY + timedelta(hours=12))


def pages_read(
    reader: Reader, resource: str, between: Callable[[int], None] = lambda _: None
) -> list[int]:
    """The ids in the order in which they were delivered; `between` is called after each page."""
    declared = resource_of(connector_of("request_tracker"), resource)
    ids = []
    with client.open_client(reader.connection, HttpSettings()) as opened:
        for number, page in enumerate(client.pages(opened, declared, None), 1):
            ids += [int(row["id"]) for row in json.loads(page.content)["items"]]
            between(number)
    return ids


def test_a_ticket_that_moves_between_two_pages_is_read_once_and_none_is_lost(
    reader: Reader, desk: Desk
) -> None:
    tickets = desk.open(*[""] * 210)

    def disturb(page: int) -> None:
        if page == 1:
            desk.delete(tickets[0])
            desk.set(tickets[1], Status="open")
            desk.set(tickets[150], Status="open")

    ids = pages_read(reader, "ticket", disturb)
    assert len(ids) == len(set(ids)), "a ticket was read twice"
    assert set(tickets) <= set(ids), (
        "numbered pages lose the ticket that moves up for a deleted one"
    )


@pytest.mark.parametrize("resource", ["ticket", "ticket_event"])
def test_a_range_is_bounded_at_both_ends_by_the_server_itself(
    reader: Reader, desk: Desk, resource: str
) -> None:
    """Three tickets, a day apart: asked for half a day around it, the server shows the second."""
    begin = FIRST_DAY + timedelta(days=100 if resource == "ticket" else 200)
    opened = []
    for day in range(3):
        desk.server.move_to(begin + timedelta(days=day))
        opened += desk.open("")
    reader.now = begin + timedelta(days=4)
    reader.read(resource)
    window = Window(begin + timedelta(hours=12), begin + timedelta(hours=36), {})
    clock = FixedClock(reader.now)
    load = ingest(
        "request_tracker",
        "aurora",
        resource,
        reader.connection,
        reader.landing,
        clock,
        None,
        window,
    )
    assert (load.rows, load.extra["beyond_rows"]) == (0, 0)
    assert load.extra["unchanged_rows"] >= 1
    key = "id" if resource == "ticket" else "ObjectId"
    ids = {
        int(row[key])
        for page in load.pages
        for row in json.loads(gzip.decompress((reader.landing.root / page).read_bytes()))["items"]
    }
    assert ids == {opened[1]}


def test_a_time_in_the_form_that_the_server_prints_is_ignored_by_it_and_that_is_noticed(
    reader: Reader, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.server.move_to(FIRST_DAY)
    desk.open("")
    desk.server.move_to(FIRST_DAY + timedelta(hours=2))
    (newest,) = desk.open("")
    reader.read("ticket")
    again = reader.read("ticket")
    assert again.rows == 0 and again.extra["unchanged_rows"] >= 1
    monkeypatch.setattr(client, "_written", lambda since: since)
    with pytest.raises(FilterIgnoredError, match=r"older than .* the vendor ignored the filter"):
        reader.read("ticket")
    assert str(newest) in reader.known("ticket")


def test_rows_that_the_user_may_not_see_leave_short_pages_and_the_rest_is_read(
    reader: Reader, desk: Desk
) -> None:
    email = "reader@closebook.example"
    desk.person(email, password="reader-of-tickets")
    Shell(desk.server).grant(email, "SeeQueue", "ShowTicket")
    (ticket,) = desk.open("")
    for _ in range(105):
        desk.say(ticket, "comment")
    desk.set(ticket, Status="open")
    reader.login, reader.password = email, "reader-of-tickets"
    seen = set(pages_read(reader, "ticket_event"))
    status = [row["id"] for row in desk.history(ticket) if row["Type"] == "Status"]
    assert int(status[-1]) in seen, "a page of nothing but hidden comments is not the end"


def test_a_token_signs_in_and_a_wrong_password_is_final(reader: Reader, desk: Desk) -> None:
    desk.open("")
    token = Shell(desk.server).token("root")
    reader.login, reader.password = "", token
    assert reader.read("ticket").rows > 0
    reader.login, reader.password = "root", "not-the-password"
    with pytest.raises(TerminalError, match="401") as refused:
        reader.read("ticket")
    assert "not-the-password" not in str(refused.value)


def test_custom_fields_land_as_json_and_as_nothing_when_the_server_says_empty_text(
    reader: Reader, desk: Desk
) -> None:
    (bare,) = desk.open("")
    assert reader.read("ticket").rejected_rows == 0
    assert reader.known("ticket")[str(bare)]["custom_fields"] is None
    Shell(desk.server).run(
        "my $field = RT::CustomField->new($admin); $field->Create(Name => 'Contract', "
        "Type => 'FreeformSingle', LookupType => 'RT::Queue-RT::Ticket', Queue => 0) or die;"
    )
    (filled,) = desk.open("", CustomFields={"Contract": "C-2026-7"})
    load = reader.read("ticket")
    assert load.rejected_rows == 0
    (field,) = json.loads(reader.known("ticket")[str(filled)]["custom_fields"])
    assert (field["name"], field["values"]) == ("Contract", ["C-2026-7"])


@pytest.mark.parametrize(
    ("timezone", "error"),
    [("America/New_York", ContractError), ("Asia/Shanghai", FilterIgnoredError)],
)
def test_a_server_that_reads_times_in_another_zone_is_refused(
    tmp_path: Path, timezone: str, error: type[Exception]
) -> None:
    with (
        running_request_tracker(tmp_path / "server", FIRST_DAY, timezone) as server,
        Desk(server) as desk,
    ):
        desk.open("")
        server.move_to(FIRST_DAY + timedelta(hours=3))
        desk.open("")
        reader = Reader(Landing(tmp_path / "landing"), server, FIRST_DAY + timedelta(hours=4))
        reader.read("ticket")
        with pytest.raises(error):
            reader.read("ticket")


def test_every_day_what_landed_is_what_the_server_says(tmp_path: Path) -> None:
    chance = Random(20260608)
    with (
        running_request_tracker(tmp_path / "server", FIRST_DAY) as server,
        Desk(server) as desk,
        installation(tmp_path / "closebook") as home,
    ):
        desk.person("ann@lakeside.example", "Lakeside")
        reader = Reader(home.landing, server)
        opened: list[int] = []
        gone: set[int] = set()
        for day in range(DAYS):
            server.move_to(FIRST_DAY + timedelta(days=day))
            a_day_at_the_desk(desk, chance, opened, gone)
            reader.now = FIRST_DAY + timedelta(days=day, hours=11)
            reader.read("ticket")
            reader.read("ticket_event")
            landed_is_what_the_server_says(reader, desk, opened, gone)
        build_is_what_the_server_says(home, server, desk, opened, gone)


def a_day_at_the_desk(desk: Desk, chance: Random, opened: list[int], gone: set[int]) -> None:
    """Opens some tickets, works on some, merges and deletes now and then."""
    wishes = {"Priority": chance.choice(["Low", "Medium", "High", "70", ""])}
    opened += desk.open(*chance.choices(CUSTOMERS, k=chance.randint(2, 4)), **wishes)
    live = [ticket for ticket in opened if ticket not in gone]
    for ticket in chance.sample(live, min(4, len(live))):
        status = desk.show(ticket)["Status"]
        others = [s for s in ("open", "stalled", "resolved", "rejected") if s != status]
        match chance.randrange(4):
            case 0:
                desk.say(ticket)
            case 1:
                desk.say(ticket, "comment")
            case 2:
                desk.set(ticket, Status=chance.choice(others))
            case _:
                desk.say(ticket, Status=chance.choice(others))
    survivor, merged, deleted = chance.sample(live, 3) if len(live) > 5 else (0, 0, 0)
    if survivor and chance.random() < 0.5:
        desk.merge(merged, into=survivor)
        gone.add(merged)
    if deleted and chance.random() < 0.5:
        desk.delete(deleted)
        gone.add(deleted)


def told(row: dict[str, Any], name: str) -> datetime:
    return datetime.fromisoformat(row[name]).replace(tzinfo=None)


def landed_is_what_the_server_says(
    reader: Reader, desk: Desk, opened: list[int], gone: set[int]
) -> None:
    tickets, events = reader.known("ticket"), reader.known("ticket_event")
    live = [ticket for ticket in opened if ticket not in gone]
    for ticket in live:
        shown, landed = desk.show(ticket), tickets[str(ticket)]
        assert (landed["status"], landed["priority"]) == (shown["Status"], shown["Priority"])
        assert landed["created_at"] == told(shown, "Created")
        assert landed["updated_at"] == told(shown, "LastUpdated")
        asked = [person["id"].partition("@")[2] for person in shown["Requestor"]]
        assert landed["requestor_domain"] == (asked[0] if asked else None)
    happened = {
        row["id"]: (row["Type"], row["ObjectId"], row["NewValue"], told(row, "Created"))
        for ticket in opened
        for row in desk.history(ticket)
        if row["Type"] in READ_EVENTS
    }
    assert happened == {
        id: (row["event_type"], row["ticket_id"], row["new_value"], row["created_at"])
        for id, row in events.items()
        if row["event_type"] in READ_EVENTS
    }


def build_is_what_the_server_says(
    home: Installation,
    server: RequestTracker,
    desk: Desk,
    opened: list[int],
    gone: set[int],
) -> None:
    sources = home.home.root / "sources.yml"
    configured = yaml.safe_load(sources.read_text(encoding="utf-8"))
    configured["sources"].append({"source": "request_tracker", "tenant": "aurora"})
    sources.write_text(yaml.safe_dump(configured), encoding="utf-8")
    others = home.connection

    def connection(source: str, tenant: str) -> Connection:
        if source == "request_tracker":
            return Connection(source, tenant, server.base_url, server.login, server.password)
        return others(source, tenant)

    home.connection = connection  # type: ignore[method-assign]
    result = home.run()
    assert result.outcome == "published", result.message
    with duckdb.connect(str(home.home.database), read_only=True) as db:
        ours = "source_system = 'request_tracker'"
        tickets = db.execute(
            "select source_id, status, is_deleted from intermediate.int_tickets__unioned "
            f"where {ours}"
        ).fetchall()
        counted = db.execute(f"select count(*) from core.fct_ticket where {ours}").fetchone()
        changes = db.execute(
            "select ticket_source_id, new_value, occurred_at "
            f"from intermediate.int_ticket_events__unioned where {ours} "
            "and event_type = 'status_change' order by cast(source_id as bigint)"
        ).fetchall()
    canonical = {"stalled": "pending", "resolved": "solved", "rejected": "closed"}
    assert {id for id, _, is_deleted in tickets if is_deleted} <= {str(id) for id in gone}
    assert {id: status for id, status, is_deleted in tickets if not is_deleted} == {
        str(ticket): canonical.get(status, status)
        for ticket in opened
        if ticket not in gone
        for status in [desk.show(ticket)["Status"]]
    }
    history = {
        int(row["id"]): (
            row["ObjectId"],
            canonical.get(row["NewValue"], row["NewValue"]),
            told(row, "Created"),
        )
        for ticket in opened
        for row in desk.history(ticket)
        if row["Type"] == "Status"
    }
    assert changes == [history[id] for id in sorted(history)]
    assert counted == (len(opened) - len(gone),)
