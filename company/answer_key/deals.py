"""What every known deal is: how it ended, whose it is, where, and which segments it is in."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from company.answer_key.changes import owner_changes, value_at
from company.answer_key.facts import Facts, Row, instant, money, sure_instant
from company.answer_key.funnel import Entry
from company.answer_key.places import region_of
from company.answer_key.process import pipeline_of
from company.answer_key.stays import Path

ALL = "(all)"
NONE = "(none)"


@dataclass(frozen=True)
class Deal:
    """A known opportunity; `outcome` is won, lost, disqualified or open."""

    tenant: str
    pipeline_id: str
    source_id: str
    account: str | None
    owner: str | None
    """At close of a closed deal, now of an open one."""
    region: str
    lead_source: str | None
    new_or_repeat: str
    outcome: str
    is_qualified: bool
    amount: Decimal | None
    currency_code: str | None
    created_at: datetime
    created_on: date
    closed_at: datetime | None
    closed_on: date | None
    close_date: str | None
    loss_reason: str | None
    path: Path
    """The stays of its case."""

    def worth(self, facts: Facts, day: date) -> Decimal | None:
        """The amount now in tenant currency, at the rate of a day."""
        return facts.converted(self.amount, self.tenant, self.currency_code, day)

    def worth_at_close(self, facts: Facts) -> Decimal | None:
        return self.worth(facts, self.closed_on) if self.closed_on else None

    def segments(self) -> Iterator[tuple[str, str]]:
        """(segment_kind, segment_id) of each segment that the deal belongs to."""
        yield "all", ALL
        yield "owner", self.owner or NONE
        yield "region", self.region
        yield "new_or_repeat", self.new_or_repeat
        yield "lead_source", self.lead_source or NONE


def all_deals(facts: Facts, entries: list[Entry], cases: dict[tuple[str, str], Path]) -> list[Deal]:
    unqualified = {
        (entry.tenant, entry.record_id)
        for entry in entries
        if entry.record_type == "opportunity" and not entry.is_qualified
    }
    deals: list[Deal] = []
    for tenant in facts.tenants:
        owners = owners_at_close(facts, tenant)
        kinds = _new_or_repeat(facts, tenant)
        for key, row in facts.opportunities(tenant).items():
            path = cases.get((tenant, f"opportunity:{key}"), [])
            created_at = sure_instant(row["CreatedDate"])
            closed_at = _closed_at(facts, row)
            closed_on = facts.local_date(closed_at, tenant) if closed_at else None
            owner = owners.get(key, row["OwnerId"])
            deals.append(
                Deal(
                    tenant=tenant,
                    pipeline_id=pipeline_of(facts, tenant, key),
                    source_id=key,
                    account=survivor(facts, tenant, row["AccountId"]),
                    owner=owner,
                    region=region_of(facts, tenant, owner, closed_on or facts.as_of_date),
                    lead_source=row["LeadSource"],
                    new_or_repeat=kinds[key],
                    outcome=_outcome(row, closed_at, path),
                    is_qualified=(tenant, key) not in unqualified,
                    amount=money(row["Amount"]),
                    currency_code=row["CurrencyIsoCode"],
                    created_at=created_at,
                    created_on=facts.local_date(created_at, tenant),
                    closed_at=closed_at,
                    closed_on=closed_on,
                    close_date=row["CloseDate"],
                    loss_reason=row["Loss_Reason__c"],
                    path=path,
                )
            )
    return deals


def _closed_at(facts: Facts, row: Row) -> datetime | None:
    """When a closed deal was closed; None of one that is open."""
    closed_at = instant(row["Closed_At__c"])
    closed = row["IsClosed"] and closed_at is not None and closed_at < facts.as_of_at
    return closed_at if closed else None


def _outcome(row: Row, closed_at: datetime | None, path: Path) -> str:
    if closed_at is None:
        return "open"
    if row["IsWon"]:
        return "won"
    return "disqualified" if path and path[-1].first.kind == "disqualified" else "lost"


def survivor(facts: Facts, tenant: str, account: str | None) -> str | None:
    """The account that an account lives on in, however often it was merged."""
    while account is not None and (tenant, account) in facts.merged:
        account = facts.merged[(tenant, account)]
    return account


def _new_or_repeat(facts: Facts, tenant: str) -> dict[str, str]:
    """Deal -> `new` or `repeat`, by the deals that its account won."""
    wins: dict[str, list[tuple[datetime, str]]] = defaultdict(list)
    opportunities = facts.opportunities(tenant)
    accounts = {
        key: survivor(facts, tenant, row["AccountId"]) for key, row in opportunities.items()
    }
    for key, row in opportunities.items():
        closed_at, account = _closed_at(facts, row), accounts[key]
        if row["IsWon"] and closed_at is not None and account is not None:
            wins[account].append((closed_at, key))
    found: dict[str, str] = {}
    for key, row in opportunities.items():
        of_account = sorted(wins.get(accounts[key] or "", []))
        if row["IsWon"] and _closed_at(facts, row) is not None:
            is_new = not of_account or of_account[0][1] == key
        else:
            created_at = sure_instant(row["CreatedDate"])
            is_new = all(closed_at >= created_at for closed_at, _ in of_account)
        found[key] = "new" if is_new else "repeat"
    return found


def owners_at_close(facts: Facts, tenant: str) -> dict[str, str | None]:
    """Closed opportunity -> the user who owned it at closed_at."""
    changes = owner_changes(facts, tenant)
    return {
        key: value_at(changes[key], row["OwnerId"], closed_at)
        for key, row in facts.opportunities(tenant).items()
        if (closed_at := _closed_at(facts, row)) is not None
    }
