"""Credit notes: the papers for money that was given back, and a few that were taken back again."""

from __future__ import annotations

from company.world.calendar import DAY
from company.world.ids import stripe_id
from company.world.money import Finance, Invoice, Payment, Refund, taxes
from company.world.records import Record

_REASONS = ("order_change", "product_unsatisfactory", "duplicate", None)


def credit(finance: Finance) -> None:
    """Two of three refunds of a payment for one invoice get a credit note in the same second."""
    invoices = {invoice.id: invoice for invoice in finance.invoices}
    for payment in finance.payments:
        paid = [invoices.get(application.invoice_id) for application in payment.applications]
        invoice = paid[0] if len(paid) == 1 else None
        if invoice is None or invoice.is_dead or not invoice.customer:
            continue
        if payment.cents > invoice.gross:
            continue
        for refund in payment.refunds:
            if not finance.rota.turn("refund without a credit note", every=3, first=3):
                _credit_note(finance, invoice, payment, refund)


def _credit_note(finance: Finance, invoice: Invoice, payment: Payment, refund: Refund) -> None:
    number = finance.counter.next("credit_note")
    net = refund.cents * invoice.net // invoice.gross
    line = {
        "id": stripe_id("credit_note_line", number),
        "object": "credit_note_line_item",
        "type": "custom_line_item",
        "amount": net,
        "quantity": 1,
    }
    note_id = stripe_id("credit_note", number)
    record = Record(
        note_id,
        refund.at,
        {
            "object": "credit_note",
            "customer": invoice.customer,
            "invoice": invoice.id,
            "number": f"{finance.tenant.name[:2].upper()}-CN-{number:05}",
            "status": "issued",
            "type": "post_payment",
            "reason": _REASONS[number % len(_REASONS)],
            "currency": payment.currency.lower(),
            "amount": refund.cents,
            "subtotal": net,
            "total": refund.cents,
            "total_excluding_tax": net,
            "total_taxes": taxes(net, refund.cents - net),
            "post_payment_amount": refund.cents,
            "pre_payment_amount": 0,
            "refunds": [{"type": "refund", "refund": refund.id, "amount_refunded": refund.cents}],
            "lines": {
                "object": "list",
                "data": [line],
                "has_more": False,
                "url": f"/v1/credit_notes/{note_id}/lines",
            },
            "effective_at": refund.at,
            "voided_at": None,
            "livemode": False,
            "created": refund.at,
        },
    )
    if finance.rota.turn("credit note void", every=9, first=2):
        record.change(refund.at + 2 * DAY, status="void", voided_at=refund.at + 2 * DAY)
    finance.credit_note_records.append(record)
