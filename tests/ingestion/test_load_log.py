"""What a load says of itself, what a failed attempt leaves, and old loads under a new declaration.

Against the demo company's vendor servers.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ingestion.catalog import CONNECTORS, resource_of
from ingestion.clock import FixedClock
from ingestion.connections import ConfiguredSource, Connection, Sources
from ingestion.entities import ENTITIES
from ingestion.errors import ConfigurationError, ContractError, SeveralFailedError
from ingestion.extract import ingest_all
from ingestion.files.intake import intake
from ingestion.http import HttpSettings
from ingestion.landing import Landing, Manifest
from ingestion.load_log import LoadFacts, facts_of, failures, last_failure
from ingestion.resource import Column, ColumnType
from ingestion.schema import Columns, change, columns_of, kept_columns, rows_of, versions
from ingestion.typed import SQL_TYPES, landed_columns
from tests.ingestion.test_vendors import START, Company

MADE = datetime(2026, 6, 10, 8, tzinfo=UTC)


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


Declare = Callable[..., None]


@pytest.fixture
def declare(monkeypatch: pytest.MonkeyPatch) -> Declare:
    """Declares columns of stripe.invoice anew: a type by name; None takes the column away."""

    def declare(**columns: ColumnType | None) -> None:
        stripe = CONNECTORS["stripe"]
        invoice = resource_of(stripe, "invoice")
        kept = tuple(column for column in invoice.columns if column.name not in columns)
        new = tuple(Column(name, kind) for name, kind in columns.items() if kind)
        changed = replace(invoice, columns=(*kept, *new))
        others = tuple(r for r in stripe.resources if r.name != "invoice")
        monkeypatch.setitem(CONNECTORS, "stripe", replace(stripe, resources=(*others, changed)))

    return declare


def facts(load: Manifest) -> LoadFacts:
    found = facts_of(load)
    assert found is not None
    return found


def invoices(landing: Landing) -> dict[str, Any]:
    """id -> total of everything that landed, read as it is declared now."""
    loads = list(landing.accepted())
    columns = landed_columns(resource_of(CONNECTORS["stripe"], "invoice"))
    names = [name for name, _ in columns]
    rows = rows_of(landing, loads, columns)
    return {row[names.index("id")]: row[names.index("total")] for row in rows}


def test_a_load_says_when_how_long_how_much_and_how_late(company: Company) -> None:
    company.put("stripe", "invoice", 1, MADE, currency="cny")
    company.put("stripe", "invoice", 2, MADE + timedelta(hours=2))
    with company.open() as servers:
        load = company.read("stripe", "invoice")
        asked = len(servers.requests())
    said = facts(load)
    pages = [company.landing.root / page for page in load.pages]
    assert said.started_at == company.now.isoformat()
    assert 0 <= said.milliseconds < 60_000
    assert said.requests == asked == 1
    assert said.gzipped_bytes == sum(page.stat().st_size for page in pages)
    assert said.raw_bytes > said.gzipped_bytes
    assert said.delivered_rows == 2
    assert said.first_modified_at == MADE.isoformat()
    assert said.last_modified_at == (MADE + timedelta(hours=2)).isoformat()
    assert (said.filled["id"], said.filled["currency"], said.filled["due_date"]) == (2, 1, 0)
    assert (said.unknown_types, said.refused) == ({}, ())


def test_rows_that_bring_nothing_new_count_as_delivered(company: Company) -> None:
    company.put("stripe", "invoice", 1, MADE)
    with company.open():
        company.read("stripe", "invoice")
        again = company.read("stripe", "invoice")
    assert (again.rows, again.extra["unchanged_rows"], facts(again).delivered_rows) == (0, 1, 1)
    assert facts(again).filled["total"] == 1


def test_a_load_without_rows_has_no_modification_time(company: Company) -> None:
    with company.open():
        said = facts(company.read("stripe", "invoice"))
    assert (said.delivered_rows, said.first_modified_at, said.last_modified_at) == (0, None, None)


def test_a_column_that_nobody_declared_is_named_with_its_types_and_without_a_value(
    company: Company,
) -> None:
    odd: dict[str, Any] = {"se~c/r et": "Jane Roe", "mixed": 1}
    company.put("stripe", "invoice", 1, MADE, **odd)
    company.put("stripe", "invoice", 2, MADE, mixed={"of": "two"}, nothing=None)
    with company.open():
        load = company.read("stripe", "invoice")
    assert facts(load).unknown_types == {
        "mixed": "number, object", "nothing": "null", "se~c/r et": "text",
    }  # fmt: skip
    assert "Jane Roe" not in json.dumps(load.extra)


def test_a_changed_type_is_counted_by_field_with_its_first_row_and_without_the_value(
    company: Company,
) -> None:
    company.put("stripe", "invoice", 1, MADE)
    company.put("stripe", "invoice", 2, MADE, total={"value": "Jane Roe"})
    company.put("stripe", "invoice", 3, MADE, total="twelve", due_date="soon")
    with company.open():
        load = company.read("stripe", "invoice")
    assert load.rejected_rows == 2
    due, total = facts(load).refused
    assert (due.field, due.rows, due.why) == (
        "due_date", 1, "not a value of the declared type bigint",
    )  # fmt: skip
    assert (total.field, total.rows) == ("total", 2)
    assert "Jane Roe" not in json.dumps(load.extra)
    rejects = duckdb.execute(
        "select row_number, why from read_parquet($path) where field = 'total' order by 1",
        {"path": str(company.landing.root / load.rejects[0].path)},
    ).fetchall()
    assert rejects[0] == (total.row, total.why)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ({"kind": "status", "status": 503, "times": None}, "unwell"),
        ({"kind": "status", "status": 403, "times": None}, "refused"),
        ({"kind": "ignore_filter", "times": None}, "contract"),
    ],
)
def test_an_attempt_that_failed_is_noted_and_the_next_one_goes_on_as_if_nothing_was(
    company: Company, fault: dict[str, Any], kind: str
) -> None:
    company.put("stripe", "invoice", 1, START - timedelta(days=700))
    company.put("stripe", "invoice", 2, MADE)
    with company.open() as servers:
        first = company.read("stripe", "invoice")
        servers.add_fault(vendor="stripe", **fault)
        with pytest.raises(Exception, match="stripe/aurora"):
            company.read("stripe", "invoice")
        servers.clear_faults()
        company.read("stripe", "invoice")
    (failure,) = failures(company.landing)
    assert (failure.source, failure.tenant, failure.resource) == ("stripe", "aurora", "invoice")
    assert (failure.seq, failure.kind, failure.failed_at) == (1, kind, company.now.isoformat())
    assert [load.extra["continues"] for load in company.landing.loads()] == [
        None, first.commit_seq,
    ]  # fmt: skip
    assert last_failure(company.landing) == 1


def test_the_secret_of_a_connection_is_in_no_note(company: Company) -> None:
    with company.open(), pytest.raises(Exception, match="401"):
        company.read("stripe", "invoice", password="a/very+secret=key")
    (failure,) = failures(company.landing)
    assert failure.kind == "refused"
    (note,) = (company.landing.root / "_failures").iterdir()
    assert "very" not in note.read_text(encoding="utf-8")
    assert note.stat().st_mode & 0o077 == 0


def test_a_source_that_nobody_answers_for_fails_whole_and_each_resource_says_so(
    company: Company, tmp_path: Path
) -> None:
    def connect(source: str, tenant: str) -> Connection:
        if tenant == "borealis":
            raise ConfigurationError("no connection for stripe of tenant borealis")
        return Connection(source, tenant, "http://127.0.0.1:9", "", "secret")

    sources = Sources(
        (ConfiguredSource("stripe", "aurora"), ConfiguredSource("stripe", "borealis")), (), None
    )
    settings = HttpSettings(attempts=1, sleep=lambda _: None)
    clock = type("Clock", (), {"now": staticmethod(lambda: company.now)})()
    with pytest.raises(SeveralFailedError):
        ingest_all(sources, company.landing, clock, connect, lambda _: None, settings)
    noted = [(f.tenant, f.resource, f.kind) for f in failures(company.landing)]
    assert ("borealis", "", "configuration") in noted
    resources = {resource.name for resource in CONNECTORS["stripe"].resources}
    assert {r for tenant, r, kind in noted if (tenant, kind) == ("aurora", "unreachable")} == (
        resources
    )


def test_an_added_column_is_null_in_the_loads_from_before(
    company: Company, declare: Declare
) -> None:
    company.put("stripe", "invoice", 1, MADE, memo="before")
    company.put("stripe", "invoice", 2, MADE)
    with company.open():
        first = company.read("stripe", "invoice")
        declare(memo="string")
        second = company.read("stripe", "invoice")
        third = company.read("stripe", "invoice")
    assert first.unknown_columns == ("memo",)
    assert [row[0] for row in rows_of(company.landing, [first], (("memo", "string"),))] == [
        None, None,
    ]  # fmt: skip
    assert (second.rows, second.extra["unchanged_rows"]) == (1, 1), "the row without a memo stays"
    assert (third.rows, third.extra["unchanged_rows"]) == (0, 2)
    assert dict(columns_of(company.landing, second))["memo"] == "string"
    assert "memo" not in dict(columns_of(company.landing, first))


def test_a_removed_column_is_not_read_from_the_loads_that_have_it(
    company: Company, declare: Declare
) -> None:
    company.put("stripe", "invoice", 1, MADE, currency="cny")
    with company.open():
        first = company.read("stripe", "invoice")
        declare(currency=None)
        second = company.read("stripe", "invoice")
    assert (second.rows, second.extra["unchanged_rows"]) == (0, 1)
    assert second.unknown_columns == ("currency",)
    assert invoices(company.landing) == {"x_000001": 1}
    assert rows_of(company.landing, [first], (("currency", "string"),)) == [("cny",)]


def test_a_column_of_another_type_is_cast_exactly(company: Company, declare: Declare) -> None:
    company.put("stripe", "invoice", 1, MADE)
    with company.open():
        company.read("stripe", "invoice")
        declare(total="decimal(18,2)")
        again = company.read("stripe", "invoice")
    assert (again.rows, again.extra["unchanged_rows"]) == (0, 1), "1 is 1.00"
    (total,) = invoices(company.landing).values()
    assert str(total) == "1.00"


def test_a_value_that_the_new_type_would_change_is_refused_with_its_column_and_the_way_out(
    company: Company, declare: Declare
) -> None:
    declare(total="decimal(18,2)")
    company.put("stripe", "invoice", 1, MADE, total="12.50")
    with company.open():
        company.read("stripe", "invoice")
        declare(total="bigint")
        company.put("stripe", "invoice", 1, MADE + timedelta(days=1), total="12")
        with pytest.raises(ContractError, match=r"stripe\.invoice\.total") as refusal:
            company.read("stripe", "invoice")
    for text in ("decimal(18,2)", "12.50", "bigint", "another name", "part-00000.parquet"):
        assert text in str(refusal.value)
    assert failures(company.landing)[-1].kind == "contract"
    with pytest.raises(ContractError, match=r"12\.50"):
        invoices(company.landing)


def test_every_version_of_a_schema_keeps_its_columns_and_says_what_changed(
    company: Company, declare: Declare
) -> None:
    company.put("stripe", "invoice", 1, MADE)
    with company.open():
        first = company.read("stripe", "invoice")
        company.read("stripe", "invoice")
        declare(memo="string", currency=None, total="decimal(18,2)")
        third = company.read("stripe", "invoice")
    found = list(versions(company.landing, list(company.landing.accepted())))
    assert [load.commit_seq for load, _ in found] == [first.commit_seq, third.commit_seq]
    (_, old), (_, new) = found
    assert old == kept_columns(company.landing, first.schema_version)
    assert str(change(old, new)) == (
        "added memo, removed currency, total was bigint, is decimal(18,2)"
    )


def test_a_load_from_before_schemas_were_kept_is_asked_for_its_columns_itself(
    company: Company,
) -> None:
    company.put("stripe", "invoice", 1, MADE)
    with company.open():
        load = company.read("stripe", "invoice")
    kept = [(name, SQL_TYPES[kind]) for name, kind in columns_of(company.landing, load)]
    (company.landing.root / "_schemas" / f"{load.schema_version}.json").unlink()
    asked = [(name, SQL_TYPES[kind]) for name, kind in columns_of(company.landing, load)]
    assert asked == kept
    assert invoices(company.landing) == {"x_000001": 1}


MAPPING = """
tenant: aurora
files:
  - file: "calls.csv"
    entities:
      - {entity: activity, source_id: id, columns: {occurred_at: at, activity_type: kind}}
  - file: "owners.csv"
    entities:
      - {entity: activity, source_id: id, columns: {owner_source_id: owner}}
"""


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    folder = tmp_path / "inbox"
    folder.mkdir()
    (folder / "mapping.yml").write_text(MAPPING, encoding="utf-8")
    (folder / "calls.csv").write_text(
        "id,at,kind,note\n1,2026-06-01,call,secret\n2,2026-06-03,,\n3,soon,call,\n", "utf-8"
    )
    return folder


def test_a_load_of_a_file_says_what_it_brought_and_which_columns_nothing_reads(
    landing: Landing, inbox: Path, clock: FixedClock
) -> None:
    (load,) = intake(inbox, None, landing, clock).loads
    said = facts(load)
    (page,) = landing.pages(load)
    assert (said.started_at, said.requests) == (clock.now().isoformat(), None)
    assert said.raw_bytes == (inbox / "calls.csv").stat().st_size
    assert said.gzipped_bytes == page.stat().st_size
    assert said.delivered_rows == load.rows
    assert said.last_modified_at is not None and said.last_modified_at > "2026-06-01"
    assert said.filled["activity_type"] == 1
    assert "owner_source_id" not in said.filled, "this file is not asked for it"
    assert load.unknown_columns == ("note",)
    assert said.unknown_types == {"note": "text"}
    assert [refused.field for refused in said.refused] == ["at"], "as the file calls it"
    assert "secret" not in json.dumps(load.extra)


def test_what_a_file_said_before_a_field_was_added_is_still_put_together_with_another(
    landing: Landing, inbox: Path, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    activity = ENTITIES["activity"]
    fewer = tuple(field for field in activity.fields if field.name != "owner_source_id")
    with monkeypatch.context() as then:
        then.setitem(ENTITIES, "activity", replace(activity, fields=fewer))
        first_half = MAPPING[: MAPPING.index('  - file: "owners.csv"')]
        (inbox / "mapping.yml").write_text(first_half, encoding="utf-8")
        intake(inbox, None, landing, clock)
    (inbox / "mapping.yml").write_text(MAPPING, encoding="utf-8")
    (inbox / "owners.csv").write_text("id,owner\n1,E07\n", encoding="utf-8")
    report = intake(inbox, None, landing, clock)
    (load,) = report.loads
    columns: Columns = (("activity_type", "string"), ("owner_source_id", "string"))
    assert rows_of(landing, [load], columns) == [("call", "E07")]
