"""Finance of one tenant in Stripe's shape: customers, invoices, charges, applications, refunds.

All amounts are minor units (cents). Every object changes for the last time within 120 days of its
creation, because Stripe's lists can only be filtered by creation.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import time
from random import Random

from company.world.calendar import (
    DAY,
    HOUR,
    add_months,
    in_office,
    instant,
    local_date,
    midnight_utc,
    month_start,
)
from company.world.companies import Company
from company.world.deals import Deal
from company.world.ids import Counter, stripe_id
from company.world.products import finance_products
from company.world.records import Record, State
from company.world.sales import Sales
from company.world.streams import Rota, chance, stream
from company.world.tenants import WORLD_END, Tenant

_END = midnight_utc(WORLD_END)
_GUEST = "guest"
_TAX_RATE = "txr_1Qm0000000000001"
_REASONS = ("requested_by_customer", "duplicate", None)
_STANDING_ORDER_DAYS = 60


@dataclass(slots=True)
class Invoice:
    """One invoice. `issued_at` is None for a draft; `reference` is the deal's id in the metadata.

    `is_dead` marks drafts and voided invoices: they are not money. Of a `deal` that is invoiced in
    instalments it is the one at place `part`, from 0, of `parts`.
    """

    id: str
    customer: str | None
    company: Company | None
    currency: str
    net: int
    tax: int
    issued_at: int | None
    reference: str | None
    record: Record
    is_dead: bool = False
    paid: int = 0
    deal: Deal | None = None
    part: int = 0
    parts: int = 1

    @property
    def gross(self) -> int:
        return self.net + self.tax


@dataclass(frozen=True, slots=True)
class Application:
    """Part of a payment that pays an invoice; the invoice may not exist."""

    invoice_id: str
    cents: int
    applied_at: int


@dataclass(frozen=True, slots=True)
class Refund:
    """Money given back from a payment."""

    id: str
    cents: int
    at: int


@dataclass(slots=True)
class Payment:
    """A charge that succeeded, its applications and its refunds that succeeded."""

    id: str
    currency: str
    cents: int
    paid_at: int
    applications: list[Application]
    record: Record
    refunds: list[Refund] = field(default_factory=list)


@dataclass(slots=True)
class Customer:
    """A finance customer: what it says about the CRM account it belongs to."""

    id: str
    company: Company | None
    crm_account_id: str | None
    domain: str | None


@dataclass(slots=True)
class Finance:
    """Everything that happened in one tenant's finance system."""

    tenant: Tenant
    counter: Counter = field(default_factory=Counter)
    rota: Rota = field(default_factory=Rota)
    customers: list[Customer] = field(default_factory=list)
    invoices: list[Invoice] = field(default_factory=list)
    payments: list[Payment] = field(default_factory=list)
    customer_records: list[Record] = field(default_factory=list)
    other_charges: list[Record] = field(default_factory=list)
    application_records: list[Record] = field(default_factory=list)
    refund_records: list[Record] = field(default_factory=list)
    subscription_records: list[Record] = field(default_factory=list)
    credit_note_records: list[Record] = field(default_factory=list)
    edges_taken: set[int] = field(default_factory=set)

    def records(self) -> Iterator[tuple[str, list[Record]]]:
        """(resource, records) of everything that the vendor serves."""
        yield "customer", self.customer_records
        yield "invoice", [invoice.record for invoice in self.invoices]
        charges = [payment.record for payment in self.payments]
        yield "charge", charges + self.other_charges
        yield "invoice_payment", self.application_records
        yield "refund", self.refund_records
        yield "credit_note", self.credit_note_records
        yield "subscription", self.subscription_records
        yield "product", finance_products()


def simulate_finance(seed: int, sales: Sales) -> Finance:
    """Invoices the deals that were won before the world's end, and what became of the invoices."""
    finance = Finance(sales.tenant)
    _guest_customer(finance, min(deal.created_at for deal in sales.deals))
    won = [deal for deal in sales.deals if deal.is_won and (deal.ended_at or _END) < _END]
    won.sort(key=lambda deal: (deal.ended_at or 0, deal.id))
    standing = _standing_orders(won)
    of_company: dict[int, Customer] = {}
    for deal in won:
        random = stream(seed, finance.tenant.name, "invoicing", deal.id)
        if not finance.rota.turn("deal never invoiced", every=14, first=5):
            _bill(random, finance, deal, deal.id in standing, of_company)
    for payment in finance.payments:
        _refund(stream(seed, finance.tenant.name, "refunds", payment.id), finance, payment)
    return finance


def _standing_orders(won: list[Deal]) -> set[str]:
    """Won deals of one company and one amount, signed within 60 days of each other.

    Their invoices carry no reference: by amount and date alone they cannot be told apart.
    """
    seen: dict[tuple[int, int], Deal] = {}
    found: set[str] = set()
    for deal in won:
        before = seen.get((deal.company.number, deal.amount_cents))
        if before and (deal.ended_at or 0) - (before.ended_at or 0) < _STANDING_ORDER_DAYS * DAY:
            found |= {before.id, deal.id}
        seen[deal.company.number, deal.amount_cents] = deal
    return found


def _bill(
    random: Random, finance: Finance, deal: Deal, standing: bool, known: dict[int, Customer]
) -> None:
    """The invoices of one deal, each a month after the one before, and their payments."""
    rota, zone = finance.rota, finance.tenant.zone
    signed_at = deal.ended_at or 0
    issued_at = in_office(random, signed_at + random.randrange(10 * DAY), zone)
    customer = known.get(deal.company.number)
    if customer is None or rota.turn("second customer of one company", every=45, first=6):
        customer = _new_customer(random, finance, deal.company, issued_at)
        known[deal.company.number] = customer
    reference: str | None = deal.id
    if standing or rota.turn("no reference", every=34, first=4):
        reference = None
    elif rota.turn("unknown reference", every=70, first=15):
        reference = deal.id[:15] if chance(random, 50) else stripe_id("invoice", 9)
    is_single = standing
    if reference is None and not standing:
        is_single = rota.turn("unreferenced deal in one invoice", every=2, first=1)
    count = 1 if is_single else random.choice((1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 3, 4))
    shares = [deal.amount_cents // count] * (count - 1)
    shares.append(deal.amount_cents - sum(shares))
    invoices = []
    for place, net in enumerate(shares):
        at = in_office(random, issued_at + place * 30 * DAY, zone)
        payer = None if rota.turn("blank customer", every=90, first=25) else customer.id
        if rota.turn("guest customer", every=60, first=18):
            payer = _GUEST
        invoice = _new_invoice(random, finance, payer, customer.company, net, at, reference)
        invoice.deal, invoice.part, invoice.parts = deal, place, count
        if rota.turn("voided and issued again", every=35, first=4):
            invoice = _void_and_reissue(random, finance, invoice, at)
        invoices.append(invoice)
    if rota.turn("draft left over", every=45, first=3):
        draft = _new_invoice(
            random, finance, customer.id, customer.company, 50_000, None, reference
        )
        draft.deal = deal
    if rota.turn("service without a deal", every=45, first=7):
        net = random.randrange(20_000, 300_000)
        at = in_office(random, issued_at + 50 * DAY, zone)
        invoices.append(_new_invoice(random, finance, customer.id, customer.company, net, at, None))
    _settle(random, finance, invoices)


def _new_customer(random: Random, finance: Finance, company: Company, issued_at: int) -> Customer:
    """A customer that names its CRM account at once or later, or its domain, or nothing."""
    created_at = issued_at - random.randrange(3 * DAY, 4 * DAY)
    rota = finance.rota
    customer_id = stripe_id("customer", finance.counter.next("customer"))
    domain = company.domain
    account_id: str | None = company.account_id
    if rota.turn("customer names a domain only", every=12, first=4):
        account_id, domain = None, company.domain or "unlisted.example"
    elif rota.turn("customer names nothing", every=20, first=5):
        account_id = domain = None
    linked_later = account_id is not None and rota.turn("linked later", every=22, first=3)
    metadata = {"domain": domain} if domain and (account_id is None or chance(random, 50)) else {}
    named = metadata | ({"crm_account_id": account_id} if account_id else {})
    record = Record(
        customer_id,
        created_at,
        {
            "object": "customer",
            "name": company.name,
            "email": f"accounts@{company.domain or 'mail.example'}",
            "currency": company.currency.lower(),
            "metadata": metadata if linked_later else named,
            "livemode": False,
            "created": created_at,
        },
    )
    if linked_later:
        record.change(created_at + random.randrange(4 * DAY, 25 * DAY), metadata=named)
    finance.customer_records.append(record)
    customer = Customer(customer_id, company, account_id, metadata.get("domain"))
    finance.customers.append(customer)
    return customer


def _guest_customer(finance: Finance, at: int) -> None:
    """The catch-all customer for invoices that nobody assigned."""
    state: State = {
        "object": "customer",
        "name": "Guest",
        "email": None,
        "currency": finance.tenant.currency.lower(),
        "metadata": {},
        "livemode": False,
        "created": at,
    }
    finance.customer_records.append(Record(_GUEST, at, state))


def _new_invoice(
    random: Random,
    finance: Finance,
    customer: str | None,
    company: Company | None,
    net: int,
    issued_at: int | None,
    reference: str | None,
) -> Invoice:
    """An invoice, drafted a little before it is issued; without `issued_at` it stays a draft."""
    tenant = finance.tenant
    currency = company.currency if company else tenant.currency
    tax = 0
    if currency == tenant.currency or chance(random, 50):
        tax = (net * tenant.tax_percent + 50) // 100
    number = finance.counter.next("invoice")
    invoice_id = stripe_id("invoice", number)
    drafted_at = (issued_at or _END - 40 * DAY) - random.randrange(HOUR, 2 * DAY)
    state = {
        "object": "invoice",
        "customer": customer,
        "number": None,
        "status": "draft",
        "currency": currency.lower(),
        "subtotal": net,
        "total_excluding_tax": net,
        "total_taxes": taxes(net, tax),
        "total": net + tax,
        "amount_due": net + tax,
        "amount_paid": 0,
        "amount_remaining": net + tax,
        "due_date": None,
        "status_transitions": _transitions(),
        "metadata": {"opportunity_id": reference} if reference else {},
        "livemode": False,
        "created": drafted_at,
    }
    record = Record(invoice_id, drafted_at, state)
    if issued_at is not None:
        record.change(
            issued_at,
            status="open",
            number=f"{tenant.name[:2].upper()}-{number:06}",
            due_date=issued_at + 30 * DAY,
            status_transitions=_transitions(finalized_at=issued_at),
        )
    invoice = Invoice(
        invoice_id, customer, company, currency, net, tax, issued_at, reference, record,
        is_dead=issued_at is None,
    )  # fmt: skip
    finance.invoices.append(invoice)
    return invoice


def taxes(net: int, tax: int) -> list[State]:
    """Stripe's `total_taxes`: one entry a tax, none for what is not taxed."""
    if not tax:
        return []
    return [
        {
            "type": "tax_rate_details",
            "amount": tax,
            "taxable_amount": net,
            "tax_behavior": "exclusive",
            "taxability_reason": "standard_rated",
            "tax_rate_details": {"tax_rate": _TAX_RATE},
        }
    ]


def _transitions(**known: int | None) -> dict[str, int | None]:
    """Stripe's `status_transitions`, all null but those known."""
    names = ("finalized_at", "marked_uncollectible_at", "paid_at", "voided_at")
    return dict.fromkeys(names) | known


def _void(invoice: Invoice, at: int) -> None:
    invoice.is_dead = True
    invoice.record.change(
        at,
        status="void",
        status_transitions=_transitions(finalized_at=invoice.issued_at, voided_at=at),
    )


def _void_and_reissue(
    random: Random, finance: Finance, invoice: Invoice, issued_at: int
) -> Invoice:
    """A wrong invoice is voided; the right one is issued within the hour."""
    at = in_office(random, issued_at + random.randrange(2 * DAY, 12 * DAY), finance.tenant.zone)
    _void(invoice, at)
    again = _new_invoice(
        random, finance, invoice.customer, invoice.company, invoice.net, at + HOUR // 2,
        invoice.reference,
    )  # fmt: skip
    again.deal, again.part, again.parts = invoice.deal, invoice.part, invoice.parts
    return again


def _settle(random: Random, finance: Finance, invoices: list[Invoice]) -> None:
    """How the invoices of one deal are paid: in full, in parts, together, too much, or not."""
    rota = finance.rota
    waiting = sorted(invoices, key=lambda invoice: invoice.issued_at or 0)
    while waiting:
        invoice = waiting.pop(0)
        due = invoice.issued_at or 0
        at = _payday(random, finance, due + random.randrange(8 * DAY, 68 * DAY))
        together = waiting and _can_be_paid_together(invoice, waiting[0])
        if together and rota.turn("two invoices in one payment", every=8, first=2):
            following = waiting.pop(0)
            later = (following.issued_at or 0) + random.randrange(6 * DAY, 30 * DAY)
            _pay(random, finance, [invoice, following], 0, _payday(random, finance, later))
        elif rota.turn("never paid", every=25, first=9):
            if rota.turn("uncollectible", every=3, first=2):
                _give_up(invoice, due + random.randrange(80 * DAY, 100 * DAY))
            elif rota.turn("only a failed charge", every=3, first=1):
                _failed_charge(finance, invoice, at, _payment_intent(finance))
        elif rota.turn("paid in parts", every=10, first=3):
            _pay_in_parts(random, finance, invoice, at)
        elif rota.turn("over-paid", every=30, first=5):
            _pay(random, finance, [invoice], random.randrange(100, 90_000), at)
        elif rota.turn("void after a part payment", every=180, first=20):
            _pay(random, finance, [invoice], -(invoice.gross // 2), at)
            _void(invoice, at + 4 * DAY)
        else:
            _pay(random, finance, [invoice], 0, at)
        if rota.turn("payment of an unknown invoice", every=150, first=30):
            missing = stripe_id("invoice", finance.counter.next("invoice"))
            cents = random.randrange(10_000, 90_000)
            _charge(
                random, finance, invoice.customer, invoice.currency, cents, at, [(missing, cents)]
            )


def _can_be_paid_together(first: Invoice, second: Invoice) -> bool:
    """Issued within 45 days of each other to the same customer in the same currency."""
    apart = (second.issued_at or 0) - (first.issued_at or 0)
    same = (first.customer, first.currency) == (second.customer, second.currency)
    return same and apart <= 45 * DAY


def _payday(random: Random, finance: Finance, at: int) -> int:
    """Any time of the day; twice a month the payment nearest to it takes the month's very edge.

    The edges are the last second of a local month and the first instant of the next.
    """
    zone = finance.tenant.zone
    day = local_date(at, zone)
    for month in (month_start(day), add_months(month_start(day), 1)):
        midnight = instant(month, time(), zone)
        edges = (midnight - 1, midnight) if month.month % 2 else (midnight, midnight - 1)
        for edge in edges:
            if abs(edge - at) < 5 * DAY and edge not in finance.edges_taken:
                finance.edges_taken.add(edge)
                return edge
    return instant(day, time(8), zone) + random.randrange(12 * HOUR)


def _pay_in_parts(random: Random, finance: Finance, invoice: Invoice, at: int) -> None:
    """Two payments, the second now and then never."""
    first = invoice.gross * random.randrange(30, 75) // 100
    _pay(random, finance, [invoice], first - invoice.gross, at)
    if not finance.rota.turn("second part never paid", every=4, first=3):
        later = _payday(random, finance, at + random.randrange(8 * DAY, 25 * DAY))
        _pay(random, finance, [invoice], 0, later)


def _pay(random: Random, finance: Finance, invoices: list[Invoice], extra: int, at: int) -> None:
    """One charge over the open rest of the invoices, more (`extra` > 0) or less (`extra` < 0)."""
    rest = [invoice.gross - invoice.paid for invoice in invoices]
    applied = [cents + min(extra, 0) for cents in rest]
    parts = [(invoice.id, cents) for invoice, cents in zip(invoices, applied, strict=True)]
    first = invoices[0]
    total = sum(applied) + max(extra, 0)
    payment = _charge(random, finance, first.customer, first.currency, total, at, parts)
    for invoice, application in zip(invoices, payment.applications, strict=True):
        invoice.paid += application.cents
        paid_at = application.applied_at
        remaining = invoice.gross - invoice.paid
        fields: dict[str, object] = {"amount_paid": invoice.paid, "amount_remaining": remaining}
        if remaining == 0:
            fields["status"] = "paid"
            fields["status_transitions"] = _transitions(
                finalized_at=invoice.issued_at, paid_at=paid_at
            )
        invoice.record.change(paid_at, **fields)


def _give_up(invoice: Invoice, at: int) -> None:
    invoice.record.change(
        at,
        status="uncollectible",
        status_transitions=_transitions(finalized_at=invoice.issued_at, marked_uncollectible_at=at),
    )


def _payment_intent(finance: Finance) -> str:
    return stripe_id("payment_intent", finance.counter.next("payment_intent"))


def _charge(
    random: Random,
    finance: Finance,
    customer: str | None,
    currency: str,
    cents: int,
    at: int,
    parts: list[tuple[str, int]],
) -> Payment:
    """A charge that succeeds, some after a day or two, some after a failed try of the same intent.

    `parts` are (invoice id, cents) of its applications.
    """
    rota = finance.rota
    intent = _payment_intent(finance)
    if rota.turn("failed before", every=16, first=6):
        failed = _charge_record(finance, customer, currency, cents, at - 2 * DAY, intent, "failed")
        finance.other_charges.append(failed)
    is_slow = rota.turn("pending first", every=20, first=8)
    state = "pending" if is_slow else "succeeded"
    record = _charge_record(finance, customer, currency, cents, at, intent, state)
    settled_at = at
    if is_slow:
        settled_at = at + random.randrange(DAY, 3 * DAY)
        record.change(settled_at, status="succeeded", paid=True, amount_captured=cents)
    elif rota.turn("applied later", every=14, first=4):
        settled_at = at + random.randrange(HOUR, 3 * DAY)
    applications = []
    for invoice_id, part in parts:
        applications.append(Application(invoice_id, part, settled_at))
        _application_record(finance, invoice_id, intent, currency, part, settled_at, None)
    payment = Payment(record.id, currency, cents, at, applications, record)
    finance.payments.append(payment)
    return payment


def _failed_charge(finance: Finance, invoice: Invoice, at: int, intent: str) -> None:
    """A charge that fails for good; its application is cancelled the day after."""
    currency = invoice.currency
    failed = _charge_record(
        finance, invoice.customer, currency, invoice.gross, at, intent, "failed"
    )
    finance.other_charges.append(failed)
    _application_record(finance, invoice.id, intent, currency, invoice.gross, at, at + DAY)


def _charge_record(
    finance: Finance,
    customer: str | None,
    currency: str,
    cents: int,
    at: int,
    intent: str,
    status: str,
) -> Record:
    return Record(
        stripe_id("charge", finance.counter.next("charge")),
        at,
        {
            "object": "charge",
            "customer": customer,
            "payment_intent": intent,
            "status": status,
            "paid": status == "succeeded",
            "captured": status != "failed",
            "currency": currency.lower(),
            "amount": cents,
            "amount_captured": cents if status == "succeeded" else 0,
            "amount_refunded": 0,
            "refunded": False,
            "failure_code": "card_declined" if status == "failed" else None,
            "livemode": False,
            "created": at,
        },
    )


def _application_record(
    finance: Finance,
    invoice_id: str,
    intent: str,
    currency: str,
    cents: int,
    at: int,
    cancelled_at: int | None,
) -> None:
    """An `invoice_payment`: paid at once, or open until it is cancelled."""
    is_paid = cancelled_at is None
    record = Record(
        stripe_id("invoice_payment", finance.counter.next("invoice_payment")),
        at,
        {
            "object": "invoice_payment",
            "invoice": invoice_id,
            "payment": {"type": "payment_intent", "payment_intent": intent},
            "status": "paid" if is_paid else "open",
            "currency": currency.lower(),
            "amount_requested": cents,
            "amount_paid": cents if is_paid else None,
            "is_default": True,
            "status_transitions": {"paid_at": at if is_paid else None, "canceled_at": None},
            "livemode": False,
            "created": at,
        },
    )
    if cancelled_at is not None:
        record.change(
            cancelled_at,
            status="canceled",
            status_transitions={"paid_at": None, "canceled_at": cancelled_at},
        )
    finance.application_records.append(record)


def _refund(random: Random, finance: Finance, payment: Payment) -> None:
    """Gives back all or part of a payment, at once or in several refunds, up to 100 days later."""
    rota = finance.rota
    if not rota.turn("refunded payment", every=17, first=4):
        return
    if rota.turn("failed refund", every=6, first=2):
        _failed_refund(finance, payment)
    parts = [payment.cents]
    if rota.turn("several refunds", every=4, first=2):
        third = payment.cents // 3
        parts = [third, third] if chance(random, 50) else [third, third, payment.cents - 2 * third]
    elif rota.turn("partial refund", every=2, first=1):
        parts = [payment.cents * random.randrange(5, 80) // 100]
    at, given_back = payment.paid_at, 0
    for cents in parts:
        soon = chance(random, 35)
        at += random.randrange(4 * DAY, 7 * DAY) if soon else random.randrange(8 * DAY, 33 * DAY)
        given_back += cents
        is_slow = chance(random, 20)
        record = _refund_record(finance, payment, cents, at, random.choice(_REASONS), is_slow)
        if is_slow:
            record.change(at + random.randrange(HOUR, 2 * DAY), status="succeeded")
        payment.refunds.append(Refund(record.id, cents, at))
        payment.record.change(at, amount_refunded=given_back, refunded=given_back == payment.cents)


def _failed_refund(finance: Finance, payment: Payment) -> None:
    at = payment.paid_at + 3 * DAY + HOUR
    record = _refund_record(finance, payment, payment.cents, at, None, is_slow=True)
    record.change(at + DAY, status="failed")


def _refund_record(
    finance: Finance, payment: Payment, cents: int, at: int, reason: str | None, is_slow: bool
) -> Record:
    record = Record(
        stripe_id("refund", finance.counter.next("refund")),
        at,
        {
            "object": "refund",
            "charge": payment.id,
            "payment_intent": payment.record.first_state["payment_intent"],
            "status": "pending" if is_slow else "succeeded",
            "currency": payment.currency.lower(),
            "amount": cents,
            "reason": reason,
            "created": at,
        },
    )
    finance.refund_records.append(record)
    return record
