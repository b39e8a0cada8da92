"""What is expected of a row from Tryton. Amounts of a credit note are negative."""

from __future__ import annotations

from expectations.suites.raw.rules import RowRule, between, known_currency, not_negative, one_of

_STATE = "A state the models do not know would be counted as nothing."
_AMOUNT = "A deal is worth nothing or something; money given back is a refund."
_ODDS = "Tryton gives a share; outside 0..1 a weighted amount is nonsense."
_DEAL_STATES = ("lead", "opportunity", "converted", "won", "lost", "cancelled")


def party() -> tuple[RowRule, ...]:
    return ()


def contact_mechanism() -> tuple[RowRule, ...]:
    return ()


def employee() -> tuple[RowRule, ...]:
    return (
        RowRule(
            name="employment_ends_after_it_starts",
            field="end_date",
            fault="end_date < start_date",
            why="A rep who left before the first day would own no deal at any time.",
            fix="correct the start or the end date of the employee",
            owner="sales_operations",
        ),
    )


def user() -> tuple[RowRule, ...]:
    return ()


def opportunity() -> tuple[RowRule, ...]:
    return (
        not_negative("amount", _AMOUNT),
        between("conversion_probability", 0, 1, _ODDS),
        known_currency("currency_code"),
        one_of("state", _DEAL_STATES, _STATE),
    )


def opportunity_line() -> tuple[RowRule, ...]:
    return (not_negative("quantity", "A return is a credit note, not a line of a deal."),)


def product() -> tuple[RowRule, ...]:
    return ()


def sale() -> tuple[RowRule, ...]:
    return (
        known_currency("currency_code"),
        one_of(
            "state",
            ("draft", "quotation", "confirmed", "processing", "done", "cancelled"),
            "A state the models do not know would be taken for an accepted quote.",
        ),
    )


def sale_line() -> tuple[RowRule, ...]:
    return ()


def invoice() -> tuple[RowRule, ...]:
    return (
        RowRule(
            name="total_adds_up",
            field="total_amount",
            fault="total_amount <> untaxed_amount + tax_amount",
            why="Net revenue is derived from net and gross: they must agree to the cent.",
            fix="compute the taxes of the invoice anew: total = untaxed + tax",
            owner="finance",
        ),
        known_currency("currency_code"),
        one_of("type", ("out", "in"), _STATE),
        one_of("state", ("draft", "validated", "posted", "paid", "cancelled"), _STATE),
    )


def invoice_line() -> tuple[RowRule, ...]:
    return (one_of("type", ("line", "subtotal", "title", "comment"), _STATE),)


def account() -> tuple[RowRule, ...]:
    return ()


def move() -> tuple[RowRule, ...]:
    return (one_of("state", ("draft", "posted"), _STATE),)


def move_line() -> tuple[RowRule, ...]:
    return (
        known_currency("currency_code"),
        known_currency("second_currency_code"),
    )


def payment() -> tuple[RowRule, ...]:
    return (
        not_negative("amount", "A payment order names what to collect; giving back is another."),
        known_currency("currency_code"),
        one_of("kind", ("receivable", "payable"), _STATE),
        one_of(
            "state", ("draft", "submitted", "approved", "processing", "succeeded", "failed"), _STATE
        ),
    )
