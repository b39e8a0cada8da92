"""The Salesforce objects of the demo company's org: fields, types, picklist values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

FieldType = Literal[
    "id", "string", "email", "phone", "url", "picklist", "reference", "boolean", "int", "double",
    "percent", "currency", "date", "datetime",
]  # fmt: skip

STAGE_NAMES = (
    "Qualification", "Discovery", "Proposal/Price Quote", "Negotiation/Review",
    "Renewal Due", "Closed Won", "Closed Lost",
)  # fmt: skip
CONTRACT_STATUSES = ("Draft", "In Approval Process", "Activated")
QUOTE_STATUSES = (
    "Draft", "Needs Review", "In Review", "Approved", "Rejected", "Presented", "Accepted", "Denied",
)  # fmt: skip
CAMPAIGN_STATUSES = ("Planned", "In Progress", "Completed", "Aborted")
LEAD_STATUSES = ("New", "Working", "Qualified", "Unqualified")


@dataclass(frozen=True, slots=True)
class SalesforceField:
    """One field. `values` of a picklist; `relation` of a reference, when queries may follow it."""

    name: str
    type: FieldType
    values: tuple[str, ...] = ()
    relation: str = ""


@dataclass(frozen=True, slots=True)
class SalesforceObject:
    """One object. `resource` is its name in the world file."""

    name: str
    resource: str
    key_prefix: str
    fields: tuple[SalesforceField, ...]

    def field(self, name: str) -> SalesforceField | None:
        """The field with this name in any case; None when there is none."""
        return next((field for field in self.fields if field.name.lower() == name.lower()), None)

    def relation(self, name: str) -> SalesforceField | None:
        """The reference field whose relation has this name in any case."""
        return next(
            (f for f in self.fields if f.relation and f.relation.lower() == name.lower()), None
        )


def _fields(type: FieldType, names: str) -> tuple[SalesforceField, ...]:
    return tuple(SalesforceField(name, type) for name in names.split())


def _kept_object(
    name: str, resource: str, key_prefix: str, *fields: tuple[SalesforceField, ...]
) -> SalesforceObject:
    """An object that nobody can delete, as users are."""
    system = (
        *_fields("id", "Id"),
        *_fields("reference", "CreatedById"),
        *_fields("datetime", "CreatedDate SystemModstamp LastModifiedDate"),
    )
    return SalesforceObject(name, resource, key_prefix, system + sum(fields, ()))


def _object(
    name: str, resource: str, key_prefix: str, *fields: tuple[SalesforceField, ...]
) -> SalesforceObject:
    return _kept_object(name, resource, key_prefix, _fields("boolean", "IsDeleted"), *fields)


def _history(
    name: str, resource: str, key_prefix: str, *fields: tuple[SalesforceField, ...]
) -> SalesforceObject:
    """An object whose rows are only ever added: they have no time of modification."""
    system = (
        *_fields("id", "Id"),
        *_fields("reference", "CreatedById"),
        *_fields("datetime", "CreatedDate"),
        *_fields("boolean", "IsDeleted"),
    )
    return SalesforceObject(name, resource, key_prefix, system + sum(fields, ()))


_STAGE = (SalesforceField("StageName", "picklist", STAGE_NAMES),)
_CURRENCY = _fields("picklist", "CurrencyIsoCode")
_PRODUCT = _object(
    "Product2", "product", "01t",
    _fields("string", "Name ProductCode"), _fields("picklist", "Family"),
    _fields("boolean", "IsActive"),
)  # fmt: skip
_CHANGE = _fields("picklist", "Field") + _fields("string", "OldValue NewValue")

OBJECTS: dict[str, SalesforceObject] = {
    entry.name.lower(): entry
    for entry in (
        _object(
            "Account", "account", "001",
            _fields("string", "Name Region__c"), _fields("url", "Website"),
            _fields("picklist", "Industry Type"), _fields("phone", "Phone"),
            _fields("reference", "ParentId OwnerId MasterRecordId"), _CURRENCY,
        ),
        _kept_object(
            "User", "user", "005",
            _fields("string", "Name EmployeeNumber Team__c Region__c Title Username"),
            _fields("email", "Email"), _fields("phone", "MobilePhone"),
            _fields("reference", "ManagerId"), _fields("boolean", "IsActive"),
            _fields("date", "Hire_Date__c End_Date__c"),
        ),
        _object(
            "Lead", "lead", "00Q",
            _fields("string", "Name FirstName LastName Company"), _fields("email", "Email"),
            _fields("picklist", "LeadSource"),
            (SalesforceField("Status", "picklist", LEAD_STATUSES),),
            _fields(
                "reference",
                "OwnerId ConvertedAccountId ConvertedContactId ConvertedOpportunityId",
            ),
            _fields("boolean", "IsConverted"), _fields("date", "ConvertedDate"),
        ),
        _object(
            "Opportunity", "opportunity", "006",
            _fields("string", "Name NextStep"), _STAGE, _CURRENCY,
            _fields("picklist", "Type LeadSource Loss_Reason__c ForecastCategoryName"),
            _fields("reference", "AccountId OwnerId ContractId"),
            _fields("currency", "Amount"), _fields("percent", "Probability"),
            _fields("date", "CloseDate"), _fields("boolean", "IsClosed IsWon"),
            _fields(
                "datetime",
                "Closed_At__c Discovery_Completed__c Proposal_Sent__c Customer_Committed__c"
                " Contract_Signed__c",
            ),
        ),
        _object(
            "OpportunityLineItem", "opportunity_line_item", "00k",
            _fields("reference", "OpportunityId"),
            (SalesforceField("Product2Id", "reference", relation="Product2"),),
            _fields("string", "ProductCode"), _fields("double", "Quantity"),
            _fields("currency", "UnitPrice TotalPrice"), _CURRENCY,
        ),
        _object(
            "OpportunityContactRole", "opportunity_contact_role", "00K",
            _fields("reference", "OpportunityId ContactId"), _fields("picklist", "Role"),
            _fields("boolean", "IsPrimary"),
        ),
        _object(
            "Task", "task", "00T",
            _fields("reference", "WhatId WhoId AccountId OwnerId"), _fields("string", "Subject"),
            _fields("picklist", "TaskSubtype Status Priority"), _fields("date", "ActivityDate"),
            _fields("datetime", "CompletedDateTime ReminderDateTime"),
            _fields("boolean", "IsClosed IsReminderSet"), _fields("int", "CallDurationInSeconds"),
        ),
        _PRODUCT,
        _object(
            "Contract", "contract", "800",
            _fields("string", "ContractNumber"), _fields("reference", "AccountId OwnerId"),
            (SalesforceField("Status", "picklist", CONTRACT_STATUSES),), _CURRENCY,
            _fields("date", "StartDate EndDate CustomerSignedDate"),
            _fields("int", "ContractTerm"), _fields("datetime", "ActivatedDate"),
        ),
        _object(
            "Contact", "contact", "003",
            _fields("string", "Name Title Department"), _fields("email", "Email"),
            _fields("phone", "Phone"), _fields("reference", "AccountId OwnerId"),
        ),
        _object(
            "Quote", "quote", "0Q0",
            _fields("string", "Name QuoteNumber"), _fields("reference", "OpportunityId"),
            (SalesforceField("Status", "picklist", QUOTE_STATUSES),), _CURRENCY,
            _fields("currency", "TotalPrice"), _fields("date", "ExpirationDate"),
            _fields("boolean", "IsSyncing"),
        ),
        _object(
            "Campaign", "campaign", "701",
            _fields("string", "Name"), _fields("picklist", "Type"),
            (SalesforceField("Status", "picklist", CAMPAIGN_STATUSES),), _CURRENCY,
            _fields("date", "StartDate EndDate"), _fields("currency", "BudgetedCost ActualCost"),
            _fields("reference", "OwnerId"),
        ),
        _object(
            "CampaignMember", "campaign_member", "00v",
            _fields("reference", "CampaignId LeadId ContactId"), _fields("picklist", "Status"),
            _fields("boolean", "HasResponded"), _fields("date", "FirstRespondedDate"),
        ),
        _history("LeadHistory", "lead_history", "017", _fields("reference", "LeadId"), _CHANGE),
        _history(
            "OpportunityHistory", "opportunity_history", "008",
            _fields("reference", "OpportunityId"), _STAGE, _CURRENCY,
            _fields("currency", "Amount ExpectedRevenue"), _fields("date", "CloseDate"),
            _fields("percent", "Probability"), _fields("picklist", "ForecastCategory"),
        ),
        _history(
            "OpportunityFieldHistory", "opportunity_field_history", "017",
            _fields("reference", "OpportunityId"), _CHANGE,
        ),
    )
}  # fmt: skip
"""Objects that can be queried, by lower-case name."""

RELATED: dict[str, SalesforceObject] = {"Product2": _PRODUCT}
"""Objects that can be reached through a relation of that name."""


def _list_of(names: tuple[str, ...], **flags: str) -> tuple[dict[str, object], ...]:
    """The rows of a setup object: `flags` name the one value that each flag is true of."""
    return tuple(
        {
            "Id": f"01J{number:015d}",
            "ApiName": name,
            "MasterLabel": name,
            "SortOrder": number,
            **{flag: name == value for flag, value in flags.items()},
        }
        for number, name in enumerate(names, 1)
    )


SETUP: dict[str, tuple[str, tuple[dict[str, object], ...]]] = {
    "leadstatus": ("LeadStatus", _list_of(LEAD_STATUSES, IsDefault="New", IsConverted="Qualified")),
    "opportunitystage": (
        "OpportunityStage",
        tuple(
            row | {"IsActive": True, "IsClosed": str(row["ApiName"]).startswith("Closed")}
            for row in _list_of(STAGE_NAMES, IsWon="Closed Won")
        ),
    ),
}
"""What the org's administrator keeps, by lower-case name: the object's name, rows by SortOrder."""
