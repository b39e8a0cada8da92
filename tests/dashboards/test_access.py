"""Who sees which pay: decided in one place, tried from every page's query."""

from __future__ import annotations

from datetime import date
from typing import get_args

import pytest

from dashboards.access import (
    Grant,
    PayQuery,
    PayScope,
    narrowed,
    pay_rows,
    pay_scope,
    read_grants,
    role_in,
)
from dashboards.reader import Reader, Snapshot
from tests.e2e.installation import Installation

GRANTS = [
    Grant("rep", "rep", "aurora", "E1"),
    Grant("manager", "manager", "aurora", "E2"),
    Grant("finance", "finance", "*", None),
    Grant("analyst", "analyst", "*", None),
    Grant("lost", "rep", "aurora", None),
]


@pytest.mark.parametrize(
    ("user", "tenant", "scope"),
    [
        (None, "aurora", PayScope(False, None)),
        ("nobody", "aurora", PayScope(False, None)),
        ("rep", "aurora", PayScope(False, "E1")),
        ("rep", "borealis", PayScope(False, None)),
        ("manager", "aurora", PayScope(False, "E2")),
        ("finance", "borealis", PayScope(True, None)),
        ("analyst", "aurora", PayScope(False, None)),
        ("lost", "aurora", PayScope(False, None)),
    ],
)
def test_scope_follows_the_grant(user: str | None, tenant: str, scope: PayScope) -> None:
    assert pay_scope(GRANTS, user, tenant) == scope


@pytest.mark.parametrize(
    ("scope", "payee", "part"),
    [
        (PayScope(True, None), None, PayScope(True, None)),
        (PayScope(True, None), "E2", PayScope(False, "E2")),
        (PayScope(False, "E1"), "E1", PayScope(False, "E1")),
        (PayScope(False, "E1"), "E2", PayScope(False, None)),
        (PayScope(False, None), "E2", PayScope(False, None)),
    ],
)
def test_asking_for_one_payee_never_widens_what_is_seen(
    scope: PayScope, payee: str | None, part: PayScope
) -> None:
    assert narrowed(scope, payee) == part


def test_of_two_roles_the_one_that_sees_more_counts_and_only_in_its_company() -> None:
    both = [Grant("u", "analyst", "*", None), Grant("u", "finance", "aurora", None)]
    assert role_in(both, "u", "aurora") == "finance"
    assert role_in(both, "u", "borealis") == "analyst"
    assert role_in(both, None, "aurora") is None


@pytest.fixture(scope="module")
def restricted(demo: Installation) -> Snapshot:
    return Reader(demo.home.published, "restricted").snapshot()


@pytest.mark.parametrize("query", get_args(PayQuery))
def test_a_rep_gets_only_their_own_rows_from_every_pay_query(
    restricted: Snapshot, query: PayQuery
) -> None:
    own = next(g for g in read_grants(restricted) if g.role == "rep")
    all_periods = pay_rows(restricted, "finance", own.tenant, "commission_periods")
    assert all_periods is not None
    seen = 0
    for period in all_periods["period_month"]:
        rows = pay_rows(restricted, own.user_name, own.tenant, query, period)
        everybody = pay_rows(restricted, "finance", own.tenant, query, period)
        assert rows is not None
        assert everybody is not None
        if query == "commission_periods":  # one row a month, of whomever
            assert len(rows) <= len(everybody)
            seen += len(rows)
            continue
        assert set(rows["employee_number"]) <= {own.employee_number}
        assert len(rows) == (everybody["employee_number"] == own.employee_number).sum()
        seen += len(rows)
    assert seen, "the rep of the demo has no pay: the test shows nothing"


@pytest.mark.parametrize("query", get_args(PayQuery))
def test_a_rep_who_asks_for_another_payee_gets_nothing(
    restricted: Snapshot, query: PayQuery
) -> None:
    own = next(g for g in read_grants(restricted) if g.role == "rep")
    payees = pay_rows(restricted, "finance", own.tenant, "commission_payees")
    assert payees is not None
    other = next(n for n in payees["employee_number"] if n != own.employee_number)
    month = date(2026, 5, 1)
    assert pay_rows(restricted, own.user_name, own.tenant, query, month, other) is None
    assert pay_rows(restricted, "finance", own.tenant, query, month, other) is not None


@pytest.mark.parametrize("query", get_args(PayQuery))
@pytest.mark.parametrize("user", ["analyst", None, "nobody"])
def test_without_a_right_there_is_no_pay_at_all(
    restricted: Snapshot, query: PayQuery, user: str | None
) -> None:
    assert pay_rows(restricted, user, "aurora", query, date(2026, 5, 1)) is None


def test_the_open_set_names_no_payee_beside_an_amount(demo: Installation) -> None:
    """Every column of every open table: none holds pay, and none pairs an employee with money."""
    snapshot = Reader(demo.home.published, "open").snapshot()
    columns = snapshot.query(
        "select table_name, column_name from information_schema.columns"
        " where table_catalog = 'published' order by all"
    ).rows()
    assert columns
    by_table: dict[str, set[str]] = {}
    for row in columns:
        by_table.setdefault(row["table_name"], set()).add(row["column_name"])
    payee = {"employee_number", "rep_name", "payee_key", "payee_source_id"}
    pay = ("payable_amount", "payroll_amount", "line_amount", "earning_amount", "gross_pay")
    for table, names in by_table.items():
        assert not table.startswith(("mart_commission", "mart_payroll", "dim_access")), table
        assert not names & set(pay), table
        if names & payee:
            money = {name for name in names if name.endswith("_amount")}
            assert not money, f"{table} pairs {names & payee} with {money}"
