"""Which deals were signed for more than a year."""

from __future__ import annotations

from datetime import date, timedelta

from company.answer_key.facts import Facts, Row, add_months, sure_instant

YEAR = 12


def multi_year_deals(facts: Facts, tenant: str) -> set[str]:
    """The deals that a signed contract of more than twelve months names."""
    contracts = facts.of("contract", tenant)
    return {
        deal
        for contract_id, deal in _deal_of_contract(facts, tenant).items()
        if contract_id in contracts and _is_multi_year(contracts[contract_id])
    }


def _deal_of_contract(facts: Facts, tenant: str) -> dict[str, str]:
    """Contract -> the deal that names it, of several the one created first."""
    found: dict[str, str] = {}
    deals = facts.of("opportunity", tenant)
    for key in sorted(deals, key=lambda key: (sure_instant(deals[key]["CreatedDate"]), key)):
        contract_id = deals[key].get("ContractId")
        if contract_id:
            found.setdefault(contract_id, key)
    return found


def _is_multi_year(contract: Row) -> bool:
    """Signed, not deleted, and over later than a year after it begins."""
    starts, last = contract["StartDate"], contract["EndDate"]
    if contract["IsDeleted"] or not (contract["CustomerSignedDate"] and starts and last):
        return False
    return date.fromisoformat(last) + timedelta(days=1) > _a_year_later(date.fromisoformat(starts))


def _a_year_later(day: date) -> date:
    """The same day of the next year; of 29 February the 28th."""
    month = add_months(day.replace(day=1), YEAR)
    last = add_months(month, 1) - timedelta(days=1)
    return min(month + timedelta(days=day.day - 1), last)
