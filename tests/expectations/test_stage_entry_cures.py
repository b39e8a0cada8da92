"""When a fault at the entry was cured: the rule read on the deal as it was, instant by instant."""

from __future__ import annotations

import duckdb
import pytest

from expectations.gate import run_gate
from tests.expectations.gates import context, warehouse

_STATES = "intermediate.int_opportunity_instant_states"


def _warehouse(
    states: str, predicate: str = "amount > 0", at_entry: str = "amount_at_entry > 0"
) -> duckdb.DuckDBPyConnection:
    """Entry 3 of opportunity o2, of 2026-06-21 02:00, failed; the deal went through `states`."""
    connection = warehouse()
    connection.execute(
        "update intermediate.int_stage_entry_context "
        "set amount_at_entry = 0, amount = 60, decision_maker_count_at_entry = 0 "
        "where stage_event_key = 3"
    )
    connection.execute(
        "update staging.stg_policy__stage_entry_rule set predicate = $1, predicate_at_entry = $2, "
        "field = 'amount' where rule_id = 'amount_positive'",
        [predicate, at_entry],
    )
    connection.execute(f"delete from {_STATES} where opportunity_key = 3")
    connection.execute(
        f"""
        insert into {_STATES}
        select 3, changed_at, lead(changed_at) over (order by changed_at), amount, 'CNY',
            date '2026-09-30', 'rep_o2'
        from (values {states}) as state(changed_at, amount)
        """
    )
    return connection


def _verdict(connection: duckdb.DuckDBPyConnection) -> tuple[str, str, str | None]:
    run_gate("stage_entry", connection, context())
    row = connection.execute(
        "select verdict_at_entry, verdict_now, cast(cured_at as varchar) "
        "from quality.stage_entry_verdict where rule_id = 'amount_positive' and stage_event_key = 3"
    ).fetchone()
    assert row
    return row


_ENTRY = "(timestamp '2026-06-21 02:00', 0.00)"


@pytest.mark.parametrize(
    ("states", "cured_at"),
    [
        (f"{_ENTRY}, (timestamp '2026-06-22 08:00', 60.00)", "2026-06-22 08:00:00"),
        (
            f"{_ENTRY}, (timestamp '2026-06-22 08:00', 60.00), (timestamp '2026-06-23 08:00', 0.00)"
            ", (timestamp '2026-06-24 08:00', null), (timestamp '2026-06-25 08:00', 70.00)"
            ", (timestamp '2026-06-26 08:00', 60.00)",
            "2026-06-25 08:00:00",
        ),
        ("(timestamp '2026-06-20 02:00', 60.00)", None),
        (f"{_ENTRY}, (timestamp '2026-06-22 08:00', 60.00), (timestamp '2026-06-23', 0.00)", None),
    ],
    ids=[
        "at_the_first_instant_from_which_on_it_passes",
        "again_after_the_fault_came_back",
        "never_seen_to_fail",
        "history_and_record_differ",
    ],
)
def test_a_cure_is_dated_by_the_history(states: str, cured_at: str | None) -> None:
    assert _verdict(_warehouse(states)) == ("fail", "cured", cured_at)


def test_a_decision_maker_cures_from_the_day_he_is_known() -> None:
    connection = _warehouse(_ENTRY, "decision_maker_count > 0", "decision_maker_count_at_entry > 0")
    connection.execute(
        "insert into intermediate.int_decision_makers values "
        "(3, timestamp '2026-06-25 09:00'), (3, timestamp '2026-06-24 09:00'), "
        "(4, timestamp '2026-06-22 09:00')"
    )
    assert _verdict(connection)[2] == "2026-06-24 09:00:00"


def test_evidence_is_not_there_before_its_own_date() -> None:
    connection = _warehouse(
        _ENTRY,
        "contract_signed_at is not null",
        "coalesce(contract_signed_at_at_entry <= entered_at, false)",
    )
    connection.execute(
        "update intermediate.int_stage_entry_context "
        "set contract_signed_at = timestamp '2026-06-23 07:00' where stage_event_key = 3"
    )
    assert _verdict(connection) == ("fail", "cured", "2026-06-23 07:00:00")


def test_evidence_that_was_entered_afterwards_cures_when_it_was_entered() -> None:
    """It is dated before the entry; nobody knew of it then."""
    connection = _warehouse(
        _ENTRY,
        "coalesce(contract_signed_at <= entered_at, false)",
        "coalesce(contract_signed_at_at_entry <= entered_at, false)",
    )
    connection.execute(
        """
        update intermediate.int_stage_entry_context
        set contract_signed_at = timestamp '2026-06-20 07:00' where stage_event_key = 3;
        insert into intermediate.int_evidence_intervals values
            (3, 'contract_signed_at', null, null, timestamp '2026-06-24 05:00'),
            (3, 'contract_signed_at', timestamp '2026-06-20 07:00', timestamp '2026-06-24 05:00',
             null),
            (4, 'contract_signed_at', timestamp '2026-06-20 07:00', timestamp '2026-06-22', null),
            (3, 'proposal_sent_at', timestamp '2026-06-20 07:00', timestamp '2026-06-23', null);
        """
    )
    assert _verdict(connection) == ("fail", "cured", "2026-06-24 05:00:00")


def test_what_was_observed_then_and_now_stands_beside_the_verdicts() -> None:
    connection = _warehouse(_ENTRY)
    run_gate("stage_entry", connection, context())
    assert connection.execute(
        "select observed_at_entry, observed_now, is_enforced from quality.stage_entry_verdict "
        "where rule_id = 'amount_positive' and stage_event_key = 3"
    ).fetchall() == [("0.00", "60.00", True)]


def test_an_entry_before_the_rule_was_enforced_is_judged_and_marked() -> None:
    connection = warehouse()
    connection.execute(
        "update staging.stg_policy__stage_entry_rule set enforced_from = date '2026-06-22' "
        "where rule_id = 'amount_positive'"
    )
    run_gate("stage_entry", connection, context())
    assert connection.execute(
        "select stage_event_key, is_enforced from quality.stage_entry_verdict "
        "where rule_id = 'amount_positive' order by all"
    ).fetchall() == [(2, False), (3, False), (4, True), (5, True)]
