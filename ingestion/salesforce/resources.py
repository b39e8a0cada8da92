"""What is read from Salesforce, one `Resource` a standard object."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from ingestion.resource import Column, Cursor, Resource

_OVERLAP = timedelta(minutes=10)
_MODIFIED = Cursor("system_modstamp", overlap=_OVERLAP)
_CREATED = Cursor("created_date", overlap=_OVERLAP)


_IS_DELETED = Column("is_deleted", "boolean", "IsDeleted")


def _object(name: str, api_name: str, *columns: Column) -> Resource:
    """A mutable object: read by SystemModstamp, deletes reported by queryAll's IsDeleted."""
    kept = _kept_object(name, api_name, *columns)
    return replace(kept, columns=(*kept.columns, _IS_DELETED), deleted_flag=_IS_DELETED.name)


def _kept_object(name: str, api_name: str, *columns: Column) -> Resource:
    """A mutable object that nobody can delete: it has no IsDeleted."""
    return Resource(
        name=name,
        key="id",
        endpoint=api_name,
        columns=(
            Column("id", "string", "Id"),
            *columns,
            Column("created_date", "timestamp", "CreatedDate"),
            Column("system_modstamp", "timestamp", "SystemModstamp"),
        ),
        cursor=_MODIFIED,
        modified_at="system_modstamp",
    )


def _history(name: str, api_name: str, *columns: Column) -> Resource:
    """A history object: rows are only ever added; read by CreatedDate."""
    return Resource(
        name=name,
        key="id",
        endpoint=api_name,
        columns=(
            Column("id", "string", "Id"),
            *columns,
            Column("created_by_id", "string", "CreatedById"),
            Column("created_date", "timestamp", "CreatedDate"),
            _IS_DELETED,
        ),
        cursor=_CREATED,
        modified_at="created_date",
        deleted_flag=_IS_DELETED.name,
    )


RESOURCES: tuple[Resource, ...] = (
    _object(
        "account",
        "Account",
        Column("name", "string", "Name"),
        Column("website", "string", "Website"),
        Column("parent_id", "string", "ParentId"),
        Column("industry", "string", "Industry"),
        Column("region", "string", "Region__c"),
        Column("owner_id", "string", "OwnerId"),
        Column("currency_iso_code", "string", "CurrencyIsoCode"),
        Column("master_record_id", "string", "MasterRecordId"),
    ),
    _kept_object(
        "user",
        "User",
        Column("name", "string", "Name"),
        Column("email", "string", "Email", personal="hash"),
        Column("mobile_phone", "string", "MobilePhone", personal="drop"),
        Column("employee_number", "string", "EmployeeNumber"),
        Column("team", "string", "Team__c"),
        Column("region", "string", "Region__c"),
        Column("title", "string", "Title"),
        Column("manager_id", "string", "ManagerId"),
        Column("is_active", "boolean", "IsActive"),
        Column("hire_date", "date", "Hire_Date__c"),
        Column("end_date", "date", "End_Date__c"),
    ),
    _object(
        "lead",
        "Lead",
        Column("company", "string", "Company"),
        Column("email", "string", "Email", personal="hash"),
        Column("lead_source", "string", "LeadSource"),
        Column("status", "string", "Status"),
        Column("owner_id", "string", "OwnerId"),
        Column("is_converted", "boolean", "IsConverted"),
        Column("converted_date", "date", "ConvertedDate"),
        Column("converted_account_id", "string", "ConvertedAccountId"),
        Column("converted_opportunity_id", "string", "ConvertedOpportunityId"),
    ),
    _object(
        "opportunity",
        "Opportunity",
        Column("name", "string", "Name"),
        Column("account_id", "string", "AccountId"),
        Column("contract_id", "string", "ContractId"),
        Column("owner_id", "string", "OwnerId"),
        Column("stage_name", "string", "StageName"),
        Column("amount", "decimal(18,2)", "Amount"),
        Column("currency_iso_code", "string", "CurrencyIsoCode"),
        Column("probability", "decimal(18,2)", "Probability"),
        Column("close_date", "date", "CloseDate"),
        Column("type", "string", "Type"),
        Column("lead_source", "string", "LeadSource"),
        Column("loss_reason", "string", "Loss_Reason__c"),
        Column("next_step", "string", "NextStep"),
        Column("is_closed", "boolean", "IsClosed"),
        Column("is_won", "boolean", "IsWon"),
        Column("closed_at", "timestamp", "Closed_At__c"),
        Column("discovery_completed_at", "timestamp", "Discovery_Completed__c"),
        Column("proposal_sent_at", "timestamp", "Proposal_Sent__c"),
        Column("customer_committed_at", "timestamp", "Customer_Committed__c"),
        Column("contract_signed_at", "timestamp", "Contract_Signed__c"),
    ),
    _object(
        "opportunity_line_item",
        "OpportunityLineItem",
        Column("opportunity_id", "string", "OpportunityId"),
        Column("product_code", "string", "ProductCode"),
        Column("product_family", "string", "Product2.Family"),
        Column("quantity", "decimal(18,2)", "Quantity"),
        Column("unit_price", "decimal(18,2)", "UnitPrice"),
        Column("total_price", "decimal(18,2)", "TotalPrice"),
        Column("currency_iso_code", "string", "CurrencyIsoCode"),
    ),
    _object(
        "opportunity_contact_role",
        "OpportunityContactRole",
        Column("opportunity_id", "string", "OpportunityId"),
        Column("contact_id", "string", "ContactId"),
        Column("role", "string", "Role"),
        Column("is_primary", "boolean", "IsPrimary"),
    ),
    _object(
        "task",
        "Task",
        Column("what_id", "string", "WhatId"),
        Column("who_id", "string", "WhoId"),
        Column("account_id", "string", "AccountId"),
        Column("owner_id", "string", "OwnerId"),
        Column("task_subtype", "string", "TaskSubtype"),
        Column("status", "string", "Status"),
        Column("activity_date", "date", "ActivityDate"),
        Column("completed_at", "timestamp", "CompletedDateTime"),
        Column("is_closed", "boolean", "IsClosed"),
        Column("is_reminder_set", "boolean", "IsReminderSet"),
        Column("reminder_at", "timestamp", "ReminderDateTime"),
        Column("call_duration_seconds", "int", "CallDurationInSeconds"),
    ),
    _object(
        "product",
        "Product2",
        Column("name", "string", "Name"),
        Column("product_code", "string", "ProductCode"),
        Column("family", "string", "Family"),
        Column("is_active", "boolean", "IsActive"),
    ),
    _object(
        "contract",
        "Contract",
        Column("account_id", "string", "AccountId"),
        Column("owner_id", "string", "OwnerId"),
        Column("contract_number", "string", "ContractNumber"),
        Column("status", "string", "Status"),
        Column("start_date", "date", "StartDate"),
        Column("end_date", "date", "EndDate"),
        Column("customer_signed_date", "date", "CustomerSignedDate"),
        Column("currency_iso_code", "string", "CurrencyIsoCode"),
    ),
    # Neither names nor phone numbers are asked for.
    _object(
        "contact",
        "Contact",
        Column("account_id", "string", "AccountId"),
        Column("email_domain", "string", "Email", personal="domain"),
        Column("title", "string", "Title"),
        Column("department", "string", "Department"),
        Column("owner_id", "string", "OwnerId"),
    ),
    _object(
        "quote",
        "Quote",
        Column("opportunity_id", "string", "OpportunityId"),
        Column("quote_number", "string", "QuoteNumber"),
        Column("status", "string", "Status"),
        Column("total_price", "decimal(18,2)", "TotalPrice"),
        Column("expiration_date", "date", "ExpirationDate"),
        Column("is_syncing", "boolean", "IsSyncing"),
        Column("currency_iso_code", "string", "CurrencyIsoCode"),
    ),
    _object(
        "campaign",
        "Campaign",
        Column("name", "string", "Name"),
        Column("type", "string", "Type"),
        Column("start_date", "date", "StartDate"),
        Column("end_date", "date", "EndDate"),
        Column("actual_cost", "decimal(18,2)", "ActualCost"),
        Column("currency_iso_code", "string", "CurrencyIsoCode"),
    ),
    _object(
        "campaign_member",
        "CampaignMember",
        Column("campaign_id", "string", "CampaignId"),
        Column("lead_id", "string", "LeadId"),
        Column("contact_id", "string", "ContactId"),
        Column("status", "string", "Status"),
        Column("has_responded", "boolean", "HasResponded"),
    ),
    _history(
        "lead_history",
        "LeadHistory",
        Column("lead_id", "string", "LeadId"),
        Column("field", "string", "Field"),
        Column("old_value", "string", "OldValue"),
        Column("new_value", "string", "NewValue"),
    ),
    _history(
        "opportunity_history",
        "OpportunityHistory",
        Column("opportunity_id", "string", "OpportunityId"),
        Column("stage_name", "string", "StageName"),
        Column("amount", "decimal(18,2)", "Amount"),
        Column("close_date", "date", "CloseDate"),
        Column("probability", "decimal(18,2)", "Probability"),
        Column("currency_iso_code", "string", "CurrencyIsoCode"),
    ),
    _history(
        "opportunity_field_history",
        "OpportunityFieldHistory",
        Column("opportunity_id", "string", "OpportunityId"),
        Column("field", "string", "Field"),
        Column("old_value", "string", "OldValue"),
        Column("new_value", "string", "NewValue"),
    ),
)
