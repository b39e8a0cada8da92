"""The canonical entities: what every source is mapped to, one contract each.

This is the single list of canonical columns. File mappings name them, `int_<entity>s__<vendor>`
models have exactly them (a convention test compares), templates are written from them.

Every conformed model has, in this order: ``<entity>_key`` (hash of source_system, source_tenant,
source_id), ``source_system``, ``source_tenant``, ``source_id``, the entity's own columns, then
``effective_at``, ``recorded_at``, ``is_backfilled``, ``is_deleted``. References to other rows are
natural ids (``*_source_id``) of the same source and tenant, unless the description says otherwise.
Times are UTC; money is decimal(18,2) in major units beside its `currency_code`; rates are 0..1.
"""

from __future__ import annotations

from dataclasses import dataclass

from ingestion.resource import ColumnType


@dataclass(frozen=True, slots=True)
class Field:
    """One canonical column. `required` means that a row without it is refused at the border."""

    name: str
    type: ColumnType
    description: str
    required: bool = False


@dataclass(frozen=True, slots=True)
class Entity:
    """One canonical entity: singular name, plural for model names, columns."""

    name: str
    plural: str
    fields: tuple[Field, ...]


HEAD = (
    Field(
        "source_system", "string", "Which system the row comes from: salesforce, stripe, ...", True
    ),
    Field("source_tenant", "string", "Which tenant of that system.", True),
    Field("source_id", "string", "The system's own id of the row.", True),
)
TAIL = (
    Field("effective_at", "timestamp", "When the vendor says that it became so."),
    Field("recorded_at", "timestamp", "When the load that brought it was committed.", True),
    Field(
        "is_backfilled", "boolean", "recorded_at is the vendor's own time (first back-fill).", True
    ),
    Field("is_deleted", "boolean", "The vendor deleted the row.", True),
)

_F = Field

ENTITIES: dict[str, Entity] = {
    entity.name: entity
    for entity in (
        Entity(
            "account",
            "accounts",
            (
                _F(
                    "account_role",
                    "string",
                    "Which view of the customer: crm, finance or support.",
                    True,
                ),
                _F("name", "string", "The company's name."),
                _F(
                    "external_reference",
                    "string",
                    "The CRM account's id as another system holds it.",
                ),
                _F("domain", "string", "The company's web domain, lower case."),
                _F("parent_source_id", "string", "The parent company's account."),
                _F("industry", "string", "Industry, as the vendor spells it."),
                _F("region", "string", "Sales region."),
                _F("owner_source_id", "string", "The rep who owns the account."),
                _F("currency_code", "string", "ISO 4217."),
                _F("created_at", "timestamp", "When the account was created."),
            ),
        ),
        Entity(
            "rep",
            "reps",
            (
                _F("name", "string", "Display name."),
                _F("employee_number", "string", "The payroll's id of this person."),
                _F("team", "string", "Team now."),
                _F("region", "string", "Region now."),
                _F("role", "string", "rep, manager, ..."),
                _F("manager_source_id", "string", "The manager's own rep row."),
                _F("is_active", "boolean", "May sign in now."),
                _F("hired_on", "date", "First day."),
                _F("ended_on", "date", "Day after the last; null while employed."),
            ),
        ),
        Entity(
            "lead",
            "leads",
            (
                _F("company_name", "string", "Company as the lead gave it."),
                _F("lead_source", "string", "Channel; null and 'unknown' are kept apart."),
                _F("status", "string", "Vendor's lead status."),
                _F("owner_source_id", "string", "The rep who owns the lead."),
                _F("created_at", "timestamp", "When the lead was created.", True),
                _F("converted_at", "timestamp", "When it became an opportunity."),
                _F("converted_account_source_id", "string", "The account it became."),
                _F("converted_opportunity_source_id", "string", "The opportunity it became."),
            ),
        ),
        Entity(
            "opportunity",
            "opportunities",
            (
                _F("name", "string", "Deal name."),
                _F("account_source_id", "string", "The customer's account."),
                _F("owner_source_id", "string", "The rep who owns the deal now."),
                _F(
                    "pipeline_id",
                    "string",
                    "Which process it runs in; 'default' when the vendor has one.",
                    True,
                ),
                _F("stage_name", "string", "Stage now, as the vendor spells it.", True),
                _F("amount", "decimal(18,2)", "Deal amount now, net of tax."),
                _F("currency_code", "string", "ISO 4217."),
                _F("probability_rate", "decimal(18,6)", "Vendor's probability, 0..1."),
                _F("close_date", "date", "Expected or actual close, in the tenant's calendar."),
                _F("opportunity_type", "string", "new, repeat, ..."),
                _F("lead_source", "string", "Channel."),
                _F("loss_reason", "string", "Coded reason; null unless lost."),
                _F("next_step", "string", "What comes next."),
                _F("created_at", "timestamp", "When the deal was created.", True),
                _F("closed_at", "timestamp", "When it was won or lost; null while open."),
                _F("is_closed", "boolean", "Won or lost."),
                _F("is_won", "boolean", "Won."),
                _F(
                    "discovery_completed_at",
                    "timestamp",
                    "Evidence: needs confirmed by the customer.",
                ),
                _F("proposal_sent_at", "timestamp", "Evidence: proposal sent."),
                _F("customer_committed_at", "timestamp", "Evidence: the customer's commitment."),
                _F("contract_signed_at", "timestamp", "Evidence: contract signed."),
            ),
        ),
        Entity(
            "opportunity_line",
            "opportunity_lines",
            (
                _F("opportunity_source_id", "string", "The deal.", True),
                _F("product_code", "string", "Product."),
                _F("product_line", "string", "Product family."),
                _F("quantity", "decimal(18,2)", "Units."),
                _F("unit_price_amount", "decimal(18,2)", "Price of one unit."),
                _F("line_amount", "decimal(18,2)", "Total of the line, net of tax."),
                _F("currency_code", "string", "ISO 4217."),
            ),
        ),
        Entity(
            "opportunity_contact",
            "opportunity_contacts",
            (
                _F("opportunity_source_id", "string", "The deal.", True),
                _F("contact_source_id", "string", "The person.", True),
                _F("contact_role", "string", "decision_maker, user, champion, ..."),
                _F("is_primary", "boolean", "The deal's main contact."),
                _F("created_at", "timestamp", "When the role was entered.", True),
            ),
        ),
        Entity(
            "contact",
            "contacts",
            (
                _F("account_source_id", "string", "The company that the person belongs to."),
                _F("email_domain", "string", "What follows the @ of the address, lower case."),
                _F("job_title", "string", "What the person does there."),
                _F("department", "string", "Where."),
                _F("owner_source_id", "string", "The rep who looks after the person."),
                _F("is_active", "boolean", "Still known to the vendor as somebody to write to."),
                _F("created_at", "timestamp", "When the person was entered."),
            ),
        ),
        Entity(
            "quote",
            "quotes",
            (
                _F("opportunity_source_id", "string", "The deal; null when none."),
                _F("account_source_id", "string", "The customer; null when only the deal says."),
                _F("quote_number", "string", "Number on the document."),
                _F("status", "string", "draft, sent, accepted, rejected."),
                _F("is_primary", "boolean", "The one that sets the deal's amount."),
                _F("net_amount", "decimal(18,2)", "Before tax, after discounts."),
                _F("currency_code", "string", "ISO 4217."),
                _F("expires_on", "date", "The last day on which it holds."),
                _F("created_at", "timestamp", "When it was drafted.", True),
            ),
        ),
        Entity(
            "campaign_touch",
            "campaign_touches",
            (
                _F("campaign_source_id", "string", "The campaign.", True),
                _F("campaign_name", "string", "Its name."),
                _F("channel", "string", "Its channel, spelled as the leads' source is."),
                _F("lead_source_id", "string", "The lead touched; null when a contact was."),
                _F("contact_source_id", "string", "The contact touched."),
                _F("status", "string", "As the vendor spells it."),
                _F("is_response", "boolean", "The person answered."),
                _F("touched_at", "timestamp", "When.", True),
            ),
        ),
        Entity(
            "channel_spend",
            "channel_spends",
            (
                _F("channel", "string", "Spelled as the leads' source is."),
                _F("campaign_source_id", "string", "The campaign it was spent on; null when none."),
                _F("campaign_name", "string", "Its name."),
                _F("period_start_on", "date", "The first day that it is for.", True),
                _F("period_end_on", "date", "The day after the last."),
                _F("amount", "decimal(18,2)", "What was spent.", True),
                _F("currency_code", "string", "ISO 4217.", True),
            ),
        ),
        Entity(
            "stage_event",
            "stage_events",
            (
                _F("record_type", "string", "lead or opportunity: what entered the stage.", True),
                _F("record_source_id", "string", "The lead or opportunity.", True),
                _F("stage_name", "string", "The stage entered, as the vendor spells it.", True),
                _F("entered_at", "timestamp", "When it was entered.", True),
                _F("amount", "decimal(18,2)", "Amount at that moment."),
                _F("currency_code", "string", "ISO 4217."),
                _F("close_date", "date", "Close date at that moment."),
                _F("changed_by_source_id", "string", "Who moved it."),
            ),
        ),
        Entity(
            "field_change",
            "field_changes",
            (
                _F("record_type", "string", "opportunity, account, ...", True),
                _F("record_source_id", "string", "The record.", True),
                _F("field_name", "string", "Canonical field: owner, amount, close_date, ...", True),
                _F("old_value", "string", "Value before; null when it was empty."),
                _F("new_value", "string", "Value after; null when it was cleared."),
                _F("changed_at", "timestamp", "When.", True),
            ),
        ),
        Entity(
            "activity",
            "activities",
            (
                _F("opportunity_source_id", "string", "The deal; null when none."),
                _F("account_source_id", "string", "The account; null when none."),
                _F("lead_source_id", "string", "The lead; null when none."),
                _F("owner_source_id", "string", "Who did it."),
                _F("activity_type", "string", "call, email, meeting, ..."),
                _F("occurred_at", "timestamp", "When.", True),
                _F("duration_minutes", "int", "Minutes; null when not recorded."),
                _F("is_completed", "boolean", "Done."),
                _F("due_date", "date", "The day on which it is due, in the tenant's calendar."),
                _F("reminder_at", "timestamp", "When its owner wants to be reminded of it."),
            ),
        ),
        Entity(
            "blocker",
            "blockers",
            (
                _F(
                    "opportunity_source_id",
                    "string",
                    "The deal that it holds up, by its id in the CRM, whatever the source.",
                    True,
                ),
                _F("blocker_code", "string", "Coded reason; null when not coded."),
                _F("opened_at", "timestamp", "When it came up.", True),
                _F("resolved_at", "timestamp", "When it was out of the way; null before."),
                _F("action", "string", "What was done about it; null when nothing."),
                _F("owner_source_id", "string", "The CRM's user who is to resolve it."),
            ),
        ),
        Entity(
            "invoice",
            "invoices",
            (
                _F("account_source_id", "string", "The finance system's customer; may be blank."),
                _F("invoice_number", "string", "Number on the document."),
                _F(
                    "opportunity_reference",
                    "string",
                    "The CRM opportunity's id as the invoice holds it.",
                ),
                _F("status", "string", "draft, open, paid, void, uncollectible."),
                _F("issued_at", "timestamp", "When it was finalised; null while draft."),
                _F("due_at", "timestamp", "When it is due."),
                _F("net_amount", "decimal(18,2)", "Before tax."),
                _F("tax_amount", "decimal(18,2)", "Tax."),
                _F("gross_amount", "decimal(18,2)", "net + tax."),
                _F("currency_code", "string", "ISO 4217.", True),
            ),
        ),
        Entity(
            "invoice_line",
            "invoice_lines",
            (
                _F("invoice_source_id", "string", "The invoice.", True),
                _F("product_source_id", "string", "What is sold."),
                _F("contract_source_id", "string", "The contract or subscription it bills."),
                _F("quantity", "decimal(18,2)", "Units."),
                _F(
                    "net_amount",
                    "decimal(18,2)",
                    "Before tax, after discounts; below zero when unused time is credited.",
                ),
                _F("currency_code", "string", "ISO 4217.", True),
                _F("is_proration", "boolean", "Part of a period, for a change in its midst."),
                _F("period_start_at", "timestamp", "From when on it is for."),
                _F("period_end_at", "timestamp", "Until when it is for, exclusive."),
            ),
        ),
        Entity(
            "credit_note",
            "credit_notes",
            (
                _F("invoice_source_id", "string", "The invoice it credits; null when none."),
                _F("account_source_id", "string", "The finance system's customer."),
                _F("credit_note_number", "string", "Number on the document."),
                _F("status", "string", "draft, issued, void."),
                _F("reason", "string", "Coded reason."),
                _F("issued_at", "timestamp", "When it was issued; null while draft."),
                _F("net_amount", "decimal(18,2)", "Before tax, positive."),
                _F("tax_amount", "decimal(18,2)", "Tax, positive."),
                _F("gross_amount", "decimal(18,2)", "net + tax."),
                _F("currency_code", "string", "ISO 4217.", True),
            ),
        ),
        Entity(
            "contract",
            "contracts",
            (
                _F("account_source_id", "string", "The customer, in the system of the contract."),
                _F(
                    "opportunity_reference",
                    "string",
                    "The CRM opportunity's id as the contract holds it.",
                ),
                _F("contract_number", "string", "Number on the document."),
                _F("status", "string", "draft, active, paused, ended."),
                _F("owner_source_id", "string", "The rep who owns the contract."),
                _F("signed_at", "timestamp", "When the customer signed."),
                _F("starts_at", "timestamp", "From when on it holds."),
                _F("ends_at", "timestamp", "Until when it holds, exclusive; null while open."),
                _F("currency_code", "string", "ISO 4217."),
                _F("created_at", "timestamp", "When it was entered."),
            ),
        ),
        Entity(
            "subscription_period",
            "subscription_periods",
            (
                _F("contract_source_id", "string", "The contract or subscription.", True),
                _F("product_source_id", "string", "What is subscribed to."),
                _F("quantity", "decimal(18,2)", "Units."),
                _F(
                    "amount",
                    "decimal(18,2)",
                    "What the whole period costs, before tax and discounts.",
                    True,
                ),
                _F("currency_code", "string", "ISO 4217.", True),
                _F("period_start_at", "timestamp", "From when on it runs.", True),
                _F("period_end_at", "timestamp", "Until when it runs, exclusive.", True),
            ),
        ),
        Entity(
            "payment",
            "payments",
            (
                _F("account_source_id", "string", "The finance system's customer."),
                _F("status", "string", "succeeded, pending, failed."),
                _F("amount", "decimal(18,2)", "Cash received, tax included."),
                _F("currency_code", "string", "ISO 4217.", True),
                _F("paid_at", "timestamp", "When it was received.", True),
            ),
        ),
        Entity(
            "payment_application",
            "payment_applications",
            (
                _F("payment_source_id", "string", "The payment.", True),
                _F("invoice_source_id", "string", "The invoice it pays.", True),
                _F("amount", "decimal(18,2)", "Part of the payment applied, tax included."),
                _F("currency_code", "string", "ISO 4217.", True),
                _F("applied_at", "timestamp", "When.", True),
            ),
        ),
        Entity(
            "refund",
            "refunds",
            (
                _F("payment_source_id", "string", "The payment given back.", True),
                _F("status", "string", "succeeded, pending, failed."),
                _F("amount", "decimal(18,2)", "Cash given back, tax included, positive."),
                _F("currency_code", "string", "ISO 4217.", True),
                _F("refunded_at", "timestamp", "When.", True),
                _F("reason", "string", "Coded reason."),
            ),
        ),
        Entity(
            "payroll_line",
            "payroll_lines",
            (
                _F("employee_number", "string", "Who was paid.", True),
                _F("pay_date", "date", "When.", True),
                _F("pay_code", "string", "Kind of pay; policy says which are commission.", True),
                _F("gross_amount", "decimal(18,2)", "Gross.", True),
                _F("currency_code", "string", "ISO 4217.", True),
                _F("document_id", "string", "The register's line id."),
            ),
        ),
        Entity(
            "journal_line",
            "journal_lines",
            (
                _F(
                    "journal_entry_source_id", "string", "The entry that the line is part of.", True
                ),
                _F("account_code", "string", "The account of the ledger.", True),
                _F("account_name", "string", "Its name."),
                _F("account_type", "string", "Its kind, as the books spell it."),
                _F("account_source_id", "string", "The customer or supplier; null when none."),
                _F("status", "string", "draft, posted."),
                _F("entry_date", "date", "The day it counts for.", True),
                _F("debit_amount", "decimal(18,2)", "Debit, in the currency of the books.", True),
                _F("credit_amount", "decimal(18,2)", "Credit, in the currency of the books.", True),
                _F("currency_code", "string", "ISO 4217, of the books.", True),
                _F("is_reconciled", "boolean", "Settled with other lines."),
            ),
        ),
        Entity(
            "product",
            "products",
            (
                _F("product_code", "string", "Code, the same in every system when kept well."),
                _F("name", "string", "Name."),
                _F("product_line", "string", "Product family."),
                _F("is_active", "boolean", "Can be sold now."),
                _F("created_at", "timestamp", "When it was entered."),
            ),
        ),
        Entity(
            "ticket",
            "tickets",
            (
                _F("account_source_id", "string", "The support system's organization."),
                _F("status", "string", "new, open, pending, hold, solved, closed."),
                _F("priority", "string", "low, normal, high, urgent."),
                _F("channel", "string", "How it came in."),
                _F("created_at", "timestamp", "When it was opened.", True),
            ),
        ),
        Entity(
            "ticket_event",
            "ticket_events",
            (
                _F("ticket_source_id", "string", "The ticket.", True),
                _F("event_type", "string", "create, comment, status_change, ...", True),
                _F("new_value", "string", "The new status, for a status change."),
                _F("is_public", "boolean", "A comment that the customer sees."),
                _F("actor_role", "string", "agent, end_user or system."),
                _F("occurred_at", "timestamp", "When.", True),
            ),
        ),
        Entity(
            "csat_response",
            "csat_responses",
            (
                _F("ticket_source_id", "string", "The ticket rated.", True),
                _F(
                    "score",
                    "string",
                    "positive, neutral, negative; offered when not answered.",
                    True,
                ),
                _F("responded_at", "timestamp", "When it was answered."),
                _F("created_at", "timestamp", "When it was offered.", True),
            ),
        ),
    )
}
