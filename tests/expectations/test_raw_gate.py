"""The raw gate: what a load owes, what its rows owe, what is quarantined and what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import duckdb
import pytest

from expectations.contract import Freshness, GateContext, GateOutcome, NewLoad
from expectations.gate import run_gate
from expectations.suites.raw import ROW_RULES, loads, row_rules
from expectations.suites.raw.rules import MAX_ROWS
from tests.expectations.gates import AS_OF, AS_OF_AT
from tests.expectations.landed import RECORDED_AT, Loads, columns_of
from warehouse.landed import KEYS, declared

# What breaks a rule that its name and column do not give away: the values of one row.
BROKEN: dict[tuple[str, str], dict[str, Any]] = {
    ("salesforce.user", "employment_ends_after_it_starts"): {
        "hire_date": date(2026, 2, 1),
        "end_date": date(2026, 1, 31),
    },
    ("salesforce.user", "hire_date_plausible"): {"hire_date": date(2099, 1, 1), "end_date": None},
    ("salesforce.lead", "conversion_has_a_date"): {"is_converted": True, "converted_date": None},
    ("salesforce.opportunity", "won_is_closed"): {"is_won": True, "is_closed": False},
    ("salesforce.opportunity", "probability_in_range"): {"probability": 101},
    ("salesforce.opportunity_history", "probability_in_range"): {"probability": -1},
    ("salesforce.contract", "contract_ends_after_it_starts"): {
        "start_date": date(2026, 2, 1),
        "end_date": date(2026, 1, 31),
    },
    ("salesforce.contract", "start_date_plausible"): {
        "start_date": date(2099, 1, 1),
        "end_date": None,
    },
    ("stripe.subscription", "items_complete"): {"has_more_items": True},
    ("stripe.invoice", "net_present"): {"total_excluding_tax": None},
    ("stripe.invoice", "tax_not_negative"): {"total": 89},
    ("tryton.employee", "employment_ends_after_it_starts"): {
        "start_date": date(2026, 2, 1),
        "end_date": date(2026, 1, 31),
    },
    ("tryton.employee", "start_date_plausible"): {
        "start_date": date(2099, 1, 1),
        "end_date": None,
    },
    ("tryton.opportunity", "conversion_probability_in_range"): {"conversion_probability": 50},
    ("tryton.opportunity_revision", "conversion_probability_in_range"): {
        "conversion_probability": -1
    },
    ("tryton.invoice", "total_adds_up"): {"total_amount": 101},
    ("files.rep", "employment_ends_after_it_starts"): {
        "hired_on": date(2026, 2, 1),
        "ended_on": date(2026, 1, 31),
    },
    ("files.rep", "hired_on_plausible"): {"hired_on": date(2099, 1, 1), "ended_on": None},
    ("files.opportunity", "probability_rate_in_range"): {"probability_rate": 50},
    ("files.contact", "email_domain_is_no_address"): {"email_domain": "a@b.example"},
    ("files.activity", "duration_minutes_in_range"): {"duration_minutes": 1441},
    ("files.invoice", "net_amount_not_negative"): {"net_amount": -90, "tax_amount": 190},
    ("files.invoice", "tax_amount_not_negative"): {"net_amount": 110, "tax_amount": -10},
    ("files.invoice", "gross_amount_not_negative"): {"tax_amount": None, "gross_amount": -1},
    ("files.invoice", "gross_adds_up"): {"gross_amount": 101},
    ("files.subscription_period", "period_has_a_length"): {
        "period_start_at": datetime(2026, 6, 1),  # noqa: DTZ001  landed times are UTC without it
        "period_end_at": datetime(2026, 6, 1),  # noqa: DTZ001
    },
    ("files.subscription_period", "period_start_at_plausible"): {
        "period_start_at": datetime(1989, 12, 31),  # noqa: DTZ001
    },
    ("files.subscription_period", "period_end_at_plausible"): {
        "period_end_at": datetime(2099, 1, 1),  # noqa: DTZ001
    },
}
_BY_KIND: dict[str, Any] = {
    "date": date(2099, 1, 1),
    "timestamp": datetime(1989, 12, 31, 23, 59, 59, tzinfo=UTC).replace(tzinfo=None),
    "bigint": 4_102_444_800,
}


def _rules() -> Iterator[tuple[str, str]]:
    """Every row rule there is, by resource."""
    for resource in ROW_RULES:
        source, name = resource.split(".")
        load = NewLoad(
            commit_seq=1,
            load_id="",
            source=source,
            tenant="",
            resource=name,
            recorded_at=RECORDED_AT,
            rows=0,
            rejected_rows=0,
            files=(),
            key=KEYS[resource],
            columns=columns_of(resource),
        )
        for rule in loads.all_rules(load, row_rules(source, name)):
            yield resource, rule.name


def _broken(resource: str, rule: str) -> dict[str, Any]:
    """The values of a row that breaks one rule. Raises KeyError when there is no case for it."""
    if (resource, rule) in BROKEN:
        return BROKEN[resource, rule]
    if rule == "key_present":
        return {KEYS[resource][-1]: " "}
    column, _, expected = rule.rpartition("_")
    if rule.endswith("_not_negative"):
        return {rule.removesuffix("_not_negative"): -1}
    kind = dict(columns_of(resource))[column]
    if expected == "plausible":
        return {column: _BY_KIND[kind]}
    if expected == "known":
        return {column: "XQX"}
    raise KeyError(f"{resource}.{rule} has no broken row; add one to BROKEN")


def _context(new: list[NewLoad], **changes: Any) -> GateContext:
    given = GateContext(as_of_date=AS_OF, as_of_at=AS_OF_AT, loads=tuple(new))
    return replace(given, **changes)


def _gate(
    new: list[NewLoad], connection: duckdb.DuckDBPyConnection | None = None, **changes: Any
) -> GateOutcome:
    return run_gate("raw", connection or duckdb.connect(), _context(new, **changes))


def _failed(outcome: GateOutcome) -> list[str]:
    return [f"{c.suite}.{c.check_name}" for c in outcome.checks if not c.success]


def test_every_resource_that_can_land_has_row_rules() -> None:
    of_vendors_and_files = {
        name for name, _ in declared() if not name.startswith(("policy.", "decisions."))
    }
    assert set(ROW_RULES) == of_vendors_and_files


def test_every_row_rule_has_a_broken_row_and_no_case_is_left_over() -> None:
    rules = set(_rules())
    for resource, rule in rules:
        assert _broken(resource, rule)
    assert set(BROKEN) <= rules


def test_good_rows_of_every_resource_pass_every_expectation(tmp_path: Path) -> None:
    writer = Loads(tmp_path)
    new = [writer.write(n, resource, [{}] * 3) for n, resource in enumerate(sorted(ROW_RULES), 1)]
    connection = duckdb.connect()
    outcome = _gate(new, connection)
    assert outcome.passed, outcome.message
    assert _failed(outcome) == []
    faulty = connection.execute("select distinct rule_id from quality.raw_quarantine").fetchall()
    assert faulty == [], "give the coded columns a good value in tests/expectations/landed.py"
    assert {(c.suite.removeprefix("raw."), c.check_name) for c in outcome.checks} >= set(_rules())


def test_a_broken_row_is_quarantined_by_exactly_its_rule(tmp_path: Path) -> None:
    writer, numbers, expected = Loads(tmp_path), count(1), {}
    new = []
    for resource, rule in _rules():
        seq = next(numbers)
        new.append(writer.write(seq, resource, [{}, _broken(resource, rule)]))
        expected[f"load{seq}"] = {f"{resource}.{rule}"}
    connection = duckdb.connect()
    outcome = _gate(new, connection)
    assert outcome.passed, "one row is within every rule's tolerance"
    found: dict[str, set[str]] = {}
    for load_id, row_number, rule_id, why, fix, owner in connection.execute(
        "select load_id, row_number, rule_id, why, fix, owner from quality.raw_quarantine"
    ).fetchall():
        assert (row_number, bool(why and fix and owner)) == (2, True)
        found.setdefault(load_id, set()).add(rule_id)
    assert found == expected


def test_more_broken_rows_than_tolerated_refuse_exactly_that_load_for_that_rule(
    tmp_path: Path,
) -> None:
    writer, numbers, expected = Loads(tmp_path), count(1), {}
    new = []
    for resource, rule in _rules():
        key, parts = KEYS[resource][-1], _broken(resource, rule)
        at_limit = [{key: f"b{n}", **parts} for n in range(MAX_ROWS)]
        over = [*at_limit, {key: "b9", **parts}]
        new.append(writer.write(next(numbers), resource, [*at_limit, {}]))
        seq = next(numbers)
        new.append(writer.write(seq, resource, [*over, {}]))
        expected[seq] = {rule}
    outcome = _gate(new)
    names = {rule for _, rule in _rules()}
    refused = {
        load.commit_seq: {reason.split(": ")[0] for reason in load.reason.split("; ")} & names
        for load in outcome.rejected_loads
    }
    assert refused == expected
    assert not outcome.passed


@pytest.mark.parametrize(
    ("check", "changes", "named"),
    [
        (
            "columns_as_declared",
            {"drop": "amount"},
            "salesforce.opportunity of aurora, commit 1: amount is missing",
        ),
        (
            "columns_as_declared",
            {"retype": {"amount": "string"}},
            "amount is VARCHAR, declared DECIMAL(18,2)",
        ),
        ("rows_as_in_manifest", {"rows": 41}, "commit 1: 40 of 41 rows"),
        ("key_unique", {}, "commit 1: 1 keys: k1"),
        ("few_rows_refused", {"rejected": 6}, "commit 1: 6 of 46 rows refused"),
    ],
)
def test_a_load_that_owes_something_is_refused_for_exactly_that(
    check: str, changes: dict[str, Any], named: str, tmp_path: Path
) -> None:
    row: dict[str, Any] = {"id": "k1"} if check == "key_unique" else {}
    if "retype" in changes:
        rows: list[dict[str, Any]] = [{"amount": "1"} for _ in range(40)]
    else:
        rows = [{} for _ in range(40)]
    rows[-1] = rows[-1] | row
    bad = Loads(tmp_path).write(1, "salesforce.opportunity", rows, **changes)
    good = Loads(tmp_path).write(2, "salesforce.opportunity", [{}] * 40)
    outcome = _gate([bad, good])
    assert _failed(outcome) == [f"raw.loads.{check}"], outcome.message
    assert [load.commit_seq for load in outcome.rejected_loads] == [1]
    assert named in outcome.message
    assert named in outcome.rejected_loads[0].reason
    assert "\n" not in outcome.message


def test_a_load_of_unusual_volume_is_a_warning(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [{}] * 40
    usual = Loads(tmp_path).write(1, "salesforce.task", rows, previous_rows=(30, 400, 50))
    tenth = Loads(tmp_path).write(2, "salesforce.task", rows, previous_rows=(500, 401, 600))
    young = Loads(tmp_path).write(3, "salesforce.task", rows, previous_rows=(4000, 4000))
    small = Loads(tmp_path).write(4, "salesforce.task", rows, previous_rows=(1, 2, 3))
    outcome = _gate([usual, tenth, young, small])
    assert outcome.passed
    (warned,) = outcome.warned
    assert (warned.check_name, warned.evaluated_count, warned.unexpected_count) == (
        "volume_as_usual",
        2,
        1,
    )
    assert "commit 2: 40 rows, usual 500" in warned.message


FRESH = Freshness(
    "stripe", "aurora", "invoice", AS_OF_AT - timedelta(hours=20), AS_OF_AT - timedelta(hours=30),
    None, 0, "", 48, "warning", "data_engineering", "within",
)  # fmt: skip
LATE = replace(
    FRESH, resource="charge", last_loaded_at=AS_OF_AT - timedelta(hours=72), verdict="late",
    failing_since=AS_OF_AT - timedelta(hours=60), failed_attempts=3, failure_kind="unreachable",
)  # fmt: skip


def test_a_late_resource_is_a_warning_that_says_since_when_and_why() -> None:
    assert not _gate([], freshness=(FRESH,)).warned
    outcome = _gate([], freshness=(FRESH, LATE))
    assert outcome.passed
    assert [check.check_name for check in outcome.warned] == ["loaded_in_time"]
    assert (
        "stripe.charge of aurora: last loaded 2026-06-27 16:00 UTC, 72 h before the cut-off, "
        "at most 48 h allowed, unreachable since 2026-06-28 04:00"
    ) in outcome.warned[0].message
    assert "invoice" not in outcome.warned[0].message


def test_a_late_resource_blocks_when_policy_calls_it_critical() -> None:
    outcome = _gate([], freshness=(FRESH, replace(LATE, severity="critical")))
    assert not outcome.passed
    assert [check.check_name for check in outcome.failed] == ["loaded_in_time_or_blocked"]
    assert outcome.rejected_loads == ()


def test_what_was_never_loaded_is_late_and_what_has_no_service_level_is_not() -> None:
    never = replace(FRESH, last_loaded_at=None, newest_event_at=None, verdict="never_loaded")
    free = replace(never, max_age_hours=None, owner="", verdict="no_service_level")
    (warned,) = _gate([], freshness=(never,)).warned
    assert "stripe.invoice of aurora: never loaded, at most 48 h allowed" in warned.message
    assert not _gate([], freshness=(free,)).warned


def test_the_published_freshness_is_what_the_stores_know() -> None:
    unknown = replace(FRESH, resource="refund", is_in_stores=False)
    with duckdb.connect() as connection:
        context = GateContext(AS_OF, AS_OF_AT, freshness=(FRESH, LATE, unknown))
        run_gate("raw", connection, context)
        run_gate("raw", connection, context)
        found = connection.execute(
            "select resource, failed_attempts, failure_kind, verdict from quality.source_freshness"
            " order by resource"
        ).fetchall()
    assert found == [("charge", 3, "unreachable", "late"), ("invoice", 0, "", "within")]


def test_a_gate_without_anything_to_check_fails() -> None:
    outcome = _gate([])
    assert not outcome.passed
    assert "nothing" in outcome.message


def test_a_resource_that_nobody_declared_fails_the_gate(tmp_path: Path) -> None:
    load = replace(Loads(tmp_path).write(1, "salesforce.task", [{}]), resource="dream")
    outcome = _gate([load])
    assert not outcome.passed
    assert "salesforce.dream has no raw suite" in outcome.message
    assert outcome.rejected_loads == ()


def test_a_file_that_cannot_be_read_fails_the_gate_and_refuses_nothing(tmp_path: Path) -> None:
    load = Loads(tmp_path).write(1, "salesforce.task", [{}])
    load.files[0].write_bytes(b"not parquet")
    outcome = _gate([load])
    assert not outcome.passed
    assert str(load.files[0]) in outcome.message
    assert outcome.rejected_loads == ()


def test_a_load_without_rows_is_accepted(tmp_path: Path) -> None:
    empty = Loads(tmp_path).write(1, "salesforce.task", [])
    without_files = replace(empty, commit_seq=2, load_id="load2", files=())
    outcome = _gate([empty, without_files])
    assert outcome.passed, outcome.message
    assert {c.evaluated_count for c in outcome.checks if c.check_name == "key_unique"} == {2}


def test_rows_at_fault_and_refused_rows_both_reach_the_quarantine(tmp_path: Path) -> None:
    load = Loads(tmp_path).write(
        1, "salesforce.opportunity", [{}, {"amount": -7, "id": "o7"}], rejected=1
    )
    connection = duckdb.connect()
    assert _gate([load], connection).quarantined_rows == 2
    assert connection.execute(
        "select rule_id, tenant, source_system, resource, record_id, owner, field, value, state "
        "from quality.quarantine order by all"
    ).fetchall() == [
        (
            "refused_at_ingestion",
            "aurora",
            "salesforce",
            "opportunity",
            "load load1 page 1 row 1",
            "data_engineering",
            "Id",
            None,
            "refused",
        ),
        (
            "salesforce.opportunity.amount_not_negative",
            "aurora",
            "salesforce",
            "opportunity",
            "o7",
            "finance",
            "amount",
            "-7.00",
            "open",
        ),
    ]


def test_the_quarantine_names_a_row_of_pay_without_its_amount(tmp_path: Path) -> None:
    load = Loads(tmp_path).write(
        1, "files.payroll_line", [{}, {"currency_code": "4711.99", "source_id": "p7"}], rejected=1
    )
    connection = duckdb.connect()
    assert _gate([load], connection).quarantined_rows == 2
    rows = connection.execute("select * from quality.quarantine").fetchall()
    assert {row[5] for row in rows} == {"x|p7", "load load1 page 1 row 1"}
    assert not any("4711.99" in str(value) for row in rows for value in row)


def test_a_refused_load_leaves_nothing_in_the_quarantine(tmp_path: Path) -> None:
    rows = [{"amount": -1, "id": f"o{n}"} for n in range(10)]
    connection = duckdb.connect()
    outcome = _gate(
        [Loads(tmp_path).write(1, "salesforce.opportunity", rows, rejected=1)], connection
    )
    assert len(outcome.rejected_loads) == 1
    assert outcome.quarantined_rows == 0
    for table in ("raw_quarantine", "raw_reject", "quarantine"):
        assert connection.execute(f"select count(*) from quality.{table}").fetchone() == (0,)


def test_a_row_that_arrives_again_without_its_fault_is_healed(tmp_path: Path) -> None:
    writer, connection = Loads(tmp_path), duckdb.connect()
    bad = writer.write(1, "salesforce.opportunity", [{"amount": -7, "id": "o7"}])
    still = writer.write(2, "salesforce.opportunity", [{"amount": -8, "id": "o7"}])
    good = writer.write(3, "salesforce.opportunity", [{"amount": 8, "id": "o7"}])
    assert _gate([bad], connection).quarantined_rows == 1
    assert _gate([still], connection).quarantined_rows == 2
    assert _gate([good], connection).quarantined_rows == 0
    states = "select value, state from quality.quarantine order by all"
    day_by_day = connection.execute(states).fetchall()
    assert day_by_day == [("-7.00", "healed"), ("-8.00", "healed")]
    at_once = duckdb.connect()
    _gate([bad, still, good], at_once)
    assert at_once.execute(states).fetchall() == day_by_day


def test_a_row_is_not_healed_by_what_came_before_it(tmp_path: Path) -> None:
    writer, connection = Loads(tmp_path), duckdb.connect()
    good = writer.write(1, "salesforce.opportunity", [{"amount": 8, "id": "o7"}])
    bad = writer.write(2, "salesforce.opportunity", [{"amount": -7, "id": "o7"}])
    elsewhere = writer.write(3, "salesforce.opportunity", [{"id": "o7"}], tenant="borealis")
    assert _gate([good, bad, elsewhere], connection).quarantined_rows == 1


def test_running_the_gate_again_changes_nothing(tmp_path: Path) -> None:
    connection = duckdb.connect()
    load = Loads(tmp_path).write(1, "stripe.charge", [{}, {"amount": -1}], rejected=2)
    written = "select * from quality.{} order by all"
    tables = ("gate_result", "quarantine", "raw_quarantine", "raw_reject")
    _gate([load], connection)
    once = [connection.execute(written.format(table)).fetchall() for table in tables]
    _gate([load], connection)
    assert [connection.execute(written.format(table)).fetchall() for table in tables] == once
    assert [len(rows) for rows in once][1:] == [3, 1, 2]


def test_one_build_refuses_and_quarantines_what_daily_builds_do(tmp_path: Path) -> None:
    writer = Loads(tmp_path)
    days = [
        writer.write(1, "stripe.charge", [{}, {"amount": -1}]),
        writer.write(2, "stripe.charge", [{"amount": -1, "id": f"c{n}"} for n in range(9)]),
        writer.write(3, "stripe.charge", [{}] * 2000 + [{"amount": -1}] * 20),
    ]
    daily, once = duckdb.connect(), duckdb.connect()
    refused_daily = [load for day in days for load in _gate([day], daily).rejected_loads]
    refused_once = list(_gate(days, once).rejected_loads)
    assert [load.commit_seq for load in refused_daily] == [2]
    assert refused_once == refused_daily
    rows = "select * from quality.raw_quarantine order by all"
    assert once.execute(rows).fetchall() == daily.execute(rows).fetchall()
