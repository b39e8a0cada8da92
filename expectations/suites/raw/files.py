"""What is expected of a row from a delivered file, by canonical entity."""

from __future__ import annotations

from expectations.suites.raw.rules import (
    RowRule,
    between,
    known_currency,
    not_negative,
    one_of,
)

_CASH = "Cash that flows back is a refund, never a negative payment."


def account() -> tuple[RowRule, ...]:
    return (
        known_currency("currency_code"),
        one_of(
            "account_role",
            ("crm", "finance", "support"),
            "An account of no known view is matched to nobody.",
        ),
    )


def rep() -> tuple[RowRule, ...]:
    return (
        RowRule(
            name="employment_ends_after_it_starts",
            field="ended_on",
            fault="ended_on < hired_on",
            why="A rep who left before the first day would own no deal at any time.",
            fix="correct hired_on or ended_on",
            owner="sales_operations",
        ),
    )


def lead() -> tuple[RowRule, ...]:
    return ()


def opportunity() -> tuple[RowRule, ...]:
    return (
        not_negative("amount", "A deal is worth nothing or something."),
        known_currency("currency_code"),
        RowRule(
            name="probability_rate_in_range",
            field="probability_rate",
            fault="probability_rate < 0 or probability_rate > 1",
            why="A probability in percent would make the weighted pipeline 100 times too large.",
            fix="divide by 100 in the mapping: 0..1",
        ),
    )


def opportunity_line() -> tuple[RowRule, ...]:
    return (
        not_negative("quantity", "A return is a credit note, not a line of a deal."),
        known_currency("currency_code"),
    )


def opportunity_contact() -> tuple[RowRule, ...]:
    return ()


def contact() -> tuple[RowRule, ...]:
    return (
        RowRule(
            name="email_domain_is_no_address",
            field="email_domain",
            fault="contains(email_domain, '@')",
            why="An address is personal: only what follows its @ may be kept.",
            fix="cut the address in the file; then have the earlier delivery erased",
        ),
    )


def quote() -> tuple[RowRule, ...]:
    return (
        not_negative("net_amount", "A quote offers something for nothing or for money."),
        known_currency("currency_code"),
        one_of(
            "status",
            ("draft", "sent", "accepted", "rejected"),
            "A status the models do not know would be counted as nothing.",
        ),
    )


def campaign_touch() -> tuple[RowRule, ...]:
    return ()


def channel_spend() -> tuple[RowRule, ...]:
    return (
        not_negative("amount", "Money spent is positive; a refund of it lowers the amount."),
        known_currency("currency_code"),
    )


def stage_event() -> tuple[RowRule, ...]:
    return (
        not_negative("amount", "A deal is worth nothing or something."),
        known_currency("currency_code"),
        one_of(
            "record_type",
            ("lead", "opportunity"),
            "Only leads and opportunities move through the funnel.",
        ),
    )


def field_change() -> tuple[RowRule, ...]:
    return ()


def activity() -> tuple[RowRule, ...]:
    return (between("duration_minutes", 0, 1440, "No meeting lasts longer than a day."),)


def blocker() -> tuple[RowRule, ...]:
    return ()


def invoice() -> tuple[RowRule, ...]:
    return (
        not_negative("net_amount", "A negative invoice is a credit note."),
        not_negative("tax_amount", "A negative invoice is a credit note."),
        not_negative("gross_amount", "A negative invoice is a credit note."),
        RowRule(
            name="gross_adds_up",
            field="gross_amount",
            fault="gross_amount <> net_amount + tax_amount",
            why="Net revenue is derived from net and gross: they must agree to the cent.",
            fix="correct the invoice: gross_amount = net_amount + tax_amount",
            owner="finance",
        ),
        known_currency("currency_code"),
    )


def invoice_line() -> tuple[RowRule, ...]:
    # A line may be negative: a discount, or a credit for unused time.
    return (known_currency("currency_code"),)


def credit_note() -> tuple[RowRule, ...]:
    why = "A credit note is positive: it takes off by its kind."
    return (
        not_negative("net_amount", why),
        not_negative("tax_amount", why),
        not_negative("gross_amount", why),
        known_currency("currency_code"),
    )


def contract() -> tuple[RowRule, ...]:
    return (
        known_currency("currency_code"),
        one_of(
            "status",
            ("draft", "active", "paused", "ended"),
            "A status the models do not know would be counted as nothing.",
        ),
    )


def subscription_period() -> tuple[RowRule, ...]:
    return (
        not_negative("amount", "A price below zero is a credit note."),
        known_currency("currency_code"),
        RowRule(
            name="period_has_a_length",
            field="period_end_at",
            fault="period_end_at <= period_start_at",
            why="A period without a length cannot be spread over months.",
            fix="correct period_start_at or period_end_at, which is exclusive",
        ),
    )


def journal_line() -> tuple[RowRule, ...]:
    return (known_currency("currency_code"),)


def product() -> tuple[RowRule, ...]:
    return ()


def payment() -> tuple[RowRule, ...]:
    return (not_negative("amount", _CASH), known_currency("currency_code"))


def payment_application() -> tuple[RowRule, ...]:
    return (not_negative("amount", _CASH), known_currency("currency_code"))


def refund() -> tuple[RowRule, ...]:
    return (
        not_negative("amount", "A refund is positive; negative, it would add to the cash."),
        known_currency("currency_code"),
    )


def payroll_line() -> tuple[RowRule, ...]:
    # Payroll lines may be negative: pay taken back is a line of its own.
    return (known_currency("currency_code"),)


def ticket() -> tuple[RowRule, ...]:
    return ()


def ticket_event() -> tuple[RowRule, ...]:
    return ()


def csat_response() -> tuple[RowRule, ...]:
    return (
        one_of(
            "score",
            ("positive", "neutral", "negative", "offered"),
            "A score that is none of these would leave the rate silently.",
        ),
    )
