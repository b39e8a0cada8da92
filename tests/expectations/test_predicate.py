"""What a rule of policy may say, and what is refused."""

from __future__ import annotations

import pytest

from expectations.predicate import PredicateError, safe_predicate

COLUMNS = {"amount", "close_date", "entered_at", "customer_committed_at", "owner_source_id"}


@pytest.mark.parametrize(
    "text",
    [
        "amount > 0",
        "close_date is not null",
        "coalesce(customer_committed_at <= entered_at, false)",
        "amount between 1 and 2 and not owner_source_id in ('a', 'b')",
        "close_date >= date '2026-01-01' or entered_at > timestamp '2026-01-01 00:00:00'",
        "entered_at <= customer_committed_at + interval 3 day",
        "lower(trim(owner_source_id)) like 'x%'",
        "amount is distinct from 1 -- a comment",
    ],
)
def test_a_condition_on_the_context_is_accepted(text: str) -> None:
    assert safe_predicate(text, COLUMNS)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "exactly one condition"),
        ("amount >", "not SQL"),
        ("'unfinished", "not SQL"),
        ("amount > 0; select 1", "exactly one condition"),
        ("amount > (select max(amount) from x)", "not allowed"),
        ("exists (select 1)", "not allowed"),
        ("amount in (select 1)", "not allowed|not a query"),
        ("read_text('/etc/passwd') is not null", "not allowed"),
        ("getvariable('x') = 1", "not allowed"),
        ("current_date > close_date", "not allowed"),
        ("cast(amount as varchar) > '0'", "not allowed"),
        ("case when amount > 0 then true end", "not allowed"),
        ("amount > $1", "not allowed"),
        ("profit > 0", "not a column"),
        ("context.amount > 0", "not a column"),
        ('"amount" > 0', "not a column"),
        ("*", "not allowed|not SQL|not a column"),
    ],
)
def test_anything_else_is_refused_with_the_reason(text: str, why: str) -> None:
    with pytest.raises(PredicateError, match=why):
        safe_predicate(text, COLUMNS)


def test_what_is_evaluated_is_written_out_again_without_comments() -> None:
    assert safe_predicate("amount > 0 /* and more */", COLUMNS) == "amount > 0"
