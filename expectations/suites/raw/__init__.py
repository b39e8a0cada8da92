"""The raw gate's suites: what every load owes, and what the rows of each resource owe."""

from __future__ import annotations

from collections.abc import Callable

from expectations.suites.raw import (
    files,
    request_tracker,
    roundup,
    salesforce,
    stripe,
    tryton,
    zendesk,
)
from expectations.suites.raw.rules import RowRule

# By `<source>.<resource>`. A resource that is not here fails the raw gate: nothing lands unjudged.
ROW_RULES: dict[str, Callable[[], tuple[RowRule, ...]]] = {
    "salesforce.account": salesforce.account,
    "salesforce.user": salesforce.user,
    "salesforce.lead": salesforce.lead,
    "salesforce.opportunity": salesforce.opportunity,
    "salesforce.opportunity_line_item": salesforce.opportunity_line_item,
    "salesforce.opportunity_contact_role": salesforce.opportunity_contact_role,
    "salesforce.task": salesforce.task,
    "salesforce.product": salesforce.product,
    "salesforce.contract": salesforce.contract,
    "salesforce.contact": salesforce.contact,
    "salesforce.quote": salesforce.quote,
    "salesforce.campaign": salesforce.campaign,
    "salesforce.campaign_member": salesforce.campaign_member,
    "salesforce.lead_history": salesforce.lead_history,
    "salesforce.opportunity_history": salesforce.opportunity_history,
    "salesforce.opportunity_field_history": salesforce.opportunity_field_history,
    "stripe.customer": stripe.customer,
    "stripe.invoice": stripe.invoice,
    "stripe.invoice_line": stripe.invoice_line,
    "stripe.charge": stripe.charge,
    "stripe.invoice_payment": stripe.invoice_payment,
    "stripe.refund": stripe.refund,
    "stripe.credit_note": stripe.credit_note,
    "stripe.subscription": stripe.subscription,
    "stripe.product": stripe.product,
    "zendesk.organization": zendesk.organization,
    "zendesk.user": zendesk.user,
    "zendesk.ticket": zendesk.ticket,
    "zendesk.ticket_event": zendesk.ticket_event,
    "zendesk.satisfaction_rating": zendesk.satisfaction_rating,
    "request_tracker.ticket": request_tracker.ticket,
    "request_tracker.ticket_event": request_tracker.ticket_event,
    "roundup.issue": roundup.issue,
    "roundup.msg": roundup.msg,
    "roundup.user": roundup.user,
    "tryton.party": tryton.party,
    "tryton.contact_mechanism": tryton.contact_mechanism,
    "tryton.employee": tryton.employee,
    "tryton.user": tryton.user,
    "tryton.opportunity": tryton.opportunity,
    "tryton.opportunity_revision": tryton.opportunity,
    "tryton.opportunity_line": tryton.opportunity_line,
    "tryton.product": tryton.product,
    "tryton.sale": tryton.sale,
    "tryton.sale_line": tryton.sale_line,
    "tryton.invoice": tryton.invoice,
    "tryton.invoice_line": tryton.invoice_line,
    "tryton.account": tryton.account,
    "tryton.move": tryton.move,
    "tryton.move_line": tryton.move_line,
    "tryton.payment": tryton.payment,
    "files.account": files.account,
    "files.rep": files.rep,
    "files.lead": files.lead,
    "files.opportunity": files.opportunity,
    "files.opportunity_line": files.opportunity_line,
    "files.opportunity_contact": files.opportunity_contact,
    "files.contact": files.contact,
    "files.quote": files.quote,
    "files.campaign_touch": files.campaign_touch,
    "files.channel_spend": files.channel_spend,
    "files.stage_event": files.stage_event,
    "files.field_change": files.field_change,
    "files.activity": files.activity,
    "files.blocker": files.blocker,
    "files.invoice": files.invoice,
    "files.invoice_line": files.invoice_line,
    "files.credit_note": files.credit_note,
    "files.contract": files.contract,
    "files.subscription_period": files.subscription_period,
    "files.journal_line": files.journal_line,
    "files.product": files.product,
    "files.payment": files.payment,
    "files.payment_application": files.payment_application,
    "files.refund": files.refund,
    "files.payroll_line": files.payroll_line,
    "files.ticket": files.ticket,
    "files.ticket_event": files.ticket_event,
    "files.csat_response": files.csat_response,
}


def row_rules(source: str, resource: str) -> tuple[RowRule, ...]:
    """The row rules declared for a resource. Raises LookupError when nobody declared any."""
    try:
        return ROW_RULES[f"{source}.{resource}"]()
    except KeyError:
        raise LookupError(
            f"{source}.{resource} has no raw suite; "
            "declare its rules in expectations/suites/raw and list it in ROW_RULES"
        ) from None
