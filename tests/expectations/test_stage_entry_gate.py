"""The stage-entry gate: rules of policy, verdicts, quarantine."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import duckdb
import pytest

from expectations.contract import Check, CheckResult, GateOutcome, Suite
from expectations.gate import run_gate
from expectations.suites.stage_entry import rules as entry_rules
from expectations.suites.stage_entry import stages, totals
from tests.expectations.gates import AS_OF, context, warehouse

_RULE = "staging.stg_policy__stage_entry_rule"
_ONE = "where rule_id = 'amount_positive'"
_CONTEXT = "intermediate.int_stage_entry_context"
_ENTRIES = "intermediate.int_stage_entries"

# (suite, check) -> the SQL that breaks one thing, and what the message must name.
CASES: dict[tuple[str, str], tuple[str, str]] = {
    ("stage_entry.stages", "stage_is_known"): (
        f"update {_ENTRIES} set stage_id = null, stage_name = 'Haggling' "
        "where stage_event_key in (1, 2, 3); "
        f"update {_ENTRIES} set currency_code_at_entry = 'USD' where stage_event_key = 3",
        "aurora opportunity stage Haggling: 3 entries, value 100.00 CNY + 60.00 USD, "
        "not in stage_map",
    ),
    ("stage_entry.pipelines", "pipeline_has_a_type"): (
        "update core.fct_opportunity set pipeline_id = 'renewal', opportunity_type = 'Renewal' "
        "where source_id in ('o3', 'o4'); "
        "update core.fct_opportunity set opportunity_type = null where source_id = 'o4'; "
        "insert into intermediate.int_stage_names "
        "select * replace ('renewal' as pipeline_id) from intermediate.int_stage_names",
        "aurora pipeline renewal: 2 deals of type (none), Renewal",
    ),
    ("stage_entry.outcomes", "record_agrees_with_its_stage"): (
        "update core.fct_opportunity set stage_name = 'Closed Won' where source_id in ('o3', 'o4')",
        "aurora default stage Closed Won, of kind won, not closed: 2 deals, first o3",
    ),
    ("stage_entry.outcomes", "closed_deal_has_a_date"): (
        "update core.fct_opportunity set closed_at = null where source_id = 'o2'",
        "aurora default stage Closed Lost: 1 deals, first o2",
    ),
    ("stage_entry.outcomes", "deal_was_created_before_its_close"): (
        "update core.fct_opportunity set created_at = closed_at + interval 1 second "
        "where source_id = 'o2'",
        "aurora default stage Closed Lost: 1 deals, first o2",
    ),
    ("stage_entry.policy", "rule_can_be_evaluated"): (
        f"insert into {_RULE} select 'broken' as rule_id, * exclude (rule_id) "
        f"replace ('amount > (select 1)' as predicate) from {_RULE} {_ONE}",
        "rule broken: predicate 'amount > (select 1)': '(SELECT 1)' is not allowed",
    ),
    ("stage_entry.policy", "rule_guards_a_stage"): (
        f"insert into {_RULE} select 'astray' as rule_id, * exclude (rule_id) "
        f"replace ('porposal' as stage_id) from {_RULE} {_ONE}",
        "rule astray",
    ),
    ("stage_entry.amount_positive", "few_failed"): (
        # Their value in the tenant's currency is nothing: only the count is over.
        f"update {_CONTEXT} set amount = 0, amount_in_tenant_currency = 0 "
        "where opportunity_source_id in ('o2', 'o3')",
        "2 of 4 counted entries, 2 of 4 ever; first: aurora opportunity o2 | aurora opportunity o3",
    ),
    ("stage_entry.amount_positive", "few_unknown"): (
        f"update {_CONTEXT} set amount = null where opportunity_source_id in ('o2', 'o3')",
        "2 of 4 counted entries, 2 of 4 ever; first: aurora opportunity o2 | aurora opportunity o3",
    ),
    ("stage_entry.total", "few_failed_in_total"): (
        # Each rule is within its own limit; together they fail 4 of 12 entries.
        f"update {_CONTEXT} set amount = 0, amount_in_tenant_currency = 0 "
        "where opportunity_source_id = 'o2'; "
        f"update {_CONTEXT} set owner_source_id = null, amount_in_tenant_currency = 0 "
        "where opportunity_source_id in ('q1', 'q2', 'q3')",
        "aurora, all rules: 4 of 12 entries",
    ),
    ("stage_entry.total", "little_value_failed"): (
        f"update {_CONTEXT} set amount = 0 where opportunity_source_id = 'o4'",
        "aurora, rule amount_positive: 80.00 of 260.00",
    ),
}


def _gate(connection: duckdb.DuckDBPyConnection) -> GateOutcome:
    return run_gate("stage_entry", connection, context())


def _broken(outcome: GateOutcome) -> list[tuple[str, str]]:
    return [(check.suite, check.check_name) for check in outcome.checks if not check.success]


def _few_failed(outcome: GateOutcome) -> CheckResult:
    (check,) = (
        check
        for check in outcome.checks
        if (check.suite, check.check_name) == ("stage_entry.amount_positive", "few_failed")
    )
    return check


def test_a_deals_own_stage_is_held_to_the_map_where_no_entry_tells_of_it() -> None:
    connection = warehouse()
    connection.execute(
        "update core.fct_opportunity set stage_name = 'Haggling' where source_id in ('o3', 'o4')"
    )
    outcome = _gate(connection)
    assert not outcome.passed
    assert ("stage_entry.stages", "stage_is_known") in _broken(outcome)
    assert "aurora opportunity stage Haggling: 2 deals, value " in outcome.message


def _verdicts(connection: duckdb.DuckDBPyConnection) -> list[tuple[int, str, str]]:
    return connection.execute(
        "select stage_event_key, verdict_at_entry, verdict_now from quality.stage_entry_verdict "
        f"{_ONE} order by all"
    ).fetchall()


def test_every_expectation_of_the_stage_entry_gate_has_a_case() -> None:
    connection = warehouse()
    known, broken = entry_rules.read_rules(connection, AS_OF)
    suites = [
        stages.pipelines(),
        stages.entries(AS_OF),
        stages.outcomes(AS_OF),
        stages.rules(known, broken),
        *(entry_rules.suite(rule, AS_OF, 28) for rule in known),
        totals.suite(known, AS_OF, 28),
    ]
    # Broken by test_a_verdict_that_was_changed_after_it_was_written_fails_the_gate.
    written = {("stage_entry.amount_positive", "verdicts_written_as_evaluated")}
    # Generated from the other rule of the fixture by the same function.
    assert {
        (suite.name, check.name)
        for suite in suites
        for check in suite.checks
        if suite.name != "stage_entry.owner_known"
    } == set(CASES) | written


def test_good_data_passes_every_expectation() -> None:
    outcome = _gate(warehouse())
    assert outcome.passed, outcome.message
    assert _broken(outcome) == []
    assert len(outcome.checks) == len(CASES) + 1 + 3


@pytest.mark.parametrize(("expected", "case"), CASES.items(), ids=[".".join(key) for key in CASES])
def test_a_broken_row_fails_exactly_its_expectation(
    expected: tuple[str, str], case: tuple[str, str]
) -> None:
    statement, named = case
    connection = warehouse()
    connection.execute(statement)
    outcome = _gate(connection)
    assert _broken(outcome) == [expected], outcome.message
    (found,) = (*outcome.failed, *outcome.warned)
    assert outcome.passed == (found.severity == "warning")
    assert named in found.message
    assert "\n" not in found.message


def test_a_verdict_that_was_changed_after_it_was_written_fails_the_gate(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def write_and_lose_one(
        connection: duckdb.DuckDBPyConnection, rules: list[entry_rules.EntryRule]
    ) -> None:
        original(connection, rules)
        connection.execute("delete from quality.stage_entry_verdict where stage_event_key = 3")

    original = entry_rules.write_verdicts
    monkeypatch.setattr(entry_rules, "write_verdicts", write_and_lose_one)
    outcome = _gate(warehouse())
    assert _broken(outcome) == [("stage_entry.amount_positive", "verdicts_written_as_evaluated")]
    assert "aurora opportunity o2" in outcome.message


@pytest.mark.parametrize(
    "corrupted",
    [
        {"arguments": {"column": "counted_verdict", "value_set": ["nothing"]}},
        {"arguments": {"column": "verdict_now", "value_set": ["fail"]}},
        {"fault": "counted_verdict = 'nothing'"},
    ],
    ids=["another value", "another column", "another fault"],
)
def test_an_expectation_that_counts_something_else_than_the_rows_at_fault_fails_the_gate(
    monkeypatch: pytest.MonkeyPatch, corrupted: dict[str, Any]
) -> None:
    """Two of four entries fail, and the share that may is all: only the counts tell."""

    def corrupt(rule: entry_rules.EntryRule, verdict: str, *more: Any) -> Check:
        check = original(rule, verdict, *more)
        return replace(check, **corrupted) if verdict == "failed" else check

    connection = warehouse()
    connection.execute(f"""
        update {_CONTEXT} set amount = 0, amount_in_tenant_currency = 0
        where opportunity_source_id in ('o2', 'o3');
        update {_CONTEXT} set amount = 0, amount_in_tenant_currency = 0,
            entered_date = date '2026-01-01' where opportunity_source_id = 'o1';
        update {_RULE} set max_failed_rate = 1 {_ONE};
    """)
    assert _gate(connection).passed
    original = entry_rules._share
    monkeypatch.setattr(entry_rules, "_share", corrupt)
    outcome = _gate(connection)
    assert _broken(outcome) == [("stage_entry.amount_positive", "few_failed")]
    assert "Great Expectations counted" in outcome.message and "at fault, there are" in (
        outcome.message
    )


def test_a_suite_whose_predicate_is_not_the_one_written_by_fails_the_gate(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def corrupt(rule: entry_rules.EntryRule, *more: Any) -> Suite:
        return original(replace(rule, predicate="amount > 60"), *more)

    original = entry_rules.suite
    monkeypatch.setattr(entry_rules, "suite", corrupt)
    outcome = _gate(warehouse())
    found = {(check.check_name, check.unexpected_count) for check in outcome.failed}
    assert ("verdicts_written_as_evaluated", 2) in found, "o1 and o2 are worth 50 and 60"


@pytest.mark.parametrize(
    ("stage", "is_closed", "is_won", "agrees"),
    [
        ("Closed Won", True, True, True),
        ("Closed Won", True, False, False),
        ("Closed Won", False, False, False),
        ("Closed Lost", True, False, True),
        ("Closed Lost", True, True, False),
        ("Closed Lost", False, False, False),
        ("Qualification", False, False, True),
        ("Qualification", True, False, True),
        ("Qualification", True, True, False),
    ],
)
def test_a_deal_ends_as_its_stage_says_or_is_given_up_where_it_stands(
    stage: str, is_closed: bool, is_won: bool, agrees: bool
) -> None:
    connection = warehouse()
    connection.execute(
        "update core.fct_opportunity set stage_name = ?, is_closed = ?, is_won = ?, "
        "closed_at = timestamp '2026-06-05' where source_id = 'o3'",
        [stage, is_closed, is_won],
    )
    assert _gate(connection).passed == agrees


def test_one_pipeline_needs_no_type() -> None:
    connection = warehouse()
    connection.execute("delete from staging.stg_policy__pipeline")
    outcome = _gate(connection)
    assert outcome.passed, outcome.message


def test_verdicts_are_pass_fail_unknown_and_cured() -> None:
    connection = warehouse()
    connection.execute(f"""
        update {_CONTEXT} set amount_at_entry = 0 where stage_event_key in (2, 3);
        update {_CONTEXT} set amount = 0 where stage_event_key = 3;
        update {_CONTEXT} set amount = null, amount_at_entry = null where stage_event_key = 4;
    """)
    _gate(connection)
    assert _verdicts(connection) == [
        (2, "fail", "cured"),
        (3, "fail", "fail"),
        (4, "unknown", "unknown"),
        (5, "pass", "pass"),
    ]


def test_removing_a_rule_removes_its_verdicts_and_its_quarantine() -> None:
    connection = warehouse()
    connection.execute(f"update {_CONTEXT} set amount = 0 where stage_event_key = 3")
    _gate(connection)
    assert len(_verdicts(connection)) == 4
    connection.execute(f"delete from {_RULE}")
    outcome = _gate(connection)
    assert outcome.passed, outcome.message
    assert _verdicts(connection) == []
    assert outcome.quarantined_rows == 0


def test_a_rule_applies_only_while_it_is_valid() -> None:
    connection = warehouse()
    connection.execute(f"update {_RULE} set valid_to = date '2026-06-30'")
    _gate(connection)
    assert _verdicts(connection) == []


def test_only_entries_of_the_window_since_enforcement_block() -> None:
    connection = warehouse()
    connection.execute(f"""
        update {_CONTEXT} set amount = 0 where stage_event_key in (2, 3, 4);
        update {_RULE} set enforced_from = date '2026-06-23';
    """)
    outcome = _gate(connection)
    assert outcome.passed, outcome.message
    check = _few_failed(outcome)
    assert (check.evaluated_count, check.unexpected_count) == (1, 0)
    assert check.observed == "0 of 1 counted entries, 3 of 4 ever"
    connection.execute(f"update {_RULE} set enforced_from = date '2026-01-01'")
    connection.execute("update staging.stg_policy__setting set value = '9'")
    assert _few_failed(_gate(connection)).evaluated_count == 2, (
        "22 June is the first of the last nine days"
    )


def test_a_share_at_its_limit_passes_and_one_entry_more_fails() -> None:
    connection = warehouse()
    connection.execute(f"update {_CONTEXT} set amount = 0 where stage_event_key = 3")
    assert _gate(connection).passed, "1 of 4 is the limit of 0.25"
    connection.execute(f"update {_CONTEXT} set amount = 0 where stage_event_key = 4")
    assert not _gate(connection).passed


def test_a_rule_of_severity_warning_is_shown_and_does_not_block() -> None:
    connection = warehouse()
    connection.execute(f"update {_CONTEXT} set amount = 0")
    connection.execute(f"update {_RULE} set severity = 'warning'")
    outcome = _gate(connection)
    assert outcome.passed
    assert "few_failed" in [check.check_name for check in outcome.warned]


def test_the_quarantine_names_rule_key_owner_value_field_and_fix_of_open_current_entries() -> None:
    connection = warehouse()
    connection.execute(f"""
        update {_CONTEXT} set amount = -5 where opportunity_source_id in ('o1', 'o2', 'o3');
        update {_CONTEXT} set is_closed = true where opportunity_source_id = 'o2';
        update {_CONTEXT} set owner_source_id = null where opportunity_source_id = 'o3';
        insert into {_ENTRIES} select 9, tenant, 'e9', 'o1', 'Qualification', 'qualified', 2,
            timestamp '2026-06-25 02:00', date '2026-06-25', 50.00, source_system, record_type,
            pipeline_id, record_key, opportunity_key, currency_code_at_entry
            from {_ENTRIES} where stage_event_key = 2;
    """)
    outcome = _gate(connection)
    assert connection.execute("from quality.quarantine").fetchall() == [
        (
            "stage_entry",
            "amount_positive",
            "aurora",
            "salesforce",
            "opportunity",
            "o3",
            "sales_operations",
            "amount",
            "-5.00",
            "A quoted deal has an amount. (entered proposal at 2026-06-22 02:00 UTC)",
            "Enter the amount.",
            pytest.approx(-5),
            "CNY",
            "open",
        )
    ], "o1 has moved on, o2 is closed, o3 has no owner but the rule's"
    assert outcome.quarantined_rows == 1


@pytest.mark.parametrize(
    ("column", "value", "why"),
    [
        ("predicate", "amount > ", "not SQL"),
        ("predicate", "amount > 0; drop table x", "write exactly one condition"),
        ("predicate", "read_text(owner_source_id) <> ''", "is not allowed"),
        ("predicate", "profit > 0", "'profit' is not a column that a rule may read here"),
        ("predicate", "amount + 1", "is DECIMAL(19,2), not true or false"),
        ("predicate", "close_date > 5", "predicate 'close_date > 5': Binder Error: Cannot compare"),
        ("predicate", "", "write exactly one condition"),
        ("predicate_at_entry", "amount > 0", "'amount' is not a column that a rule may read here"),
        ("field", "profit", "field 'profit' is not one of"),
        ("severity", "fatal", "severity 'fatal' is neither critical nor warning"),
        ("max_failed_rate", None, "max_failed_rate must not be empty"),
    ],
)
def test_a_rule_that_cannot_be_evaluated_fails_the_gate_and_names_itself(
    column: str, value: str | None, why: str
) -> None:
    connection = warehouse()
    connection.execute(f"update {_RULE} set {column} = ?", [value])
    outcome = _gate(connection)
    assert _broken(outcome)[0] == ("stage_entry.policy", "rule_can_be_evaluated")
    assert "amount_positive" in outcome.message
    assert why in outcome.message
    assert _verdicts(connection) == []


def test_two_rows_of_one_rule_valid_at_once_fail_the_gate() -> None:
    connection = warehouse()
    connection.execute(f"insert into {_RULE} from {_RULE}")
    outcome = _gate(connection)
    assert not outcome.passed
    assert "more than one row of this rule is valid at the same time" in outcome.message


def test_a_mapped_stage_that_the_process_does_not_have_is_named_as_such() -> None:
    connection = warehouse()
    connection.execute(f"update {_ENTRIES} set stage_id = null where stage_event_key = 1")
    assert "mapped to qualified but not" in _gate(connection).message
