"""Where a rep stood on a date, and which days a tenant works."""

from __future__ import annotations

from datetime import date, timedelta

from company.answer_key.facts import Facts, Row, days_between

UNKNOWN = "(unknown)"
SATURDAY = 5


def employee_number(facts: Facts, tenant: str, user_id: str | None) -> str | None:
    user = facts.of("user", tenant).get(user_id or "")
    return user["EmployeeNumber"] if user else None


def _users_of(facts: Facts, tenant: str, number: str) -> list[Row]:
    """The users of an employee number; a person may have several."""
    users = facts.of("user", tenant).values()
    return [user for user in users if user["EmployeeNumber"] == number]


def first_day_of(facts: Facts, tenant: str, number: str) -> date | None:
    """The first day of an employee, by the earliest date that is known."""
    hired = [user.get("Hire_Date__c") for user in _users_of(facts, tenant, number)]
    return min((date.fromisoformat(day) for day in hired if day), default=None)


def last_day_of(facts: Facts, tenant: str, number: str) -> date | None:
    """The last day of an employee; None of one who has not left by each of his users."""
    ended = [user.get("End_Date__c") for user in _users_of(facts, tenant, number)]
    if not ended or not all(ended):
        return None
    return max(date.fromisoformat(day) for day in ended if day) - timedelta(days=1)


def place_of_employee(facts: Facts, tenant: str, number: str, day: date) -> tuple[str, str]:
    """(team, region) of an employee on a day, each `(unknown)` where nobody knows."""
    for row in facts.valid("rep_assignment", day, tenant=tenant, employee_number=number):
        return row["team"] or UNKNOWN, row["region"] or UNKNOWN
    for user in facts.of("user", tenant).values():
        if user["EmployeeNumber"] == number:
            return user["Team__c"] or UNKNOWN, user["Region__c"] or UNKNOWN
    return UNKNOWN, UNKNOWN


def place(facts: Facts, tenant: str, user_id: str | None, day: date) -> tuple[str, str]:
    """(team, region) of a user on a day; who is no employee has none."""
    number = employee_number(facts, tenant, user_id)
    return place_of_employee(facts, tenant, number, day) if number else (UNKNOWN, UNKNOWN)


def region_of(facts: Facts, tenant: str, user_id: str | None, day: date) -> str:
    return place(facts, tenant, user_id, day)[1]


def working_days(facts: Facts, tenant: str, first: date, after_last: date) -> set[date]:
    """The days of [first, after_last) on which a tenant works.

    Monday to Friday, but for what was decided of a day: as it stood on the day itself, and of a day
    to come as it stands on as_of_date.
    """
    decided: dict[date, bool] = {}
    for row in facts.policy.get("working_day", []):
        day = date.fromisoformat(row["day"])
        stood_on = min(day, facts.as_of_date).isoformat()
        holds = row["valid_from"] <= stood_on and not "" < row["valid_to"] <= stood_on
        if row["tenant"] == tenant and holds:
            decided[day] = row["is_working_day"] == "true"
    return {
        day for day in days_between(first, after_last) if decided.get(day, day.weekday() < SATURDAY)
    }
