"""Days of work in a real Tryton: what lands and what it is conformed to is what the server says."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import duckdb
import pytest
import yaml

import ingestion.tryton.client as tryton_client
from ingestion.catalog import CONNECTORS
from ingestion.clock import FixedClock
from ingestion.connections import Connection
from ingestion.extract import ingest
from ingestion.http import HttpSettings
from ingestion.resource import Cursor, Resource
from scripts.real.tryton import Tryton
from scripts.real.tryton_rpc import DATABASE, USER, TrytonRpc
from tests.e2e.installation import Installation, installation
from tests.real.tryton_desk import COMMISSION_PAYABLE, Desk

# The days are worked in a fixture, whose time counts.
pytestmark = [pytest.mark.real, pytest.mark.timeout(3600)]

DAYS = 20
TENANT = "aurora"
REVISIONS = "opportunity_revision"
STAGES = {
    "lead": "lead_acquired",
    "opportunity": "qualified",
    "converted": "negotiation",
    "won": "contract_signed",
    "lost": "closed_lost",
    "cancelled": "disqualified",
}
_YES_OR_NO = {"active", "is_receivable"}


@dataclass
class Office:
    """The work of some days, and what is open of it."""

    tryton: Tryton
    rpc: TrytonRpc
    made: Installation
    start: datetime
    random: Random = field(default_factory=lambda: Random(7))
    deals: list[int] = field(default_factory=list)
    unpaid: list[int] = field(default_factory=list)
    paid: list[int] = field(default_factory=list)
    drafts: list[int] = field(default_factory=list)
    employees: list[int] = field(default_factory=list)
    days: int = 0

    def connection(self) -> Connection:
        return Connection(
            "tryton", TENANT, f"{self.tryton.base_url}/{DATABASE}", USER, self.tryton.password
        )

    @property
    def now(self) -> datetime:
        return self.start + timedelta(days=self.days)

    def work(self) -> None:
        """One day: customers, deals in all their ways, invoices, cash, credit, corrections."""
        self.days += 1
        number = self.days
        desk = Desk(self.rpc, self.start.date())
        if number % 7 == 1:
            self.employees.append(desk.hire(f"Rep {number}"))
        party = desk.customer(f"Customer {number}", f"https://www.customer{number}.example")
        for amount in ("3500.00", f"{number}99.05", "12.10", "0.99"):
            self.deals.append(desk.deal(party, self.random.choice(self.employees), amount))
        # The oldest has landed before, but on the first day.
        first, second, third = self.deals.pop(), self.deals.pop(), self.deals.pop(0)
        desk.press("sale.opportunity", "opportunity", first)
        self.rpc.write("sale.opportunity", [first], {"amount": Decimal(f"{number}000.01")})
        desk.press("sale.opportunity", "lead", first)
        desk.press("sale.opportunity", "opportunity", first)
        if number % 3:
            desk.lose(second, "price")
            desk.drop(third)
        else:
            desk.press("sale.opportunity", "cancel", second)
            self.rpc.write("sale.opportunity", [third], {"conversion_probability": 0.75})
        invoice = desk.sell(first)
        desk.post(invoice)
        self.unpaid.append(invoice)
        self._books(desk, party, number)
        self.rpc.write("party.party", [party], {"name": f"Customer {number} Ltd"})
        if number % 4 == 0:
            stranger = desk.customer("Typed twice")
            self.rpc.write("party.party", [stranger], {"active": False})
            self.rpc.delete("party.party", [desk.customer("Typed wrong")])

    def _books(self, desk: Desk, party: int, number: int) -> None:
        if self.drafts:
            self.rpc.delete("account.invoice", [self.drafts.pop()])
        self.drafts.append(desk.invoice(party, f"{number}.3333", 3.0))
        service = desk.invoice(party, "10.0500", 2.0)
        desk.post(service)
        if number % 2:
            desk.credit(service, with_refund=True)
        else:
            desk.pay(service, "5.00")
            self.unpaid.append(service)
            oldest = self.unpaid.pop(0)
            desk.pay(oldest, str(min(self._rest(oldest), Decimal(100))))
            self.paid.append(oldest)
        if self.paid and number % 2 == 0:
            credit_note = desk.credit(self.paid.pop(), with_refund=False)
            desk.post(credit_note)
            desk.pay(credit_note, str(self._rest(credit_note)))
        desk.owe_commission(party, f"{number}5.25")
        order = desk.remit(party, "12.00")
        desk.press("account.payment", "submit", order)

    def _rest(self, invoice: int) -> Decimal:
        (row,) = self.rpc.read("account.invoice", ["amount_to_pay"], ["id", "=", invoice])
        return Decimal(row["amount_to_pay"])

    def read_all(self, resource: Resource) -> dict[str, dict[str, Any]]:
        """What the server says of every row of a resource, by id."""
        fields = [
            c.source_path.replace("..", ".") for c in resource.columns if c.name != "is_deleted"
        ]
        rows = self.rpc.call(
            f"model.{resource.endpoint}.search_read", [], 0, None, [["id", "ASC"]], fields
        )
        return {str(row["id"]): _as_declared(resource, row) for row in rows}

    def land(self) -> None:
        for resource in CONNECTORS["tryton"].resources:
            ingest(
                "tryton",
                TENANT,
                resource.name,
                self.connection(),
                self.made.landing,
                FixedClock(self.now),
            )

    def landed(self, resource: str) -> list[dict[str, Any]]:
        """The latest landed version of every row."""
        parts = [
            str(self.made.home.landing / file.path)
            for load in self.made.landing.accepted()
            if (load.source, load.resource) == ("tryton", resource)
            for file in load.files
        ]
        found = duckdb.execute(
            "select * from read_parquet($1, hive_partitioning = false, filename = true) "
            "qualify row_number() over (partition by id order by list_position($1, filename) desc, "
            "_page desc, _row_number desc) = 1",
            [parts],
        )
        names = [column[0] for column in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def _as_declared(resource: Resource, row: dict[str, Any]) -> dict[str, Any]:
    """A row of the server under the names of our columns, values as they should land."""
    values = {}
    for column in resource.columns:
        if column.name == "is_deleted":
            continue
        value: Any = row
        for key in column.source_path.replace("..", ". ").split(" "):
            value = value[key] if value is not None else None
        if column.personal == "domain":
            value = str(value).partition("@")[2] or None
        elif column.name in _YES_OR_NO:
            value = bool(value)
        elif column.type == "string" and value is not None:
            value = str(value)
        elif column.type.startswith("decimal") and value is not None:
            value = Decimal(str(value))
        values[column.name] = value
    return values


def _as_landed(row: dict[str, Any]) -> dict[str, Any]:
    values = {name: value for name, value in row.items() if name[0] != "_" and name != "filename"}
    for name in _YES_OR_NO & set(values):
        values[name] = values[name] in ("true", "1")
    return values


@pytest.fixture(scope="module")
def office(tryton: Tryton, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """All days worked, landed and compared. Without an overlap: the cursor alone must find news."""
    connector = CONNECTORS["tryton"]
    bare = replace(
        connector,
        resources=tuple(
            replace(resource, cursor=Cursor("modified_at")) for resource in connector.resources
        ),
    )
    days = int(os.environ.get("CLOSEBOOK_REAL_DAYS", DAYS))
    start = datetime.now(UTC).replace(microsecond=0)
    with (
        pytest.MonkeyPatch.context() as patch,
        installation(tmp_path_factory.mktemp("installation")) as made,
        tryton.rpc() as rpc,
    ):
        patch.setitem(CONNECTORS, "tryton", bare)
        here = Office(tryton, rpc, made, start)
        for _ in range(days):
            here.work()
            rpc.context["active_test"] = False
            here.land()
            for resource in connector.resources:
                if resource.sweep:
                    _compare(here, resource)
        yield here


def _compare(here: Office, resource: Resource) -> None:
    said = here.read_all(resource)
    landed = here.landed(resource.name)
    alive = {row["id"]: row for row in map(_as_landed, landed) if not row.pop("is_deleted")}
    assert alive == said, f"day {here.days}, {resource.name}"


def test_what_landed_each_day_is_what_the_server_says(office: Office) -> None:
    # Compared in the fixture, after each day; here: that there was something to compare.
    for resource in CONNECTORS["tryton"].resources:
        rows = office.landed(resource.name)
        assert rows, resource.name
    assert any(row["is_deleted"] for row in office.landed("opportunity"))
    assert any(row["is_deleted"] for row in office.landed("opportunity_line"))
    assert any(row["is_deleted"] for row in office.landed("invoice"))


def test_every_revision_is_what_tryton_reads_as_of_its_time(office: Office) -> None:
    (resource,) = (r for r in CONNECTORS["tryton"].resources if r.name == "opportunity")
    alive = office.read_all(resource)
    revisions = [row for row in office.landed(REVISIONS) if row["opportunity"] in alive]
    checked = 0
    for row in sorted(revisions, key=lambda row: row["modified_at"]):
        for at in (row["modified_at"], row["modified_at"] + timedelta(milliseconds=1)):
            told = _as_of(office, resource, int(row["opportunity"]), at)
            known = [
                other
                for other in revisions
                if other["opportunity"] == row["opportunity"] and other["modified_at"] <= at
            ]
            last = _as_landed(max(known, key=lambda other: other["modified_at"]))
            assert {name: last[name] for name in told if name != "id"} == {
                name: value for name, value in told.items() if name != "id"
            }
            checked += 1
    assert checked > 4 * office.days


def _as_of(office: Office, resource: Resource, record: int, at: datetime) -> dict[str, Any]:
    fields = [c.source_path.replace("..", ".") for c in resource.columns if c.name != "is_deleted"]
    before = office.rpc.context
    office.rpc.context = {**before, "_datetime": at}
    try:
        (row,) = office.rpc.call("model.sale.opportunity.read", [record], fields)
    finally:
        office.rpc.context = before
    return _as_declared(resource, row)


@pytest.fixture(scope="module")
def warehouse(office: Office) -> Iterator[Callable[[str], list[dict[str, Any]]]]:
    """Builds once after the last day; runs a query on the warehouse."""
    made = office.made
    path = made.home.root / "sources.yml"
    sources = yaml.safe_load(path.read_text(encoding="utf-8"))
    sources["sources"].append({"source": "tryton", "tenant": TENANT})
    path.write_text(yaml.safe_dump(sources), encoding="utf-8")
    _map_stages(made.world / "policy")
    ordinary = Installation.connection

    def connection(self: Installation, source: str, tenant: str) -> Connection:
        if source == "tryton":
            return office.connection()
        return ordinary(self, source, tenant)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Installation, "connection", connection)
        made.move_to(office.now.isoformat())
        result = made.run()
    assert result.outcome == "published", result.message
    with duckdb.connect(str(_warehouse_of(made)), read_only=True) as connected:

        def rows(query: str) -> list[dict[str, Any]]:
            found = connected.execute(query)
            names = [column[0] for column in found.description]
            return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

        yield rows


def _map_stages(policy: Path) -> None:
    """Tells policy what Tryton's states mean; it holds no evidence, so no rule asks for any."""
    with (policy / "stage_map.csv").open("a", encoding="utf-8") as file:
        for state, stage in STAGES.items():
            file.write(f"tryton,*,default,opportunity,{state},{stage},2023-01-01,\n")
    rules = policy / "stage_entry_rule.csv"
    enforced = rules.read_text(encoding="utf-8").replace(",2026-06-05,", ",2035-01-01,")
    rules.write_text(enforced, encoding="utf-8")


def test_the_servers_own_list_of_states_is_what_policy_maps(office: Office) -> None:
    with tryton_client.open_client(office.connection(), HttpSettings()) as client:
        found = {stage.name: stage.kind for stage in tryton_client.stages(client)}
    assert found.keys() == STAGES.keys()
    assert (found["won"], found["lost"], found["lead"]) == ("won", "lost", "")


def _warehouse_of(made: Installation) -> Path:
    (path,) = made.home.root.rglob("warehouse.duckdb")
    return path


Rows = Callable[[str], list[dict[str, Any]]]


def test_conformed_deals_are_the_servers(office: Office, warehouse: Rows) -> None:
    said = office.rpc.read(
        "sale.opportunity", ["state", "amount", "employee", "party", "conversion_probability"]
    )
    found = warehouse("select * from intermediate.int_opportunities__tryton where not is_deleted")
    assert {
        (r["source_id"], r["stage_name"], r["amount"], r["owner_source_id"], r["account_source_id"])
        for r in found
    } == {
        (str(r["id"]), r["state"], r["amount"], str(r["employee"]), str(r["party"])) for r in said
    }
    assert {r["source_id"] for r in found if r["is_won"]} == {
        str(r["id"]) for r in said if r["state"] == "won"
    }
    assert all((r["closed_at"] is not None) == r["is_closed"] for r in found)


def test_conformed_stages_as_of_any_revision_are_trytons(office: Office, warehouse: Rows) -> None:
    events = warehouse(
        "select record_source_id, stage_name, entered_at "
        "from intermediate.int_stage_events__tryton where not is_deleted order by entered_at"
    )
    (resource,) = (r for r in CONNECTORS["tryton"].resources if r.name == "opportunity")
    alive = office.read_all(resource)
    assert {event["record_source_id"] for event in events} == set(alive)
    for row in office.landed(REVISIONS):
        deal, at = row["opportunity"], row["modified_at"]
        if deal in alive:
            stages = [
                event["stage_name"]
                for event in events
                if event["record_source_id"] == deal and event["entered_at"] <= at
            ]
            assert stages[-1] == _as_of(office, resource, int(deal), at)["state"]


def test_conformed_invoices_and_cash_are_the_servers(office: Office, warehouse: Rows) -> None:
    said = office.rpc.read(
        "account.invoice", ["number", "state", "total_amount", "amount_to_pay", "sales", "lines"]
    )
    invoices = {
        r["source_id"]: r
        for r in warehouse("select * from intermediate.int_invoices__tryton where not is_deleted")
    }
    status = {"posted": "open", "cancelled": "void", "validated": "draft"}
    charged = [row for row in said if row["total_amount"] >= 0]
    assert {(i, r["status"], r["gross_amount"]) for i, r in invoices.items()} == {
        (str(r["id"]), status.get(r["state"], r["state"]), r["total_amount"]) for r in charged
    }
    assert {i for i, r in invoices.items() if r["opportunity_reference"]} == {
        str(r["id"]) for r in charged if r["sales"]
    }
    applied = {
        r["invoice_source_id"]: r["amount"]
        for r in warehouse(
            "select invoice_source_id, sum(amount) as amount "
            "from intermediate.int_payment_applications__tryton where not is_deleted group by all"
        )
    }
    for row in charged:
        if row["state"] in ("posted", "paid"):
            paid = applied.get(str(row["id"]), Decimal(0))
            assert paid == row["total_amount"] - row["amount_to_pay"], row


def test_conformed_refunds_are_the_cash_of_credit_notes(office: Office, warehouse: Rows) -> None:
    lines = office.rpc.read(
        "account.move.line",
        ["debit", "invoice_payment"],
        ["invoice_payment.total_amount", "<", 0],
        ["debit", ">", 0],
    )
    refunds = warehouse(
        "select refunds.*, payments.payment_key from intermediate.int_refunds__tryton as refunds "
        "left join intermediate.int_payments__tryton as payments "
        "on refunds.payment_source_id = payments.source_id"
    )
    assert {(r["source_id"], r["amount"]) for r in refunds} == {
        (str(row["id"]), row["debit"]) for row in lines
    }
    assert all(r["payment_key"] for r in refunds)
    assert refunds


def test_conformed_credit_notes_and_lines_are_the_servers(office: Office, warehouse: Rows) -> None:
    said = office.rpc.read("account.invoice", ["total_amount", "untaxed_amount", "lines"])
    notes = warehouse("select * from intermediate.int_credit_notes__tryton where not is_deleted")
    assert notes and all(note["invoice_source_id"] for note in notes)
    assert {(r["source_id"], r["gross_amount"]) for r in notes} == {
        (str(r["id"]), -r["total_amount"]) for r in said if r["total_amount"] < 0
    }
    sums = warehouse(
        "select invoice_source_id, sum(net_amount) as net, count(*) as lines "
        "from intermediate.int_invoice_lines__tryton where not is_deleted group by all"
    )
    assert {(r["invoice_source_id"], r["net"], r["lines"]) for r in sums} == {
        (str(r["id"]), r["untaxed_amount"], len(r["lines"]))
        for r in said
        if r["total_amount"] >= 0 and r["lines"]
    }


def test_conformed_journal_lines_are_the_servers_with_the_commission_owed(
    office: Office, warehouse: Rows
) -> None:
    said = office.rpc.read(
        "account.move.line", ["debit", "credit", "account.code", "move.state", "reconciliation"]
    )
    found = warehouse("select * from intermediate.int_journal_lines__tryton where not is_deleted")
    assert {
        (r["source_id"], r["debit_amount"], r["credit_amount"], r["status"], r["is_reconciled"])
        for r in found
    } == {
        (
            str(r["id"]),
            r["debit"],
            r["credit"],
            r["move."]["state"],
            r["reconciliation"] is not None,
        )
        for r in said
    }
    owed = [r["credit_amount"] for r in found if r["account_code"] == COMMISSION_PAYABLE]
    assert owed and sum(owed) == sum(
        r["credit"] for r in said if r["account."]["code"] == COMMISSION_PAYABLE
    )


def test_conformed_quotes_and_contacts_are_the_servers(office: Office, warehouse: Rows) -> None:
    sales = office.rpc.read("sale.sale", ["number", "party", "untaxed_amount"])
    quotes = warehouse("select * from intermediate.int_quotes__tryton where not is_deleted")
    assert quotes
    assert {
        (r["source_id"], r["quote_number"], r["account_source_id"], r["net_amount"]) for r in quotes
    } == {(str(r["id"]), r["number"], str(r["party"]), r["untaxed_amount"]) for r in sales}
    addresses = office.rpc.read("party.contact_mechanism", ["value"], ["type", "=", "email"])
    contacts = warehouse("select * from intermediate.int_contacts__tryton where not is_deleted")
    assert contacts
    assert {(r["source_id"], r["email_domain"]) for r in contacts} == {
        (str(r["id"]), r["value"].partition("@")[2]) for r in addresses
    }


def test_conformed_reps_are_no_customers(office: Office, warehouse: Rows) -> None:
    reps = warehouse("select name from intermediate.int_reps__tryton where not is_deleted")
    said = office.rpc.read("company.employee", ["party.name"])
    assert sorted(r["name"] for r in reps) == sorted(r["party."]["name"] for r in said)
    accounts = warehouse("select name, account_role from intermediate.int_accounts__tryton")
    assert not {r["name"] for r in accounts} & {r["name"] for r in reps}
