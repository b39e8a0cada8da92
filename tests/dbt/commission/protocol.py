"""What an independent calculation of commission must look like, so that it can be compared.

The module `tests.dbt.commission.reference` provides one function, `statement_lines`, with the
signature of `StatementLines` below. It is written from `docs/marts.md` ("Commission: plan
`retro_cash_monthly`") alone, by someone who has not read the SQL, in `Decimal` and plain Python.

It starts where attribution ends: every event names its payee (or none), and its amount is already
in the payee's currency. One tenant, one plan, one component. What it decides is the order, the
running sums, the tier, the lines, their true-ups and their reversals.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Literal, Protocol, TypedDict

BoundaryOperator = Literal["lower_inclusive", "lower_exclusive"]


class Event(TypedDict):
    """One allocation row: the part of a payment that goes to one invoice, or its unapplied rest.

    The rows of a payment share `paid_at` and sum to it. Rows come in any order.
    """

    payment_source_id: str
    invoice_source_id: str | None
    """None: the unapplied rest of the payment. It earns nothing, but takes its part of refunds."""
    paid_at: datetime
    """UTC, without a zone."""
    period_month: date
    """First day of the local month of `paid_at`; the caller has converted it."""
    gross_amount: Decimal
    """Payment currency, tax included, > 0, two places."""
    employee_number: str | None
    """The payee; None when the row has no credit."""
    commissionable_amount: Decimal | None
    """C: net, payee's currency, >= 0, two places; None exactly when there is no payee."""


class Refund(TypedDict):
    """One succeeded refund of a payment. The refunds of a payment sum to at most the payment."""

    refund_source_id: str
    payment_source_id: str
    amount: Decimal
    """Payment currency, > 0, two places."""
    refunded_at: datetime
    """UTC, without a zone."""
    period_month: date
    """First day of the local month of `refunded_at`."""


class Tier(TypedDict):
    """One tier of the component; they have distinct lower bounds, any order."""

    tier_number: int
    lower_attainment: Decimal
    """Share of the quota, e.g. Decimal("0.80"); up to six places."""
    rate: Decimal
    """E.g. Decimal("0.015"); up to six places."""


class Line(TypedDict):
    """One statement line, as in mart_commission_statement_line."""

    employee_number: str
    period_month: date
    """Of the payment for an original line; of the refund for a reversal."""
    origin_period_month: date
    """Of the payment, always."""
    credit_id: str
    """``payment_source_id|invoice_source_id``."""
    refund_source_id: str | None
    """None unless the line is a reversal."""
    line_type: Literal["earning", "tier_trueup"]
    is_reversal: bool
    commissionable_amount: Decimal
    cumulative_amount: Decimal
    quota_amount: Decimal | None
    attainment_rate: Decimal | None
    """S / Q of the origin period, half away from zero to six places."""
    tier_number: int | None
    rate: Decimal | None
    """None when the period has no quota."""
    line_amount: Decimal | None
    """None when the period has no quota."""


Quotas = Mapping[tuple[str, date], Decimal | None]
"""(employee_number, period_month) -> Q; missing, None or 0: the period has no quota."""


class StatementLines(Protocol):
    """``statement_lines(events, quotas, tiers, boundary_operator, refunds) -> lines``.

    Returns every line of every payee and period, in any order. A pure function: the same values
    in any order give the same set of lines.
    """

    def __call__(
        self,
        events: Sequence[Event],
        quotas: Quotas,
        tiers: Sequence[Tier],
        boundary_operator: BoundaryOperator,
        refunds: Sequence[Refund] = (),
    ) -> list[Line]: ...
