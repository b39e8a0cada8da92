"""What is read from Stripe. Amounts arrive in minor units and stay so until staging.

Invoices change after they are created (paid, voided), and a list can only be filtered by creation
time: the look-back re-reads the trailing window. What may change years later and is not many, is
read whole each time. `created` is epoch seconds.
"""

from __future__ import annotations

from datetime import timedelta

from ingestion.resource import Column, Cursor, Resource

LOOK_BACK = timedelta(days=180)
INVOICE_LINE = "invoice_line"
"""What is asked of each long invoice, not in one list."""

_LOOK_BACK = Cursor("created", overlap=LOOK_BACK)
_RECENT = Cursor("created", overlap=timedelta(days=30))


def _object(name: str, endpoint: str, cursor: Cursor | None, *columns: Column) -> Resource:
    return Resource(
        name=name,
        key="id",
        endpoint=endpoint,
        columns=(Column("id", "string"), *columns, Column("created", "bigint")),
        cursor=cursor,
        modified_at="created",
    )


RESOURCES: tuple[Resource, ...] = (
    _object(
        "customer",
        "/v1/customers",
        _LOOK_BACK,
        Column("name", "string"),
        Column("email", "string", personal="hash"),
        Column("currency", "string"),
        Column("crm_account_id", "string", "metadata.crm_account_id"),
        Column("domain", "string", "metadata.domain"),
    ),
    _object(
        "invoice",
        "/v1/invoices",
        _LOOK_BACK,
        Column("customer", "string"),
        Column("number", "string"),
        Column("status", "string"),
        Column("currency", "string"),
        # After discounts, before tax; `tax` itself left the object in 2025.
        Column("total_excluding_tax", "bigint"),
        Column("total", "bigint"),
        Column("due_date", "bigint"),
        Column("finalized_at", "bigint", "status_transitions.finalized_at"),
        Column("voided_at", "bigint", "status_transitions.voided_at"),
        Column("opportunity_id", "string", "metadata.opportunity_id"),
        Column("lines", "json", "lines.data"),
        Column("has_more_lines", "boolean", "lines.has_more"),
    ),
    # An invoice shows ten lines itself; of a longer one all are read here.
    Resource(
        name=INVOICE_LINE,
        key="id",
        endpoint="/v1/invoices/{invoice}/lines",
        columns=(
            Column("id", "string"),
            Column("invoice", "string"),
            Column("currency", "string"),
            Column("subtotal", "bigint"),
            Column("discount_amounts", "json"),
            Column("quantity_decimal", "decimal(18,2)"),
            Column("product", "string", "pricing.price_details.product"),
            Column("subscription", "string", "parent.subscription_item_details.subscription"),
            Column("is_period_proration", "boolean", "parent.subscription_item_details.proration"),
            Column("is_item_proration", "boolean", "parent.invoice_item_details.proration"),
            Column("period_start", "bigint", "period.start"),
            Column("period_end", "bigint", "period.end"),
        ),
        cursor=Cursor("period_start", opaque=True),
    ),
    _object(
        "charge",
        "/v1/charges",
        _RECENT,
        Column("customer", "string"),
        Column("payment_intent", "string"),
        Column("status", "string"),
        Column("currency", "string"),
        Column("amount", "bigint"),
    ),
    _object(
        "invoice_payment",
        "/v1/invoice_payments",
        _RECENT,
        Column("invoice", "string"),
        Column("payment_intent", "string", "payment.payment_intent"),
        Column("status", "string"),
        Column("currency", "string"),
        Column("amount_paid", "bigint"),
        Column("paid_at", "bigint", "status_transitions.paid_at"),
    ),
    _object(
        "refund",
        "/v1/refunds",
        _RECENT,
        Column("charge", "string"),
        Column("payment_intent", "string"),
        Column("status", "string"),
        Column("currency", "string"),
        Column("amount", "bigint"),
        Column("reason", "string"),
    ),
    _object(
        "credit_note",
        "/v1/credit_notes",
        _LOOK_BACK,
        Column("customer", "string"),
        Column("invoice", "string"),
        Column("number", "string"),
        Column("status", "string"),
        Column("reason", "string"),
        Column("currency", "string"),
        Column("total_excluding_tax", "bigint"),
        Column("total", "bigint"),
        Column("issued_at", "bigint", "effective_at"),
        Column("voided_at", "bigint"),
    ),
    _object(
        "subscription",
        "/v1/subscriptions",
        None,
        Column("customer", "string"),
        Column("status", "string"),
        Column("currency", "string"),
        Column("start_date", "bigint"),
        Column("cancel_at", "bigint"),
        Column("ended_at", "bigint"),
        Column("opportunity_id", "string", "metadata.opportunity_id"),
        Column("items", "json", "items.data"),
        Column("has_more_items", "boolean", "items.has_more"),
    ),
    _object(
        "product",
        "/v1/products",
        None,
        Column("name", "string"),
        Column("active", "boolean"),
        Column("code", "string", "metadata.code"),
        Column("family", "string", "metadata.family"),
        Column("updated", "bigint"),
    ),
)
