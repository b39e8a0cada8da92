"""What is due to be followed up, and by whom."""

from __future__ import annotations

from datetime import date

from company.answer_key.deals import Deal, survivor
from company.answer_key.facts import Facts, Row, instant


def due(facts: Facts, deals: list[Deal]) -> list[Row]:
    """`mart_followups`."""
    outcomes = {(deal.tenant, deal.source_id): deal for deal in deals}
    rows: list[Row] = []
    for tenant in facts.tenants:
        opportunities = facts.opportunities(tenant)
        for key, task in facts.of("task", tenant).items():
            follow_up_on = _follow_up_date(facts, tenant, task)
            if follow_up_on is None or follow_up_on > facts.as_of_date:
                continue
            due_on = date.fromisoformat(task["ActivityDate"])
            deal = outcomes.get((tenant, task["WhatId"]))
            account = task["AccountId"] or (deal.account if deal else None)
            account = survivor(facts, tenant, account)
            owner = task["OwnerId"]
            is_inactive = _is_inactive(facts, tenant, owner)
            rows.append(
                {
                    "tenant": tenant,
                    "source_system": "salesforce",
                    "activity_source_id": key,
                    "owner_source_id": owner,
                    "is_owner_inactive": is_inactive,
                    "responsible_source_id": (
                        _manager(facts, tenant, owner) if is_inactive else owner
                    ),
                    "due_date": due_on,
                    "followup_date": follow_up_on,
                    "is_snoozed": follow_up_on > due_on,
                    "overdue_days": (facts.as_of_date - follow_up_on).days,
                    "opportunity_source_id": task["WhatId"],
                    "lead_source_id": (
                        task["WhoId"] if (task["WhoId"] or "").startswith("00Q") else None
                    ),
                    "deal_outcome": deal.outcome if deal else None,
                    "next_step": opportunities[deal.source_id]["NextStep"] if deal else None,
                    "account_source_id": account,
                }
            )
    return rows


def _follow_up_date(facts: Facts, tenant: str, task: Row) -> date | None:
    """The day on which a task that is not done is to be taken up; None of any other."""
    if task["IsClosed"] or not task["ActivityDate"]:
        return None
    due_on = date.fromisoformat(task["ActivityDate"])
    reminder_at = instant(task["ReminderDateTime"]) if task["IsReminderSet"] else None
    return max(due_on, facts.local_date(reminder_at, tenant)) if reminder_at else due_on


def _is_inactive(facts: Facts, tenant: str, user_id: str | None) -> bool | None:
    user = facts.of("user", tenant).get(user_id or "")
    if user is None:
        return None
    ended_on = user["End_Date__c"]
    has_left = ended_on is not None and ended_on <= facts.as_of_date.isoformat()
    return has_left or user["IsActive"] is False


def _manager(facts: Facts, tenant: str, user_id: str) -> str | None:
    """Who answers for somebody who left: his manager, unless he left as well."""
    manager = facts.of("user", tenant)[user_id]["ManagerId"]
    return manager if _is_inactive(facts, tenant, manager) is False else None
