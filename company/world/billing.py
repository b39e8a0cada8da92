"""What the invoices bill: lines that sum to each net amount, and the subscriptions behind some.

A deal that is invoiced in three or four equal instalments is a subscription to its main product,
billed month by month; every other invoice sells what the deal's lines say.
"""

from __future__ import annotations

from dataclasses import dataclass

from company.world.calendar import months_later
from company.world.ids import stripe_id
from company.world.lines import Sold
from company.world.money import Finance, Invoice
from company.world.products import BY_CODE, Product
from company.world.records import Record, State

_SERVICE = BY_CODE["SVC-INST"]
_DAYS_OF_SERVICE = 12
"""Some services are billed by the day: more lines than a reply of Stripe's holds of an invoice."""


@dataclass(frozen=True, slots=True)
class _Subscription:
    """One subscription of one item; `starts` are those of its periods, the last is its end."""

    id: str
    item: str
    product: Product
    prices: tuple[str, str]
    cents: int
    starts: tuple[int, ...]
    repriced_at: int | None


def bill(finance: Finance, sold: dict[str, list[Sold]]) -> None:
    """Gives every invoice its lines, and the finance system its subscriptions."""
    subscriptions = _subscriptions(finance, sold)
    for invoice in finance.invoices:
        subscription = subscriptions.get(invoice.deal.id) if invoice.deal else None
        if subscription is not None and invoice.net == subscription.cents:
            lines = _period_lines(finance, invoice, subscription)
        else:
            lines = _sale_lines(finance, invoice, sold)
        invoice.record.first_state["lines"] = {
            "object": "list",
            "data": lines,
            "has_more": False,
            "url": f"/v1/invoices/{invoice.id}/lines",
        }


def _sale_lines(finance: Finance, invoice: Invoice, sold: dict[str, list[Sold]]) -> list[State]:
    """The invoice's share of what the deal sold; services without a deal by the job or the day."""
    if invoice.deal is None:
        by_day = finance.rota.turn("service billed by the day", every=4, first=1)
        count = _DAYS_OF_SERVICE if by_day else 1
        parts = [Sold(_SERVICE, 1, invoice.net // count)] * (count - 1)
    else:
        total = sum(part.cents for part in sold[invoice.deal.id])
        parts = [
            Sold(part.product, part.quantity, invoice.net * part.cents // total)
            for part in sold[invoice.deal.id][1:]
        ]
    first = _SERVICE if invoice.deal is None else sold[invoice.deal.id][0].product
    rest = invoice.net - sum(part.cents for part in parts)
    lines = []
    for part in (Sold(first, 1, rest), *parts):
        if not part.cents:
            continue
        quantity = part.quantity if part.cents % part.quantity == 0 else 1
        item = stripe_id("invoice_item", finance.counter.next("invoice_item"))
        parent: State = {
            "type": "invoice_item_details",
            "invoice_item_details": {
                "invoice_item": item,
                "proration": False,
                "subscription": None,
            },
            "subscription_item_details": None,
        }
        at = invoice.record.created_at
        price = stripe_id("price", part.product.number)
        lines.append(
            _line(finance, invoice, part.product, price, quantity, part.cents, (at, at), parent)
        )
    return lines


def _period_lines(finance: Finance, invoice: Invoice, subscription: _Subscription) -> list[State]:
    """The period that the invoice bills; a new price mid-way brings two prorations, in balance."""
    begins, ends = subscription.starts[invoice.part : invoice.part + 2]
    repriced_at = subscription.repriced_at
    is_repriced = repriced_at is not None and begins >= repriced_at
    old, new = subscription.prices
    bills = [(new if is_repriced else old, subscription.cents, (begins, ends), False)]
    if repriced_at is not None and invoice.part == 1:
        unused = subscription.cents // 2
        bills += [
            (old, -unused, (repriced_at, begins), True),
            (new, unused, (repriced_at, begins), True),
        ]
    lines = []
    for price, cents, period, is_proration in bills:
        parent: State = {
            "type": "subscription_item_details",
            "invoice_item_details": None,
            "subscription_item_details": {
                "invoice_item": None,
                "proration": is_proration,
                "subscription": subscription.id,
                "subscription_item": subscription.item,
            },
        }
        lines.append(_line(finance, invoice, subscription.product, price, 1, cents, period, parent))
    return lines


def _line(
    finance: Finance,
    invoice: Invoice,
    product: Product,
    price: str,
    quantity: int,
    cents: int,
    period: tuple[int, int],
    parent: State,
) -> State:
    begins, ends = period
    return {
        "id": stripe_id("line_item", finance.counter.next("line_item")),
        "object": "line_item",
        "invoice": invoice.id,
        "amount": cents,
        "subtotal": cents,
        "discount_amounts": [],
        "currency": invoice.currency.lower(),
        "quantity": quantity,
        "quantity_decimal": str(quantity),
        "period": {"start": begins, "end": ends},
        "parent": parent,
        "pricing": {
            "type": "price_details",
            "price_details": {"price": price, "product": product.finance_id},
            "unit_amount_decimal": str(cents // quantity),
        },
    }


def _subscriptions(finance: Finance, sold: dict[str, list[Sold]]) -> dict[str, _Subscription]:
    """Deal id -> its subscription; the finance system gets the records."""
    of_deal: dict[str, list[Invoice]] = {}
    for invoice in finance.invoices:
        if invoice.deal is not None and invoice.issued_at is not None:
            of_deal.setdefault(invoice.deal.id, []).append(invoice)
    known = {customer.id for customer in finance.customers}
    found = {}
    for deal_id, invoices in of_deal.items():
        first = invoices[0]
        is_regular = first.parts >= 3 and {invoice.net for invoice in invoices} == {first.net}
        payers = {invoice.customer for invoice in invoices}
        if is_regular and len(payers) == 1 and payers <= known:
            found[deal_id] = _subscribe(finance, first, sold[deal_id][0].product)
    return found


def _subscribe(finance: Finance, first: Invoice, product: Product) -> _Subscription:
    """The subscription that begins with the first invoice and ends after the last period."""
    zone, number = finance.tenant.zone, finance.counter.next("subscription")
    begins = first.issued_at or 0
    starts = tuple(months_later(begins, month, zone) for month in range(first.parts + 1))
    is_repriced = finance.rota.turn("subscription repriced", every=5, first=2)
    subscription = _Subscription(
        stripe_id("subscription", number),
        stripe_id("subscription_item", number),
        product,
        (stripe_id("price", 100 + 2 * number), stripe_id("price", 101 + 2 * number)),
        first.net,
        starts,
        (starts[0] + starts[1]) // 2 if is_repriced else None,
    )
    record = Record(
        subscription.id,
        begins,
        {
            "object": "subscription",
            "customer": first.customer,
            "status": "active",
            "currency": first.currency.lower(),
            "start_date": begins,
            "cancel_at": starts[-1],
            "canceled_at": None,
            "ended_at": None,
            "items": _items(subscription, first.currency, 0, begins),
            "metadata": {"opportunity_id": first.reference} if first.reference else {},
            "livemode": False,
            "created": begins,
        },
    )
    if subscription.repriced_at is not None:
        at = subscription.repriced_at
        record.change(at, items=_items(subscription, first.currency, 0, at))
    for period, at in enumerate(starts[1:-1], start=1):
        record.change(at, items=_items(subscription, first.currency, period, at))
    record.change(starts[-1], status="canceled", canceled_at=starts[-1], ended_at=starts[-1])
    finance.subscription_records.append(record)
    return subscription


def _items(subscription: _Subscription, currency: str, period: int, at: int) -> State:
    """Stripe's list of the subscription's items, as it is at an instant."""
    is_repriced = subscription.repriced_at is not None and at >= subscription.repriced_at
    item: State = {
        "id": subscription.item,
        "object": "subscription_item",
        "subscription": subscription.id,
        "quantity": 1,
        "current_period_start": subscription.starts[period],
        "current_period_end": subscription.starts[period + 1],
        "created": subscription.starts[0],
        "price": {
            "id": subscription.prices[is_repriced],
            "object": "price",
            "product": subscription.product.finance_id,
            "currency": currency.lower(),
            "unit_amount": subscription.cents,
            "unit_amount_decimal": str(subscription.cents),
            "recurring": {"interval": "month", "interval_count": 1},
        },
    }
    return {
        "object": "list",
        "data": [item],
        "has_more": False,
        "url": f"/v1/subscription_items?subscription={subscription.id}",
    }
