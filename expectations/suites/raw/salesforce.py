"""What is expected of a row from Salesforce."""

from __future__ import annotations

from expectations.suites.raw.rules import RowRule, between, known_currency, not_negative, one_of

_PERCENT = "Salesforce gives percent; outside 0..100 a weighted amount is nonsense."
_AMOUNT = "A deal is worth nothing or something; money given back is a refund."


def account() -> tuple[RowRule, ...]:
    return (known_currency("currency_iso_code"),)


def user() -> tuple[RowRule, ...]:
    return (
        RowRule(
            name="employment_ends_after_it_starts",
            field="end_date",
            fault="end_date < hire_date",
            why="A rep who left before the first day would own no deal at any time.",
            fix="correct Hire_Date__c or End_Date__c of the user",
            owner="sales_operations",
        ),
    )


def lead() -> tuple[RowRule, ...]:
    return (
        RowRule(
            name="conversion_has_a_date",
            field="converted_date",
            fault="is_converted and converted_date is null",
            why="A conversion without a date cannot be placed in any period.",
            fix="export the lead again; Salesforce sets ConvertedDate itself",
            owner="sales_operations",
        ),
    )


def opportunity() -> tuple[RowRule, ...]:
    return (
        not_negative("amount", _AMOUNT),
        between("probability", 0, 100, _PERCENT),
        known_currency("currency_iso_code"),
        RowRule(
            name="won_is_closed",
            field="is_won",
            fault="is_won and not is_closed",
            why="A deal that is won and still open counts twice: in the pipeline and as a sale.",
            fix="close the opportunity, or take the win back",
            owner="sales_operations",
        ),
    )


def opportunity_line_item() -> tuple[RowRule, ...]:
    return (
        not_negative("quantity", "A return is a credit note, not a line of a deal."),
        known_currency("currency_iso_code"),
    )


def opportunity_contact_role() -> tuple[RowRule, ...]:
    return ()


def task() -> tuple[RowRule, ...]:
    return (not_negative("call_duration_seconds", "No call lasts less than nothing."),)


def lead_history() -> tuple[RowRule, ...]:
    return ()


def opportunity_history() -> tuple[RowRule, ...]:
    return (
        not_negative("amount", _AMOUNT),
        between("probability", 0, 100, _PERCENT),
        known_currency("currency_iso_code"),
    )


def opportunity_field_history() -> tuple[RowRule, ...]:
    return ()


def product() -> tuple[RowRule, ...]:
    return ()


def contract() -> tuple[RowRule, ...]:
    return (
        known_currency("currency_iso_code"),
        one_of(
            "status",
            ("Draft", "In Approval Process", "Activated"),
            "A status the models do not know would be taken for a draft.",
        ),
        RowRule(
            name="contract_ends_after_it_starts",
            field="end_date",
            fault="end_date < start_date",
            why="A contract that ended before it began would bring revenue to no month.",
            fix="correct the start date or the term of the contract",
            owner="sales_operations",
        ),
    )


def contact() -> tuple[RowRule, ...]:
    return ()


def quote() -> tuple[RowRule, ...]:
    return (
        not_negative("total_price", _AMOUNT),
        known_currency("currency_iso_code"),
        one_of(
            "status",
            (
                "Draft",
                "Needs Review",
                "In Review",
                "Approved",
                "Rejected",
                "Presented",
                "Accepted",
                "Denied",
            ),
            "A status the models do not know would be taken for a draft.",
        ),
    )


def campaign() -> tuple[RowRule, ...]:
    return (
        not_negative("actual_cost", "Money spent is positive; a refund of it lowers the cost."),
        known_currency("currency_iso_code"),
    )


def campaign_member() -> tuple[RowRule, ...]:
    return ()
