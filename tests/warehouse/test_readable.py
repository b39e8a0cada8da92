"""Loads of an old declaration, in a build that starts from nothing under the new one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from company.servers.running import Servers, running_servers
from expectations.gate import run_gate
from ingestion.catalog import CONNECTORS, resource_of
from ingestion.clock import FixedClock
from ingestion.connections import Connection
from ingestion.extract import ingest
from ingestion.landing import Landing, Manifest
from ingestion.resource import Column
from ingestion.typed import landed_columns
from tests.company.small_world import CREDENTIALS, NOW, SmallWorld
from warehouse.decisions import COLUMNS, all_decisions, decide
from warehouse.errors import WarehouseError
from warehouse.gates import gate_context
from warehouse.home import Home
from warehouse.landed import write_load
from warehouse.plan import make_plan
from warehouse.policy import house_timezone, land_policy
from warehouse.policy_tables import POLICY_TABLES, PolicyTable

POLICY = Path(__file__).parents[2] / "company" / "policy"
CLOCK = FixedClock(datetime.fromisoformat(NOW).astimezone(UTC))

INVOICE = resource_of(CONNECTORS["stripe"], "invoice")
OLD = replace(
    INVOICE,
    columns=(
        *(c for c in INVOICE.columns if c.name not in ("total", "due_date")),
        Column("total", "decimal(18,2)"),
        Column("footer", "string"),
    ),
)
"""`total` is whole now, `footer` is read no more, and `due_date` has come since."""


@pytest.fixture
def world(tmp_path: Path) -> SmallWorld:
    return SmallWorld(tmp_path / "world.sqlite")


@pytest.fixture
def servers(world: SmallWorld) -> Iterator[Servers]:
    with running_servers(world.path, NOW, CREDENTIALS) as running:
        yield running


@pytest.fixture(autouse=True)
def policy(home: Home) -> None:
    land_policy(POLICY, Landing(home.policy), Landing(home.decisions), CLOCK)


def read_as_then(home: Home, servers: Servers, monkeypatch: pytest.MonkeyPatch) -> Manifest:
    """Invoices of aurora, landed by the declaration of then."""
    stripe = CONNECTORS["stripe"]
    others = tuple(r for r in stripe.resources if r.name != "invoice")
    with monkeypatch.context() as then:
        then.setitem(CONNECTORS, "stripe", replace(stripe, resources=(*others, OLD)))
        connection = Connection("stripe", "aurora", servers.stripe, "", "sk_test_aurora")
        return ingest("stripe", "aurora", "invoice", connection, Landing(home.landing), CLOCK)


def test_a_build_from_nothing_reads_them_as_declared_now_and_the_gate_refuses_none(
    home: Home, servers: Servers, world: SmallWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(1, 4):
        world.invoice(number, total=100 + number, footer="Thank you")
    load = read_as_then(home, servers, monkeypatch)
    plan = make_plan(home, CLOCK, None)
    (path,) = next(staged.files for staged in plan.loads if staged.load_id == load.load_id)
    with duckdb.connect() as db:
        described = db.execute("describe from read_parquet(?)", [path]).fetchall()
        totals = db.execute("select total, due_date from read_parquet(?)", [path]).fetchall()
    assert [name for name, *_ in described] == [name for name, _ in landed_columns(INVOICE)]
    assert totals == [(103, None), (102, None), (101, None)]
    with duckdb.connect(str(home.database)) as connection:
        outcome = run_gate("raw", connection, gate_context(home, plan))
    assert outcome.passed, outcome.message
    assert outcome.rejected_loads == ()
    home.database.unlink()
    (home.warehouse / "readable" / "of-an-earlier-declaration.parquet").touch()
    again = make_plan(home, CLOCK, None)
    assert [str(kept) for kept in (home.warehouse / "readable").iterdir()] == [path]
    assert [staged.files for staged in again.loads] == [staged.files for staged in plan.loads]


def test_a_value_that_the_new_type_would_change_stops_the_build_and_refuses_no_load(
    home: Home, servers: Servers, world: SmallWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.invoice(1, total="12.50")
    read_as_then(home, servers, monkeypatch)
    with pytest.raises(WarehouseError, match=r"stripe\.invoice\.total") as refusal:
        make_plan(home, CLOCK, None)
    for text in ("decimal(18,2)", "12.50", "bigint", "under another name", "part-00000"):
        assert text in str(refusal.value)
    assert Landing(home.landing).rejections() == {}
    assert not list((home.warehouse / "readable").glob("*.parquet"))


def test_a_policy_table_and_a_decision_from_before_a_column_was_added_are_still_read(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    setting = POLICY_TABLES["setting"]
    wider = PolicyTable(
        setting.name, setting.key, (*setting.columns, ("unit", "string")), setting.description
    )
    decisions = Landing(home.decisions)
    with decisions.open_load("decisions", "house", "decision") as load:
        row = (load.load_id, "action", "s", "", "a", datetime(2026, 6, 1), "why")  # noqa: DTZ001
        write_load(load, COLUMNS[:-1], [row], now=CLOCK.now())
    monkeypatch.setitem(POLICY_TABLES, "setting", wider)
    assert house_timezone(Landing(home.policy), CLOCK.now().date()).key == "Asia/Shanghai"
    assert [decision.payload for decision in all_decisions(decisions)] == [{}]
    later = decide(decisions, CLOCK, kind="action", subject="s", actor="a", reason="r")
    assert all_decisions(decisions)[-1] == later
