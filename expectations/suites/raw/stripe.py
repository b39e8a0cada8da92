"""What is expected of a row from Stripe. Amounts are in minor units, times are epoch seconds."""

from __future__ import annotations

from expectations.suites.raw.rules import (
    RowRule,
    known_currency,
    not_negative,
    one_of,
    plausible_epoch,
)

_STATUS = "A status the models do not know would be counted as nothing."
_CASH = "Cash that flows back is a refund, never a negative payment."
_INVOICE = "A negative invoice is a credit note; as an invoice it would lower revenue silently."


def customer() -> tuple[RowRule, ...]:
    return (known_currency("currency"), plausible_epoch("created"))


def invoice() -> tuple[RowRule, ...]:
    return (
        not_negative("total_excluding_tax", _INVOICE),
        RowRule(
            name="net_present",
            field="total_excluding_tax",
            fault="total is not null and total_excluding_tax is null",
            why="Without it nobody can tell what of the total is revenue and what is tax.",
            fix="look at the API version that the reply names: older ones have other fields",
        ),
        RowRule(
            name="tax_not_negative",
            field="total_excluding_tax",
            fault="total_excluding_tax > total",
            why="Net revenue is derived from net and gross: tax is added, never taken off.",
            fix="correct the taxes of the invoice: total = total_excluding_tax + tax",
            owner="finance",
        ),
        known_currency("currency"),
        one_of("status", ("draft", "open", "paid", "void", "uncollectible"), _STATUS),
        plausible_epoch("created"),
        plausible_epoch("due_date"),
        plausible_epoch("finalized_at"),
        plausible_epoch("voided_at"),
    )


def invoice_line() -> tuple[RowRule, ...]:
    return (
        known_currency("currency"),
        plausible_epoch("period_start"),
        plausible_epoch("period_end"),
    )


def charge() -> tuple[RowRule, ...]:
    return (
        not_negative("amount", _CASH),
        known_currency("currency"),
        one_of("status", ("succeeded", "pending", "failed"), _STATUS),
        plausible_epoch("created"),
    )


def invoice_payment() -> tuple[RowRule, ...]:
    return (
        not_negative("amount_paid", _CASH),
        known_currency("currency"),
        one_of("status", ("open", "paid", "canceled"), _STATUS),
        plausible_epoch("created"),
        plausible_epoch("paid_at"),
    )


def refund() -> tuple[RowRule, ...]:
    return (
        not_negative("amount", "A refund is positive; negative, it would add to the cash."),
        known_currency("currency"),
        one_of(
            "status", ("succeeded", "pending", "failed", "canceled", "requires_action"), _STATUS
        ),
        plausible_epoch("created"),
    )


def credit_note() -> tuple[RowRule, ...]:
    return (
        not_negative("total_excluding_tax", "A credit note is positive: it takes off by its kind."),
        not_negative("total", "A credit note is positive: it takes off by its kind."),
        known_currency("currency"),
        one_of("status", ("issued", "void"), _STATUS),
        plausible_epoch("created"),
        plausible_epoch("issued_at"),
        plausible_epoch("voided_at"),
    )


def subscription() -> tuple[RowRule, ...]:
    return (
        known_currency("currency"),
        one_of(
            "status",
            (
                "incomplete",
                "incomplete_expired",
                "trialing",
                "active",
                "past_due",
                "unpaid",
                "canceled",
                "paused",
            ),
            _STATUS,
        ),
        RowRule(
            name="items_complete",
            field="has_more_items",
            fault="has_more_items",
            why="A subscription that shows some of its items only would look cheaper than it is.",
            fix="split the subscription at the vendor: so many items do not fit into one reply",
        ),
        plausible_epoch("created"),
        plausible_epoch("start_date"),
        plausible_epoch("cancel_at"),
        plausible_epoch("ended_at"),
    )


def product() -> tuple[RowRule, ...]:
    return (plausible_epoch("created"), plausible_epoch("updated"))
