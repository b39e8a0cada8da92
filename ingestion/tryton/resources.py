"""What is read from Tryton, one `Resource` a model.

`last_modified_at` is Tryton's own: the last write, or the creation as long as there was none.
Nothing tells of a deletion, so all but the history are swept. The overlap covers transactions that
commit later than the time they are stamped with.
"""

from __future__ import annotations

from datetime import timedelta

from ingestion.resource import Column, Cursor, Resource

HISTORY = "#history"
"""Ends the endpoint of a resource that reads the revisions of a model."""

_CURSOR = Cursor("modified_at", overlap=timedelta(hours=1))
# true and false on PostgreSQL, 1 and 0 on SQLite.
_ACTIVE = Column("active", "string")
_TIMES = (
    Column("created_at", "timestamp", "create_date"),
    Column("modified_at", "timestamp", "last_modified_at"),
)


def _model(name: str, model: str, *columns: Column) -> Resource:
    """A model whose rows change, and are deleted without a trace."""
    return Resource(
        name=name,
        key="id",
        endpoint=model,
        columns=(Column("id", "string"), *columns, *_TIMES, Column("is_deleted", "boolean")),
        cursor=_CURSOR,
        modified_at="modified_at",
        deleted_flag="is_deleted",
        sweep=True,
    )


_OPPORTUNITY = (
    Column("number", "string"),
    Column("description", "string"),
    Column("party", "string"),
    Column("employee", "string"),
    Column("state", "string"),
    Column("amount", "decimal(18,2)"),
    Column("currency_code", "string", "currency..code"),
    Column("conversion_probability", "decimal(18,6)"),
    Column("start_date", "date"),
    Column("end_date", "date"),
    Column("lost_reason", "string"),
    Column("changed_by", "string", "write_uid"),
    Column("created_by", "string", "create_uid"),
)

RESOURCES: tuple[Resource, ...] = (
    _model(
        "party",
        "party.party",
        Column("name", "string"),
        Column("code", "string"),
        Column("website", "string"),
        _ACTIVE,
        Column("replaced_by", "string"),
    ),
    # Mail addresses, phone numbers and others: of the value, what follows an @ is kept.
    _model(
        "contact_mechanism",
        "party.contact_mechanism",
        Column("party", "string"),
        Column("type", "string"),
        Column("email_domain", "string", "value", personal="domain"),
        _ACTIVE,
    ),
    _model(
        "employee",
        "company.employee",
        Column("party", "string"),
        Column("supervisor", "string"),
        Column("start_date", "date"),
        Column("end_date", "date"),
        _ACTIVE,
    ),
    _model("user", "res.user", Column("employee", "string"), _ACTIVE),
    _model("opportunity", "sale.opportunity", *_OPPORTUNITY),
    Resource(
        name="opportunity_revision",
        key="id",
        endpoint=f"sale.opportunity{HISTORY}",
        columns=(
            Column("id", "string", also="last_modified_at"),
            Column("opportunity", "string", "id"),
            *_OPPORTUNITY,
            *_TIMES,
        ),
        cursor=_CURSOR,
        modified_at="modified_at",
    ),
    _model(
        "opportunity_line",
        "sale.opportunity.line",
        Column("opportunity", "string"),
        Column("product", "string"),
        Column("quantity", "decimal(18,6)"),
    ),
    _model(
        "product",
        "product.product",
        Column("code", "string"),
        Column("name", "string"),
        _ACTIVE,
    ),
    _model(
        "sale",
        "sale.sale",
        Column("number", "string"),
        Column("party", "string"),
        Column("origin", "string"),
        Column("state", "string"),
        Column("untaxed_amount", "decimal(18,2)"),
        Column("currency_code", "string", "currency..code"),
    ),
    _model("sale_line", "sale.line", Column("sale", "string")),
    _model(
        "invoice",
        "account.invoice",
        Column("number", "string"),
        Column("type", "string"),
        Column("state", "string"),
        Column("party", "string"),
        Column("currency_code", "string", "currency..code"),
        Column("invoice_date", "date"),
        Column("untaxed_amount", "decimal(18,2)"),
        Column("tax_amount", "decimal(18,2)"),
        Column("total_amount", "decimal(18,2)"),
        Column("account", "string"),
        Column("move", "string"),
        Column("cancel_move", "string"),
    ),
    _model(
        "invoice_line",
        "account.invoice.line",
        Column("invoice", "string"),
        Column("type", "string"),
        Column("origin", "string"),
        Column("product", "string"),
        Column("quantity", "decimal(18,6)"),
        Column("unit_price", "decimal(18,6)"),
        Column("amount", "decimal(18,2)"),
    ),
    _model(
        "account",
        "account.account",
        Column("code", "string"),
        Column("name", "string"),
        Column("type", "string", "type..name"),
        Column("is_receivable", "string", "type..receivable"),
    ),
    # Posting an entry does not write its lines.
    _model("move", "account.move", Column("state", "string")),
    _model(
        "move_line",
        "account.move.line",
        Column("move", "string"),
        Column("account", "string"),
        Column("party", "string"),
        Column("date", "date"),
        Column("maturity_date", "date"),
        Column("debit", "decimal(18,2)"),
        Column("credit", "decimal(18,2)"),
        Column("currency_code", "string", "currency..code"),
        Column("amount_second_currency", "decimal(18,2)"),
        Column("second_currency_code", "string", "second_currency..code"),
        Column("reconciliation", "string"),
        # The invoice that the line pays: the model between the two cannot be read by itself.
        Column("invoice_payment", "string"),
        Column("description", "string"),
    ),
    _model(
        "payment",
        "account.payment",
        Column("kind", "string"),
        Column("state", "string"),
        Column("party", "string"),
        Column("line", "string"),
        Column("date", "date"),
        Column("amount", "decimal(18,2)"),
        Column("currency_code", "string", "currency..code"),
    ),
)
