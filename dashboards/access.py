"""Who may see what. `pay_rows` is the only way from a page to pay; it asks `pay_scope`, always.

Roles: `rep` and `manager` see their own pay, `finance` and `admin` every payee's of their company,
`analyst` nobody's. A grant for company ``*`` holds for every company.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

import pandas as pd

from dashboards.queries import sql
from dashboards.reader import Snapshot

PayQuery = Literal[
    "commission_periods",
    "commission_payees",
    "commission_statement",
    "commission_lines",
    "payroll",
]

_WITHOUT_PERIOD = frozenset({"commission_periods", "commission_payees"})
_SEES_OWN = frozenset({"rep", "manager"})
_SEES_ALL = frozenset({"finance", "admin"})


@dataclass(frozen=True, slots=True)
class Grant:
    """One row of policy: this user has this role in this company."""

    user_name: str
    role: str
    tenant: str
    employee_number: str | None


@dataclass(frozen=True, slots=True)
class PayScope:
    """Which payees' rows: all of the company, one employee's, or (neither) none."""

    all_payees: bool
    employee_number: str | None

    @property
    def is_empty(self) -> bool:
        return not self.all_payees and self.employee_number is None


NOTHING = PayScope(all_payees=False, employee_number=None)


def pay_scope(grants: list[Grant], user_name: str | None, tenant: str) -> PayScope:
    """Decides which pay `user_name` may see in `tenant`. No user, no grant: none."""
    if user_name is None:
        return NOTHING
    held = [g for g in grants if g.user_name == user_name and g.tenant in (tenant, "*")]
    if any(grant.role in _SEES_ALL for grant in held):
        return PayScope(all_payees=True, employee_number=None)
    for grant in held:
        if grant.role in _SEES_OWN and grant.employee_number:
            return PayScope(all_payees=False, employee_number=grant.employee_number)
    return NOTHING


def role_in(grants: list[Grant], user_name: str | None, tenant: str) -> str | None:
    """The role of `user_name` in `tenant` that sees the most; None without one."""
    held = sorted(
        {g.role for g in grants if g.user_name == user_name and g.tenant in (tenant, "*")},
        key=lambda role: (role not in _SEES_ALL, role not in _SEES_OWN, role),
    )
    return held[0] if held else None


def narrowed(scope: PayScope, payee: str | None) -> PayScope:
    """The part of `scope` that is about `payee`: never more than `scope`. No payee: all of it."""
    if payee is None or scope.is_empty:
        return scope
    if scope.all_payees or scope.employee_number == payee:
        return PayScope(all_payees=False, employee_number=payee)
    return NOTHING


def read_grants(restricted: Snapshot) -> list[Grant]:
    """All grants of the published version."""
    return [Grant(**row) for row in restricted.query(sql("access_grants")).rows()]


def pay_rows(
    restricted: Snapshot,
    user_name: str | None,
    tenant: str,
    query: PayQuery,
    period_month: date | None = None,
    payee: str | None = None,
) -> pd.DataFrame | None:
    """The rows of a pay query that this user may see, of one `payee` (employee number) or of all.

    None when there are none that the user may see.
    """
    scope = narrowed(pay_scope(read_grants(restricted), user_name, tenant), payee)
    if scope.is_empty:
        return None
    parameters: dict[str, object] = {
        "tenant": tenant,
        "all_payees": scope.all_payees,
        "employee_number": scope.employee_number,
    }
    if query not in _WITHOUT_PERIOD:
        parameters["period_month"] = period_month
    return restricted.query(sql(query), parameters).pandas()
