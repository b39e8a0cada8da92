"""What payroll works out as commission, from the world's own facts: the input for its register.

Follows the plan `retro_cash_monthly` of docs/marts.md on what the world holds at its end. It makes
inputs only: it is neither the marts nor the key that checks them.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from company.world.calendar import local_date, midnight_utc, month_start
from company.world.deals import Deal
from company.world.money import Finance, Invoice, Payment
from company.world.owners import owner_at
from company.world.policy import FX_RATES, TIERS, assignments, quotas
from company.world.sales import Sales
from company.world.tenants import WORLD_END, Scale

_END = midnight_utc(WORLD_END)
_MATCH_DAYS = 60

Due = dict[tuple[str, date], int]
"""(employee number, period month) -> cents of the tenant's currency."""


def round_half_away(value: Fraction) -> int:
    """The nearest integer, halves away from zero."""
    whole = (2 * abs(value.numerator) + value.denominator) // (2 * value.denominator)
    return whole if value >= 0 else -whole


@dataclass(frozen=True, slots=True)
class _Part:
    """One payment's part that pays one invoice (`invoice_id` None: the unapplied rest)."""

    payment: Payment
    invoice_id: str | None
    cents: int


@dataclass(frozen=True, slots=True)
class _Credit:
    """A part that counts for a payee: `cents` net of tax, in the tenant's currency."""

    employee_number: str
    period: date
    part: _Part
    cents: int


_Lines = dict[tuple[str, str | None], tuple[str, list[int]]]
"""(payment, invoice) -> payee and cents of the credit's earning and true-up lines."""


def commission_due(sales: Sales, finance: Finance, scale: Scale) -> Due:
    """What each payee is due for each month: earnings, true-ups and reversals of refunds."""
    plan = _Plan(sales, scale)
    by_period: dict[tuple[str, date], list[_Credit]] = defaultdict(list)
    for credit in _credits(sales, finance, plan, _link_invoices(sales, finance)):
        by_period[credit.employee_number, credit.period].append(credit)
    due: Due = defaultdict(int)
    lines: _Lines = {}
    for (employee, period), credits in by_period.items():
        quota_cents = plan.quota_cents(employee, period)
        if quota_cents is None:
            continue
        credits.sort(
            key=lambda c: (c.part.payment.paid_at, c.part.payment.id, c.part.invoice_id or "")
        )
        final_rate = _rate(sum(credit.cents for credit in credits), quota_cents)
        reached = 0
        for credit in credits:
            before, reached = reached, reached + credit.cents
            earning = _between(_rate(reached, quota_cents), before, reached)
            restated = _between(final_rate, before, reached)
            key = credit.part.payment.id, credit.part.invoice_id
            lines[key] = employee, [earning, restated - earning]
            due[employee, period] += restated
    for payment in finance.payments:
        _reverse(sales, payment, lines, due)
    return dict(due)


def _between(rate: Fraction, before: int, after: int) -> int:
    return round_half_away(rate * after) - round_half_away(rate * before)


def _parts(payment: Payment) -> list[_Part]:
    """The payment's parts in the order of their invoices, the rest last."""
    applied = sorted((a for a in payment.applications), key=lambda a: a.invoice_id)
    parts = [_Part(payment, a.invoice_id, a.cents) for a in applied if a.applied_at < _END]
    rest = payment.cents - sum(part.cents for part in parts)
    return [*parts, _Part(payment, None, rest)] if rest else parts


def _known(record_deleted_at: int | None) -> bool:
    return record_deleted_at is None or record_deleted_at >= _END


def _link_invoices(sales: Sales, finance: Finance) -> dict[str, Deal]:
    """The deal of each invoice: by its reference, else by customer, amount and window."""
    deals = {deal.id: deal for deal in sales.deals if _known(deal.record.deleted_at)}
    live = [i for i in finance.invoices if not i.is_dead and (i.issued_at or _END) < _END]
    linked = {i.id: deals[i.reference] for i in live if i.reference in deals}
    taken = {deal.id for deal in linked.values()}
    finder = _AccountFinder(sales, finance)
    open_deals: dict[str, list[Deal]] = defaultdict(list)
    for deal in deals.values():
        if deal.is_won and deal.id not in taken and (deal.ended_at or _END) < _END:
            open_deals[_account_now(deal)].append(deal)
    candidates: dict[str, list[Deal]] = {}
    claims: dict[str, int] = defaultdict(int)
    for invoice in live:
        account = finder.account(invoice) if invoice.reference is None else None
        if account is None:
            continue
        found = [deal for deal in open_deals[account] if _fits(sales, deal, invoice)]
        candidates[invoice.id] = found
        for deal in found:
            claims[deal.id] += 1
    for invoice_id, found in candidates.items():
        if len(found) == 1 and claims[found[0].id] == 1:
            linked[invoice_id] = found[0]
    return linked


def _account_now(deal: Deal) -> str:
    return deal.company.merged_into or deal.company.account_id


def _fits(sales: Sales, deal: Deal, invoice: Invoice) -> bool:
    """Same currency and amount, closed 0 to 60 local days before the invoice was issued."""
    zone = sales.tenant.zone
    issued = local_date(invoice.issued_at or 0, zone)
    closed = local_date(deal.ended_at or 0, zone)
    return (
        deal.company.currency == invoice.currency
        and deal.amount_cents == invoice.net
        and timedelta(0) <= issued - closed <= timedelta(days=_MATCH_DAYS)
    )


class _AccountFinder:
    """Finds the CRM account of an invoice's customer: by its id, else by an unshared domain."""

    def __init__(self, sales: Sales, finance: Finance) -> None:
        known = [c for c in sales.with_account() if c.account and _known(c.account.deleted_at)]
        self._accounts = {company.account_id for company in known}
        self._by_domain: dict[str, list[str]] = defaultdict(list)
        for company in known:
            if company.domain:
                self._by_domain[company.domain].append(company.account_id)
        self._customers = {customer.id: customer for customer in finance.customers}

    def account(self, invoice: Invoice) -> str | None:
        """The account's id; None when the customer is blank or matches none."""
        customer = self._customers.get(invoice.customer or "")
        if customer is None:
            return None
        if customer.crm_account_id in self._accounts:
            return customer.crm_account_id
        sharing = self._by_domain.get(customer.domain or "", [])
        return sharing[0] if len(sharing) == 1 else None


class _Plan:
    """Who is on the plan when, with which quota, and what a credited sum earns."""

    def __init__(self, sales: Sales, scale: Scale) -> None:
        self._assignments = {a.employee_number: a for a in assignments(sales.roster)}
        self._quotas = quotas(sales.roster, scale)

    def covers(self, employee_number: str, day: date) -> bool:
        held = self._assignments.get(employee_number)
        return held is not None and held.holds_on(day)

    def quota_cents(self, employee_number: str, period: date) -> int | None:
        """The quota valid on the period's first day."""
        for quota in self._quotas:
            if quota.employee_number == employee_number and quota.holds_on(period):
                return quota.amount * 100
        return None


def _rate(credited: int, quota_cents: int) -> Fraction:
    """The rate of the highest tier reached, on the whole amount; 0 below the lowest."""
    reached = [rate for lower, _, rate in TIERS if credited >= Fraction(lower) * quota_cents]
    return Fraction(reached[-1]) if reached else Fraction(0)


def _credits(
    sales: Sales, finance: Finance, plan: _Plan, deals_by_invoice: dict[str, Deal]
) -> list[_Credit]:
    """The parts that pay invoices of won deals whose owner at the close is on the plan."""
    invoices = {invoice.id: invoice for invoice in finance.invoices}
    zone, currency = sales.tenant.zone, sales.tenant.currency
    cumulated: dict[str, int] = defaultdict(int)
    credits = []
    for payment in sorted(finance.payments, key=lambda p: (p.paid_at, p.id)):
        if payment.paid_at >= _END:
            continue
        for part in _parts(payment):
            deal = deals_by_invoice.get(part.invoice_id or "")
            if deal is None or part.invoice_id is None:
                continue
            invoice = invoices[part.invoice_id]
            before = cumulated[invoice.id]
            after = min(before + part.cents, invoice.gross)
            cumulated[invoice.id] = after
            net = _share(invoice.net, after, invoice.gross) - _share(
                invoice.net, before, invoice.gross
            )
            paid_on = local_date(payment.paid_at, zone)
            if not deal.is_won or deal.ended_at is None:
                continue
            owner = owner_at(deal.owners, deal.ended_at).employee_number
            if not plan.covers(owner, paid_on):
                continue
            cents = net
            if payment.currency != currency:
                rate = Fraction(FX_RATES[payment.currency, currency][paid_on.year])
                cents = round_half_away(net * rate)
            credits.append(_Credit(owner, month_start(paid_on), part, cents))
    return credits


def _share(whole: int, part: int, of: int) -> int:
    return round_half_away(Fraction(whole * part, of))


def _reverse(sales: Sales, payment: Payment, lines: _Lines, due: Due) -> None:
    """Takes back the lines of a payment's parts in proportion to its refunds, as they come."""
    zone = sales.tenant.zone
    refunded = 0
    for refund in sorted(payment.refunds, key=lambda r: (r.at, r.id)):
        if refund.at >= _END:
            continue
        period = month_start(local_date(refund.at, zone))
        start = 0
        for part in _parts(payment):
            end = start + part.cents
            shares = [
                _share(sum_, end, payment.cents) - _share(sum_, start, payment.cents)
                for sum_ in (refunded, refunded + refund.cents)
            ]
            start = end
            employee, amounts = lines.get((payment.id, part.invoice_id), ("", []))
            for amount in amounts:
                before, after = (_share(amount, share, part.cents) for share in shares)
                due[employee, period] -= after - before
        refunded += refund.cents
