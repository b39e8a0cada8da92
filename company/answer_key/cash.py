"""Invoices linked to opportunities, and payments spread over them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction

from company.answer_key.facts import Facts, Row, half_away, instant, money

NOTHING = Decimal("0.00")


@dataclass(frozen=True)
class Cash:
    """The bridge, the allocation, and when each opportunity was collected in full."""

    bridge: list[Row]
    allocations: list[Row]
    collected_at: dict[tuple[str, str], datetime]


def work_out(facts: Facts) -> Cash:
    bridge: list[Row] = []
    allocations: list[Row] = []
    collected: dict[tuple[str, str], datetime] = {}
    for tenant in facts.tenants:
        linked, ambiguous, rows = _bridge(facts, tenant)
        bridge.extend(rows)
        spread = _allocate(facts, tenant, linked, ambiguous)
        allocations.extend(spread)
        collected.update(_collected(facts, tenant, linked, spread))
    return Cash(bridge, allocations, collected)


def _bridge(facts: Facts, tenant: str) -> tuple[dict[str, str], set[str], list[Row]]:
    """(invoice -> opportunity, invoices with too many candidates, rows of the bridge)."""
    opportunities = facts.opportunities(tenant)
    invoices = facts.invoices(tenant)
    crm_account = facts.crm_account_of(tenant)
    by_reference = {
        key: row["reference"] for key, row in invoices.items() if row["reference"] in opportunities
    }
    taken = set(by_reference.values())
    won: dict[tuple[object, ...], list[tuple[str, date]]] = defaultdict(list)
    for opportunity_id, row in opportunities.items():
        closed_at = instant(row["Closed_At__c"])
        if row["IsWon"] and closed_at is not None and opportunity_id not in taken:
            terms = (row["AccountId"], row["CurrencyIsoCode"], money(row["Amount"]))
            won[terms].append((opportunity_id, facts.local_date(closed_at, tenant)))
    candidates: dict[str, list[str]] = {}
    wanted_by: dict[str, list[str]] = defaultdict(list)
    for key, invoice in invoices.items():
        account = crm_account.get(invoice["customer"] or "")
        if invoice["reference"] is not None or account is None:
            continue
        found = [
            opportunity_id
            for opportunity_id, closed_on in won[(account, invoice["currency"], invoice["net"])]
            if 0 <= (invoice["issued_on"] - closed_on).days <= 60
        ]
        if found:
            candidates[key] = found
        for opportunity_id in found:
            wanted_by[opportunity_id].append(key)
    by_window = {
        key: found[0]
        for key, found in candidates.items()
        if len(found) == 1 and len(wanted_by[found[0]]) == 1
    }
    rows = [
        {
            "tenant": tenant,
            "opportunity_source_id": opportunity_id,
            "invoice_source_id": key,
            "match_rule": rule,
            "match_confidence": confidence,
            "invoice_net_amount": invoices[key]["net"],
            "invoice_gross_amount": invoices[key]["gross"],
            "currency_code": invoices[key]["currency"],
        }
        for links, rule, confidence in (
            (by_reference, "metadata_id", Decimal("1.000000")),
            (by_window, "customer_amount_window", Decimal("0.800000")),
        )
        for key, opportunity_id in links.items()
    ]
    return by_reference | by_window, set(candidates) - set(by_window), rows


def _allocate(facts: Facts, tenant: str, linked: dict[str, str], ambiguous: set[str]) -> list[Row]:
    payments = facts.payments(tenant)
    by_intent = {payment["intent"]: key for key, payment in payments.items()}
    applied: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    applied_at: dict[tuple[str, str], datetime] = {}
    for row in facts.of("invoice_payment", tenant).values():
        at = instant(row["status_transitions"]["paid_at"])
        payment = by_intent.get(row["payment"]["payment_intent"])
        if row["status"] != "paid" or payment is None or at is None or at >= facts.as_of_at:
            continue
        pair = (payment, row["invoice"])
        applied[pair] += Decimal(row["amount_paid"]) / 100
        applied_at[pair] = max(at, applied_at.get(pair, at))
    parts: dict[str, list[tuple[str | None, Decimal]]] = {key: [] for key in payments}
    for (payment, paid_invoice), amount in sorted(applied.items()):
        parts[payment].append((paid_invoice, amount))
    for key, payment_row in payments.items():
        rest = payment_row["amount"] - sum((amount for _, amount in parts[key]), NOTHING)
        if rest > 0:
            parts[key].append((None, rest))
    invoices = facts.invoices(tenant)
    every_invoice = facts.of("invoice", tenant)
    refunds = facts.refunds(tenant)
    rows: list[Row] = []
    received: dict[str, Decimal] = defaultdict(Decimal)
    for key, payment_row in sorted(payments.items(), key=lambda kv: (kv[1]["paid_at"], kv[0])):
        refunded = sum((refund["amount"] for refund in refunds.get(key, [])), NOTHING)
        so_far = NOTHING
        for invoice, amount in parts[key]:
            rows.append(
                {
                    "tenant": tenant,
                    "payment_source_id": key,
                    "invoice_source_id": invoice,
                    "opportunity_source_id": linked.get(invoice) if invoice else None,
                    "paid_at": payment_row["paid_at"],
                    "paid_date": payment_row["paid_on"],
                    "gross_amount": amount,
                    "currency_code": payment_row["currency"],
                    "net_amount": _net_share(every_invoice, received, invoice, amount),
                    "unlinked_reason": _reason(facts, tenant, linked, ambiguous, invoice, invoices),
                    "refunded_gross_amount": share_of(
                        refunded, so_far, amount, payment_row["amount"]
                    ),
                    "_applied_at": applied_at.get((key, invoice)) if invoice else None,
                    "_gross_before": so_far,
                }
            )
            so_far += amount
    return rows


def share_of(total: Decimal, before: Decimal, part: Decimal, whole: Decimal) -> Decimal:
    """What of `total` falls on [before, before + part) of `whole`, by difference rounding."""
    upper = half_away(Fraction(total) * Fraction(before + part) / Fraction(whole))
    return upper - half_away(Fraction(total) * Fraction(before) / Fraction(whole))


def _net_share(
    every_invoice: dict[str, Row],
    received: dict[str, Decimal],
    invoice: str | None,
    amount: Decimal,
) -> Decimal | None:
    """The net part of a receipt; remembers what the invoice has received."""
    if invoice is None or invoice not in every_invoice:
        return None
    net = Decimal(every_invoice[invoice]["subtotal"]) / 100
    gross = Decimal(every_invoice[invoice]["total"]) / 100
    if gross == 0:
        return None
    before = min(received[invoice], gross)
    received[invoice] += amount
    after = min(received[invoice], gross)
    return half_away(Fraction(after) * Fraction(net) / Fraction(gross)) - half_away(
        Fraction(before) * Fraction(net) / Fraction(gross)
    )


def _reason(
    facts: Facts,
    tenant: str,
    linked: dict[str, str],
    ambiguous: set[str],
    invoice: str | None,
    invoices: dict[str, Row],
) -> str | None:
    if invoice is None:
        return "unapplied_cash"
    if invoice not in facts.of("invoice", tenant):
        return "unknown_invoice"
    if invoice not in invoices:
        return "invoice_void_or_draft"
    if invoice in linked:
        return None
    if invoices[invoice]["reference"] is not None:
        return "unknown_opportunity_reference"
    return "ambiguous_match" if invoice in ambiguous else "no_opportunity_reference"


def _collected(
    facts: Facts, tenant: str, linked: dict[str, str], spread: list[Row]
) -> dict[tuple[str, str], datetime]:
    """(tenant, opportunity) -> when its last invoice was paid in full, net of refunds."""
    opportunities = facts.opportunities(tenant)
    invoices = facts.invoices(tenant)
    invoices_of: dict[str, list[str]] = defaultdict(list)
    for invoice, opportunity in linked.items():
        invoices_of[opportunity].append(invoice)
    rows_of: dict[str, list[Row]] = defaultdict(list)
    for row in spread:
        if row["invoice_source_id"] is not None:
            rows_of[row["invoice_source_id"]].append(row)
    collected: dict[tuple[str, str], datetime] = {}
    for opportunity, keys in invoices_of.items():
        if not opportunities[opportunity]["IsWon"]:
            continue
        paid_in_full = all(
            sum((r["gross_amount"] - r["refunded_gross_amount"] for r in rows_of[key]), NOTHING)
            >= invoices[key]["gross"]
            for key in keys
        )
        moments = [row["_applied_at"] for key in keys for row in rows_of[key]]
        if paid_in_full and moments:
            collected[(tenant, opportunity)] = max(moments)
    return collected
