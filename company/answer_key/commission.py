"""Credits, lines, statements and the payroll comparison."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction

from company.answer_key.cash import Cash, share_of
from company.answer_key.deals import owners_at_close
from company.answer_key.facts import (
    Facts,
    Row,
    add_months,
    half_away,
    month_of,
    months_between,
    rate,
)

NOTHING = Decimal("0.00")


@dataclass(frozen=True)
class Credit:
    """One receipt, or part of one, credited to one payee."""

    tenant: str
    employee_number: str
    plan_id: str
    month: date
    paid_at: datetime
    allocation: Row
    amount: Decimal
    fx_rate_id: str | None

    @property
    def natural_key(self) -> str:
        return f"{self.allocation['payment_source_id']}|{self.allocation['invoice_source_id']}"


def work_out(facts: Facts, cash: Cash) -> tuple[list[Row], list[Row]]:
    """(statement lines, statements)."""
    periods: dict[tuple[str, str, date], list[Credit]] = defaultdict(list)
    for credit in _credits(facts, cash):
        periods[(credit.tenant, credit.employee_number, credit.month)].append(credit)
    payments = {tenant: facts.payments(tenant) for tenant in facts.tenants}
    refunds = {tenant: facts.refunds(tenant) for tenant in facts.tenants}
    lines: list[Row] = []
    for (tenant, _, _), credits in periods.items():
        lines.extend(_lines(facts, credits, payments[tenant], refunds[tenant]))
    return lines, _statements(facts, periods, lines)


def _credits(facts: Facts, cash: Cash) -> Iterator[Credit]:
    for tenant in facts.tenants:
        opportunities = facts.opportunities(tenant)
        owners = {
            key: owner
            for key, owner in owners_at_close(facts, tenant).items()
            if opportunities[key]["IsWon"]
        }
        users = facts.of("user", tenant)
        for row in cash.allocations:
            opportunity = row["opportunity_source_id"]
            if row["tenant"] != tenant or opportunity not in owners:
                continue
            user = users.get(owners[opportunity] or "")
            number = user["EmployeeNumber"] if user else None
            if not number:
                continue
            day = row["paid_date"]
            plans = facts.valid("plan_assignment", day, tenant=tenant, employee_number=number)
            factor, fx_rate_id = facts.fx(tenant, row["currency_code"], day)
            if not plans or factor is None or row["net_amount"] is None:
                continue
            amount = half_away(Fraction(row["net_amount"]) * Fraction(factor))
            yield Credit(
                tenant, number, plans[0]["plan_id"], month_of(day), row["paid_at"], row, amount,
                fx_rate_id,
            )  # fmt: skip


def _tier(
    tiers: list[Row], operator: str, credited: Decimal, quota: Decimal
) -> tuple[int | None, Decimal]:
    """(tier number, rate) that a cumulative credit has reached; (None, 0) below the lowest."""
    reached: tuple[int | None, Decimal] = (None, Decimal(0))
    for tier in sorted(tiers, key=lambda row: Decimal(row["lower_attainment"])):
        bound = Fraction(tier["lower_attainment"]) * Fraction(quota)
        inside = (
            Fraction(credited) >= bound
            if operator == "lower_inclusive"
            else Fraction(credited) > bound
        )
        if inside:
            reached = (int(tier["tier_number"]), Decimal(tier["rate"]))
    return reached


def _quota(facts: Facts, tenant: str, employee_number: str, month: date) -> Decimal | None:
    rows = facts.valid("quota", month, tenant=tenant, employee_number=employee_number)
    return Decimal(rows[0]["quota_amount"]) if rows and rows[0]["quota_amount"] else None


def _plan(facts: Facts, plan_id: str, month: date) -> tuple[str, str, list[Row]]:
    """(component id, boundary operator, tiers) of a plan."""
    component = facts.valid("plan_component", month, plan_id=plan_id)[0]
    tiers = facts.valid("rate_tier", month, component_id=component["component_id"])
    return component["component_id"], component["boundary_operator"], tiers


def _lines(
    facts: Facts,
    credits: list[Credit],
    payments: dict[str, Row],
    refunds: dict[str, list[Row]],
) -> list[Row]:
    """All lines of one payee and period, and what refunds take back of them later."""
    credits = sorted(
        credits,
        key=lambda c: (
            c.paid_at,
            c.allocation["payment_source_id"],
            c.allocation["invoice_source_id"],
        ),
    )
    first = credits[0]
    quota = _quota(facts, first.tenant, first.employee_number, first.month)
    component_id, operator, tiers = _plan(facts, first.plan_id, first.month)
    total = sum((credit.amount for credit in credits), NOTHING)
    final_tier, final_rate = (None, Decimal(0))
    if quota:
        final_tier, final_rate = _tier(tiers, operator, total, quota)
    lines: list[Row] = []
    so_far = NOTHING
    for credit in credits:
        before, so_far = so_far, so_far + credit.amount
        shared = {
            "tenant": credit.tenant,
            "period_month": credit.month,
            "employee_number": credit.employee_number,
            "plan_id": credit.plan_id,
            "component_id": component_id,
            "opportunity_source_id": credit.allocation["opportunity_source_id"],
            "payment_source_id": credit.allocation["payment_source_id"],
            "invoice_source_id": credit.allocation["invoice_source_id"],
            "refund_source_id": None,
            "is_reversal": False,
            "commissionable_amount": credit.amount,
            "cumulative_amount": so_far,
            "quota_amount": quota,
            "attainment_rate": rate(total, quota),
            "currency_code": facts.currency(credit.tenant),
            "fx_rate_id": credit.fx_rate_id,
            "origin_period_month": credit.month,
        }
        if not quota:
            lines.append(
                shared
                | {"line_type": "earning", "tier_number": None, "rate": None, "line_amount": None}
            )
            continue

        def due(at_rate: Decimal, low: Decimal = before, high: Decimal = so_far) -> Decimal:
            return half_away(Fraction(at_rate) * Fraction(high)) - half_away(
                Fraction(at_rate) * Fraction(low)
            )

        tier, own_rate = _tier(tiers, operator, so_far, quota)
        earning = shared | {
            "line_type": "earning",
            "tier_number": tier,
            "rate": own_rate,
            "line_amount": due(own_rate),
        }
        own_lines = [earning]
        if due(final_rate) != due(own_rate):
            own_lines.append(
                shared
                | {
                    "line_type": "tier_trueup",
                    "tier_number": final_tier,
                    "rate": final_rate,
                    "line_amount": due(final_rate) - due(own_rate),
                }
            )
        lines.extend(own_lines)
        payment = payments[credit.allocation["payment_source_id"]]
        lines.extend(_reversals(facts, credit, own_lines, payment, refunds.get(payment["id"], [])))
    return lines


def _reversals(
    facts: Facts, credit: Credit, own_lines: list[Row], payment: Row, refunds: list[Row]
) -> Iterator[Row]:
    allocation = credit.allocation
    refunded = NOTHING
    share_before = NOTHING
    for refund in refunds:
        refunded += refund["amount"]
        share = share_of(
            refunded, allocation["_gross_before"], allocation["gross_amount"], payment["amount"]
        )
        for line in own_lines:
            back = share_of(
                line["line_amount"], share_before, share - share_before, allocation["gross_amount"]
            )
            yield line | {
                "period_month": facts.local_month(refund["at"], credit.tenant),
                "refund_source_id": refund["id"],
                "is_reversal": True,
                "line_amount": -back,
            }
        share_before = share


def _statements(
    facts: Facts, periods: dict[tuple[str, str, date], list[Credit]], lines: list[Row]
) -> list[Row]:
    lines_of: dict[tuple[str, str, date], list[Row]] = defaultdict(list)
    for line in lines:
        lines_of[(line["tenant"], line["employee_number"], line["period_month"])].append(line)
    plan_of: dict[tuple[str, str, date], str] = {}
    for key, found in lines_of.items():
        plan_of[key] = found[0]["plan_id"]
    for row in facts.policy["plan_assignment"]:
        first = month_of(date.fromisoformat(row["valid_from"]))
        for later in range(months_between(first, facts.as_of_month) + 1):
            month = add_months(first, later)
            if row in facts.valid("plan_assignment", month):
                plan_of[(row["tenant"], row["employee_number"], month)] = row["plan_id"]
    names = {
        (tenant, user["EmployeeNumber"]): user["Name"]
        for tenant in facts.tenants
        for user in facts.of("user", tenant).values()
        if user["EmployeeNumber"]
    }
    statements = []
    for (tenant, number, month), plan_id in plan_of.items():
        quota = _quota(facts, tenant, number, month)
        _, operator, tiers = _plan(facts, plan_id, month)
        credits = periods.get((tenant, number, month), [])
        credited = sum((credit.amount for credit in credits), NOTHING)
        tier, final_rate = _tier(tiers, operator, credited, quota) if quota else (None, None)
        own = lines_of[(tenant, number, month)]

        def total(
            kind: str | None, own: list[Row] = own, unknown: bool = bool(credits) and not quota
        ) -> Decimal | None:
            if kind is not None and unknown:
                return None
            amounts = [
                line["line_amount"]
                for line in own
                if line["is_reversal"] == (kind is None) and kind in (None, line["line_type"])
            ]
            return None if None in amounts else sum(amounts, NOTHING)

        parts = (total("earning"), total("tier_trueup"), total(None))
        known = [part for part in parts if part is not None]
        statements.append(
            {
                "tenant": tenant,
                "employee_number": number,
                "period_month": month,
                "rep_name": names.get((tenant, number)),
                "plan_id": plan_id,
                "credited_amount": credited,
                "quota_amount": quota,
                "attainment_rate": rate(credited, quota),
                "tier_number": tier,
                "rate": final_rate,
                "earning_amount": parts[0],
                "trueup_amount": parts[1],
                "reversal_amount": parts[2],
                "payable_amount": sum(known, NOTHING) if len(known) == len(parts) else None,
                "currency_code": facts.currency(tenant),
                "credit_count": len(credits),
            }
        )
    return statements


def reconcile(facts: Facts, statements: list[Row]) -> list[Row]:
    """`mart_payroll_reconciliation`."""
    lag = int(facts.setting("payroll_lag_months"))
    due = {
        (r["tenant"], r["employee_number"], r["period_month"], r["currency_code"]): r[
            "payable_amount"
        ]
        for r in statements
    }
    commission_codes = {
        row["pay_code"]
        for row in facts.valid("pay_code", facts.as_of_date)
        if row["is_commission"] == "true"
    }
    paid: dict[tuple[str, str, date, str], list[Decimal]] = defaultdict(list)
    for line in facts.payroll:
        if line["pay_code"] in commission_codes:
            month = add_months(month_of(line["pay_date"]), -lag)
            key = (line["tenant"], line["employee_number"], month, line["currency"])
            paid[key].append(line["gross"])
    rows = []
    for key in {**due, **paid}:
        tenant, number, month, currency = key
        statement, payments = due.get(key), paid.get(key, [])
        payroll = sum(payments, NOTHING) if payments else None
        difference = (payroll or NOTHING) - (statement or NOTHING)
        other_statement = any(k[:3] == key[:3] and k != key for k in due)
        other_payroll = any(k[:3] == key[:3] and k != key for k in paid)
        if (key in due and not payments and other_payroll) or (
            payments and key not in due and other_statement
        ):
            state = "currency_mismatch"
        elif payroll and not statement:
            state = "unexpected_in_payroll"
        elif not payments and add_months(month, lag) >= facts.as_of_month:
            state = "pending"
        elif statement and not payments:
            state = "missing_in_payroll"
        elif abs(difference) <= Decimal("0.01"):
            state = "matched"
        else:
            state = "amount_mismatch"
        rows.append(
            {
                "tenant": tenant,
                "employee_number": number,
                "period_month": month,
                "currency_code": currency,
                "statement_amount": statement,
                "payroll_amount": payroll,
                "difference_amount": difference,
                "state": state,
                "payroll_line_count": len(payments),
            }
        )
    return rows
