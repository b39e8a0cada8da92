"""Tryton's protocol over real HTTP: wrapped values, refusals with status 200, sweeps."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

import ingestion.tryton.client as tryton
from ingestion.clock import FixedClock
from ingestion.connections import Connection
from ingestion.errors import ConfigurationError, ContractError, TerminalError
from ingestion.extract import Window, ingest
from ingestion.http import HttpSettings
from ingestion.landing import Landing, Manifest
from tests.ingestion.vendor import SECRET, Vendor

RPC = "/crm/rpc/"


def instant(day: int, hour: int = 8) -> dict[str, Any]:
    return {
        "__class__": "datetime",
        "year": 2026,
        "month": 6,
        "day": day,
        "hour": hour,
        "minute": 0,
        "second": 0,
        "microsecond": 120,
    }


def money(text: str) -> dict[str, str]:
    return {"__class__": "Decimal", "decimal": text}


@dataclass
class Books:
    """Answers for the payments of one company, as Tryton does."""

    rows: dict[int, dict[str, Any]] = field(default_factory=dict)
    calls: list[tuple[str, list[Any]]] = field(default_factory=list)
    after_read: Callable[[], None] = lambda: None

    def put(self, number: int, day: int = 1, **changed: Any) -> None:
        self.rows[number] = {
            "id": number,
            "kind": "receivable",
            "state": "succeeded",
            "party": 7,
            "line": None,
            "date": {"__class__": "date", "year": 2026, "month": 6, "day": day},
            "amount": money("3500.0000"),
            "currency.": {"id": 1, "code": "USD"},
            "create_date": instant(1),
            "last_modified_at": instant(day),
            **changed,
        }

    def answer(self, request: Request) -> Response:
        question = json.loads(request._body)
        method, params = question["method"], question["params"]
        self.calls.append((method, params))
        if method.endswith("get_preferences"):
            return JSONResponse({"id": question["id"], "result": {"company": 1, "companies": [1]}})
        domain, _, limit, order = params[:4]
        assert order == [["id", "ASC"]]
        assert params[-1] == {"company": 1, "companies": [1], "active_test": False}
        found = [row for _, row in sorted(self.rows.items()) if _matches(row, domain)][:limit]
        if method.endswith("search_read"):
            self.after_read()
            return JSONResponse({"id": question["id"], "result": found})
        return JSONResponse({"id": question["id"], "result": [row["id"] for row in found]})


def _matches(row: dict[str, Any], domain: list[list[Any]]) -> bool:
    for name, operator, value in domain:
        if operator == ">" and not row[name] > value:
            return False
        if operator == "<" and not list(row[name].values())[1:] < list(value.values())[1:]:
            return False
        if operator == ">=" and not list(row[name].values())[1:] >= list(value.values())[1:]:
            return False
    return True


@pytest.fixture
def books(vendor: Vendor) -> Books:
    kept = Books()
    vendor.on(RPC, kept.answer)
    return kept


Read = Callable[..., Manifest]


@pytest.fixture
def read(vendor: Vendor, landing: Landing, clock: FixedClock, settings: HttpSettings) -> Read:
    connection = Connection("tryton", "aurora", f"{vendor.base_url}/crm", "reader", SECRET)

    def run(window: Window | None = None) -> Manifest:
        return ingest("tryton", "aurora", "payment", connection, landing, clock, settings, window)

    return run


def rows_of(landing: Landing, load: Manifest, columns: str) -> list[tuple[Any, ...]]:
    path: Path = landing.root / load.files[0].path
    query = f"select {columns} from read_parquet($path, hive_partitioning = false) order by id"
    return duckdb.execute(query, {"path": str(path)}).fetchall()


def test_wrapped_money_dates_and_times_land_as_such(
    read: Read, books: Books, landing: Landing
) -> None:
    books.put(1, 2)
    columns = "id, amount, date::text, modified_at::text, line, currency_code, is_deleted"
    assert rows_of(landing, read(), columns) == [
        ("1", Decimal("3500.00"), "2026-06-02", "2026-06-02 08:00:00.00012", None, "USD", False)
    ]


def test_a_wrapping_that_is_not_whole_is_refused_with_its_row(
    read: Read, books: Books, landing: Landing
) -> None:
    books.put(1)
    books.put(2, date={"__class__": "date", "year": 2026, "month": 6})
    books.put(3, amount={"__class__": "Money", "decimal": "1"})
    load = read()
    assert (load.rows, load.rejected_rows) == (1, 2)
    path = landing.root / load.rejects[0].path
    found = duckdb.execute("select row_number, field, why from read_parquet($1)", [str(path)])
    assert found.fetchall() == [
        (2, "date", "the type changed: object where date is declared"),
        (3, "amount", "the type changed: object where decimal(18,2) is declared"),
    ]


@pytest.mark.parametrize("rows", [0, 1, 2, 3, 4, 5])
def test_every_page_is_read_by_id(
    rows: int, read: Read, books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tryton, "ROWS_PER_PAGE", 2)
    for number in range(rows):  # Tryton's ids begin at 0
        books.put(number)
    assert read().rows == rows
    pages = [params for method, params in books.calls if method.endswith("search_read")]
    assert len(pages) == rows // 2 + 1


def test_news_are_asked_for_from_the_last_change_less_the_overlap(read: Read, books: Books) -> None:
    books.put(1, 2)
    books.put(2, 20)
    read()
    books.calls.clear()
    books.put(1, 25)
    load = read()
    assert (load.rows, load.extra["unchanged_rows"]) == (1, 1)
    (domain,) = (params[0] for method, params in books.calls if method.endswith("search_read"))
    assert domain == [
        ["last_modified_at", ">=", instant(20, 7) | {"microsecond": 0}],
        ["id", ">", -1],
    ]


def test_what_is_gone_lands_once_more_as_deleted_and_only_once(
    read: Read, books: Books, landing: Landing
) -> None:
    books.put(1)
    books.put(2, state="failed")
    read()
    del books.rows[2]
    assert rows_of(landing, read(), "id, state, amount, is_deleted, _is_backfilled") == [
        ("2", "failed", Decimal("3500.00"), True, False)
    ]
    assert read().rows == 0


def test_what_is_back_lands_again_although_nobody_changed_it(
    read: Read, books: Books, landing: Landing
) -> None:
    books.put(1)
    books.put(2, 20)
    read()
    hidden = books.rows.pop(1)
    read()
    books.rows[1] = hidden
    assert rows_of(landing, read(), "id, is_deleted") == [("1", False)]
    assert read().rows == 0


def test_what_is_deleted_between_the_read_and_the_sweep_lands_as_deleted(
    read: Read, books: Books, landing: Landing
) -> None:
    books.put(1)
    books.put(2)
    books.after_read = lambda: books.rows.pop(2, None)
    assert rows_of(landing, read(), "id, is_deleted") == [("1", False), ("2", True)]
    assert read().rows == 0


def test_a_user_who_sees_nothing_any_more_deletes_nothing(
    read: Read, books: Books, landing: Landing
) -> None:
    for number in range(60):
        books.put(number + 1)
    read()
    books.rows.clear()
    with pytest.raises(ContractError, match=r"60 of 60 rows are gone since the last read.*rights"):
        read()
    assert landing.last_seq() == 1


def test_a_page_of_ids_is_kept_as_evidence(read: Read, books: Books, landing: Landing) -> None:
    books.put(1)
    load = read()
    assert [Path(path).name for path in load.pages] == [
        "pages-00001.json.gz",
        "sweep-00001.json.gz",
    ]


def test_a_refusal_with_status_200_is_told_in_trytons_words(
    read: Read, vendor: Vendor, landing: Landing
) -> None:
    vendor.on(RPC, {"id": 1, "error": ["UserError", ["You are not allowed to read", SECRET]]})
    with pytest.raises(TerminalError, match="not allowed to read") as refused:
        read()
    assert SECRET not in str(refused.value)
    assert landing.last_seq() == 0


def test_too_many_logins_as_a_web_page_are_waited_for(
    read: Read, vendor: Vendor, books: Books, waits: list[float]
) -> None:
    books.put(1)
    page = HTMLResponse("<!doctype html><title>429 Too Many Requests</title>", 429)
    vendor.on(RPC, page, page, books.answer)
    assert read().rows == 1
    assert waits == [1.0, 2.0]


def test_a_connection_without_a_database_says_its_shape(
    vendor: Vendor, landing: Landing, clock: FixedClock
) -> None:
    nameless = Connection("tryton", "aurora", vendor.base_url, "reader", SECRET)
    with pytest.raises(ConfigurationError, match="host:port/database"):
        ingest("tryton", "aurora", "payment", nameless, landing, clock)


def test_a_range_is_bounded_at_both_ends_and_looks_for_no_deletion(
    read: Read, books: Books, landing: Landing
) -> None:
    books.put(1, day=3)
    read()
    for number, day in ((2, 9), (3, 10), (4, 12), (5, 13)):
        books.put(number, day=day)
    del books.rows[1]
    books.calls.clear()
    load = read(Window(datetime(2026, 6, 10, tzinfo=UTC), datetime(2026, 6, 13, tzinfo=UTC), {}))
    assert rows_of(landing, load, "id, is_deleted") == [("3", False), ("4", False)]
    assert [method for method, _ in books.calls if method.endswith(".search")] == []


def test_the_states_of_opportunities_are_the_stages(vendor: Vendor, settings: HttpSettings) -> None:
    selection = [["lead", "Lead"], ["opportunity", "Opportunity"], ["won", "Won"], ["lost", "Lost"]]
    reply = {"id": 1, "result": {"state": {"type": "selection", "selection": selection}}}
    vendor.on(RPC, reply, {"id": 1, "result": {"state": {"selection": "get_states"}}})
    connection = Connection("tryton", "aurora", f"{vendor.base_url}/crm", "reader", SECRET)
    with tryton.open_client(connection, settings) as client:
        assert [(stage.name, stage.kind) for stage in tryton.stages(client)] == [
            ("lead", ""), ("opportunity", ""), ("won", "won"), ("lost", "lost"),
        ]  # fmt: skip
        question = json.loads(vendor.asked[0]._body)
        assert question["method"] == "model.sale.opportunity.fields_get"
        assert question["params"] == [["state"], 0, {}]
        with pytest.raises(ContractError, match="no selection of states"):
            list(tryton.stages(client))
