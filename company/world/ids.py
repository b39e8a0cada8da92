"""Vendor ids, made from a counter each: both tenants count from one, so their ids collide."""

from __future__ import annotations

_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_SUFFIX = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"

SALESFORCE_PREFIX = {
    "account": "001",
    "contact": "003",
    "contract": "800",
    "quote": "0Q0",
    "campaign": "701",
    "campaign_member": "00v",
    "user": "005",
    "opportunity": "006",
    "opportunity_history": "008",
    "opportunity_field_history": "017",
    "lead": "00Q",
    "task": "00T",
    "opportunity_line_item": "00k",
    "opportunity_contact_role": "00K",
    "lead_history": "018",
    "product": "01t",
    "price_book_entry": "01u",
}
STRIPE_PREFIX = {
    "customer": "cus_",
    "invoice": "in_",
    "charge": "ch_",
    "payment_intent": "pi_",
    "invoice_payment": "inpay_",
    "refund": "re_",
    "product": "prod_",
    "price": "price_",
    "line_item": "il_",
    "invoice_item": "ii_",
    "credit_note": "cn_",
    "credit_note_line": "cnli_",
    "subscription": "sub_",
    "subscription_item": "si_",
}
ZENDESK_BASE = {
    "organization": 360_000_000_000,
    "requester": 370_000_000_000,
    "agent": 375_000_000_000,
    "ticket": 0,
    "ticket_event": 380_000_000_000,
    "child_event": 385_000_000_000,
    "satisfaction_rating": 390_000_000_000,
}


def _base62(number: int, width: int) -> str:
    digits = []
    while number:
        number, rest = divmod(number, 62)
        digits.append(_BASE62[rest])
    return "".join(reversed(digits)).rjust(width, "0")


def salesforce_id(kind: str, number: int) -> str:
    """Salesforce's 18-character id: prefix, instance, base-62 counter and the case checksum."""
    short = SALESFORCE_PREFIX[kind] + "5g00000" + _base62(number, 5)
    checksum = "".join(
        _SUFFIX[sum(short[start + i].isupper() << i for i in range(5))] for start in (0, 5, 10)
    )
    return short + checksum


def stripe_id(kind: str, number: int) -> str:
    """Stripe's id: the kind's prefix and 16 characters."""
    return STRIPE_PREFIX[kind] + "1Qm" + _base62(number, 13)


def zendesk_id(kind: str, number: int) -> int:
    """Zendesk's numeric id."""
    return ZENDESK_BASE[kind] + number


class Counter:
    """Counts each kind from one. One counter per tenant and vendor."""

    def __init__(self) -> None:
        self._last: dict[str, int] = {}

    def next(self, kind: str) -> int:
        self._last[kind] = self._last.get(kind, 0) + 1
        return self._last[kind]
