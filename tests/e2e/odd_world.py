"""A world in which what is rare is common: missing values, odd instants, revised policy.

`make_odd` rewrites a tiny demo world in place; the answer key reads what the servers then say.
Deals closed since May 2026 stay as they are, so that the gates pass.
"""

from __future__ import annotations

import csv
import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TENANTS = {"aurora": "CNY", "borealis": "USD"}
NOBODY = "0055g0000009999AAA"
SETTLED_BEFORE = "2026-05"

Row = dict[str, Any]
Spoiled = tuple[int, int, Row]
"""Every so many, from the so manieth on, these values."""

LOST: tuple[Spoiled, ...] = (
    (9, 2, {"Amount": None}),
    (9, 3, {"Amount": 0}),
    (9, 4, {"CurrencyIsoCode": "JPY"}),
    (11, 5, {"AccountId": None}),
    (11, 6, {"OwnerId": NOBODY}),
    (13, 7, {"LeadSource": None, "Loss_Reason__c": None}),
    (17, 8, {"Closed_At__c": None}),
    (19, 9, {"Type": None}),
)
WON: tuple[Spoiled, ...] = (
    (8, 1, {"Amount": None}),
    (8, 2, {"CurrencyIsoCode": "JPY"}),
    (8, 3, {"AccountId": None}),
    (14, 6, {"OwnerId": None}),
)
CONTRACTS: tuple[Spoiled, ...] = (
    (9, 1, {"CustomerSignedDate": None}),
    (9, 3, {"StartDate": None}),
    (9, 5, {"EndDate": None}),
    (9, 6, {"StartDate": "2024-02-29", "EndDate": "2025-02-27"}),
    (9, 7, {"StartDate": "2024-02-29", "EndDate": "2025-02-28"}),
    (9, 8, {"StartDate": "2024-03-01", "EndDate": "2025-02-28"}),
)
"""Of contracts that were activated; the last three end by a day before, after and on a year."""
OPEN: tuple[Spoiled, ...] = ((4, 2, {"OwnerId": None}),)
OPEN_FOR_LONG: tuple[Spoiled, ...] = ((2, 0, {"CloseDate": None}),)
LEADS: tuple[Spoiled, ...] = (
    (20, 0, {"Company": "  ACME Ltd"}),
    (20, 4, {"Company": "acme ltd "}),
    (20, 8, {"Company": "Acme LTD"}),
    (20, 12, {"Company": None}),
    (20, 16, {"Company": ""}),
    (9, 1, {"OwnerId": None}),
    (6, 2, {"LeadSource": None}),
)


@dataclass(frozen=True)
class OddDeal:
    """A deal of its own: what changed when, first of all its making. `owner` counts users."""

    tenant: str
    steps: tuple[tuple[str, Row], ...]
    currency: str = ""
    has_stage_history: bool = True
    has_field_history: bool = True


def _deal(tenant: str, *steps: tuple[str, Row], **options: Any) -> OddDeal:
    return OddDeal(tenant, steps, **options)


def _to(stage: str, **changes: Any) -> Row:
    return {"StageName": stage, **changes}


WIN, LOSS, START = "Closed Won", "Closed Lost", "Qualification"
NEEDS, OFFER, TERMS = "Discovery", "Proposal/Price Quote", "Negotiation/Review"
PROBABILITY = {START: 10, NEEDS: 20, OFFER: 50, TERMS: 75, WIN: 100, LOSS: 0}

DEALS: dict[str, OddDeal] = {
    "won, reopened, lost": _deal(
        "aurora", ("2025-02-03T03:00:00Z", {}), ("2025-02-10T03:00:00Z", _to(WIN)),
        ("2025-03-12T03:00:00Z", _to(OFFER, Amount=9000.0)), ("2025-04-20T03:00:00Z", _to(LOSS)),
    ),
    "won, reopened, open": _deal(
        "borealis", ("2026-02-03T03:00:00Z", {}), ("2026-02-10T03:00:00Z", _to(WIN)),
        ("2026-05-12T03:00:00Z", _to(OFFER, Amount=9000.0, CloseDate="2026-07-01")),
    ),
    "the last second of Shanghai's day": _deal(
        "aurora", ("2025-02-03T15:59:59Z", {}), ("2025-02-09T15:59:59Z", _to(NEEDS, Amount=2e4)),
        ("2025-02-09T16:00:00Z", _to(OFFER, Amount=3e4)), ("2025-02-16T15:59:59Z", _to(LOSS)),
    ),
    "New York changes its clocks": _deal(
        "borealis", ("2025-03-09T04:59:59Z", {}), ("2025-03-10T03:59:59Z", _to(NEEDS, Amount=2e4)),
        ("2025-03-10T04:00:00Z", _to(OFFER, Amount=3e4)), ("2025-03-17T04:00:00Z", _to(WIN)),
    ),
    "made and won in a day": _deal(
        "aurora", ("2025-05-07T02:00:00Z", {}), ("2025-05-07T09:00:00Z", _to(WIN))
    ),
    "made and lost in a week": _deal(
        "aurora", ("2025-05-05T02:00:00Z", {}), ("2025-05-07T09:00:00Z", {"Amount": 12345.67}),
        ("2025-05-09T09:00:00Z", _to(LOSS, Amount=77.77)),
    ),
    "foreign, over the year's end in a week": _deal(
        "aurora", ("2024-12-30T02:00:00Z", {}), ("2025-01-02T09:00:00Z", _to(WIN)),
        ("2025-01-03T09:00:00Z", {"owner": 5}), currency="USD",
    ),
    "foreign, moved in the new year": _deal(
        "aurora", ("2024-12-20T02:00:00Z", {}), ("2025-01-08T09:00:00Z", _to(NEEDS)),
        ("2025-01-15T09:00:00Z", {"owner": 5}), ("2025-02-15T09:00:00Z", _to(WIN)), currency="USD",
    ),
    "foreign, untouched in the new year": _deal(
        "aurora", ("2025-12-20T02:00:00Z", {"CloseDate": "2026-07-01"}), currency="USD"
    ),
    "in a currency without a rate": _deal(
        "aurora", ("2025-12-20T02:00:00Z", {"CloseDate": "2026-06-30"}),
        ("2026-02-02T02:00:00Z", _to(NEEDS)), currency="EUR",
    ),
    "reopened and won in a week": _deal(
        "borealis", ("2025-06-02T14:00:00Z", {}), ("2025-06-04T14:00:00Z", _to(LOSS)),
        ("2025-06-16T14:00:00Z", _to(OFFER)), ("2025-06-18T14:00:00Z", _to(WIN)),
    ),
    "reopened and won in a day": _deal(
        "borealis", ("2025-06-02T14:00:00Z", {}), ("2025-06-04T14:00:00Z", _to(LOSS)),
        ("2025-06-16T14:00:00Z", _to(OFFER)), ("2025-06-16T18:00:00Z", _to(WIN)),
    ),
    "lost and reopened in a day": _deal(
        "borealis", ("2025-06-02T14:00:00Z", {}), ("2025-06-18T14:00:00Z", _to(LOSS)),
        ("2025-06-18T15:00:00Z", _to(START)), ("2025-06-28T14:00:00Z", _to(WIN)),
    ),
    "an amount there and back in a day": _deal(
        "aurora", ("2025-06-02T02:00:00Z", {}), ("2025-06-10T02:00:00Z", {"Amount": 5.0}),
        ("2025-06-10T03:00:00Z", {"Amount": 10000.0}), ("2025-07-10T03:00:00Z", _to(LOSS)),
    ),
    "an amount cleared, set and cleared": _deal(
        "aurora", ("2025-06-02T02:00:00Z", {}), ("2025-06-10T02:00:00Z", {"Amount": None}),
        ("2025-06-24T03:00:00Z", {"Amount": 250.01}),
        ("2025-07-10T03:00:00Z", _to(LOSS, Amount=None)),
    ),
    "never an amount": _deal(
        "borealis", ("2026-05-02T14:00:00Z", {"Amount": None, "CloseDate": "2026-09-01"})
    ),
    "put off on the very day": _deal(
        "borealis", ("2025-09-01T14:00:00Z", {"CloseDate": "2025-09-21"}),
        ("2025-09-21T14:00:00Z", {"CloseDate": "2025-09-22"}),
        ("2025-09-22T14:00:00Z", {"CloseDate": "2025-10-22"}),
        ("2025-10-01T14:00:00Z", {"CloseDate": "2025-10-02"}), ("2025-10-03T14:00:00Z", _to(WIN)),
    ),
    "closes today": _deal(
        "aurora", ("2026-05-02T02:00:00Z", {"CloseDate": "2026-07-01"}),
        ("2026-05-12T02:00:00Z", _to(TERMS)),
    ),
    "was to close yesterday": _deal(
        "aurora", ("2026-05-02T02:00:00Z", {"CloseDate": "2026-06-30"}),
        ("2026-05-12T02:00:00Z", _to(TERMS)),
    ),
    "without a probability": _deal(
        "aurora", ("2026-05-02T02:00:00Z", {"CloseDate": "2026-08-30", "Probability": None}),
        ("2026-05-12T02:00:00Z", _to(TERMS, Probability=None)),
    ),
    "handed over a second after it was made": _deal(
        "aurora", ("2026-05-02T02:00:00Z", {"CloseDate": "2026-08-30"}),
        ("2026-05-02T02:00:01Z", {"owner": 6}), ("2026-06-05T02:00:00Z", {"owner": 7}),
    ),
    "won, then handed over": _deal(
        "aurora", ("2026-03-02T02:00:00Z", {}), ("2026-03-20T02:00:00Z", _to(WIN)),
        ("2026-03-20T02:00:01Z", {"owner": 7}),
    ),
    "handed over as it is won": _deal(
        "borealis", ("2026-03-02T02:00:00Z", {}), ("2026-03-20T02:00:00Z", _to(WIN, owner=6))
    ),
    "made in the last hour of the as-of date": _deal(
        "borealis", ("2026-06-30T18:30:00Z", {"CloseDate": "2026-08-30"})
    ),
    "without any history": _deal(
        "borealis", ("2025-03-02T02:00:00Z", {"CloseDate": "2026-08-30"}),
        ("2025-05-02T02:00:00Z", _to(OFFER, Amount=1234.0)),
        ("2025-06-02T02:00:00Z", {"owner": 6, "CloseDate": "2026-09-01"}),
        has_stage_history=False, has_field_history=False,
    ),
    "with a history of stages alone": _deal(
        "borealis", ("2025-03-02T02:00:00Z", {"CloseDate": "2026-08-30"}),
        ("2025-05-02T02:00:00Z", _to(OFFER)), ("2025-06-02T02:00:00Z", {"owner": 6}),
        ("2025-07-02T02:00:00Z", _to(TERMS, Amount=99.0)), has_field_history=False,
    ),
}  # fmt: skip

_TARGET = {
    "tenant": "aurora", "scope_kind": "tenant", "scope_id": "*", "metric_id": "won_amount",
    "period_type": "year", "period_start": "2026-01-01", "currency_code": "CNY",
    "owner": "head of sales", "method": "working_days", "version": "1", "valid_from": "2025-12-01",
}  # fmt: skip
TARGETS: dict[str, Row] = {
    "a higher version": {"version": "10", "target_value": "100.00"},
    "a lower version": {"version": "9", "target_value": "1000000.01"},
    "a quarter of its own": {
        "version": "10", "target_value": "33.33", "period_type": "quarter",
        "period_start": "2026-04-01",
    },
    "a month of its own": {
        "version": "10", "target_value": "0.05", "period_type": "month",
        "period_start": "2026-05-01",
    },
    "a cent for a month": {
        "version": "10", "target_value": "0.01", "period_type": "month",
        "period_start": "2026-08-01",
    },
    "by the guide": {
        "version": "11", "target_value": "0.07", "method": "guide_4x5", "period_type": "quarter",
        "period_start": "2026-07-01",
    },
    "by days within the guide": {
        "version": "11", "target_value": "500.55", "period_type": "month",
        "period_start": "2026-08-01",
    },
    "in another currency": {"version": "12", "target_value": "5", "currency_code": "USD"},
    "without a currency": {"version": "13", "target_value": "5", "currency_code": ""},
    "just achievable": {
        "version": "14", "target_value": "1005.00", "baseline_value": "1000.00", "growth_rate": "0",
    },
    "a cent beyond": {
        "version": "15", "target_value": "1005.01", "baseline_value": "1000.00", "growth_rate": "0",
    },
    "from a baseline of nought": {
        "version": "17", "target_value": "10.00", "baseline_value": "0", "growth_rate": "0.1",
    },
    "ended today": {"version": "19", "target_value": "10.00", "valid_to": "2026-07-01"},
    "begins today": {"version": "20", "target_value": "10.00", "valid_from": "2026-07-01"},
    "begins tomorrow": {"version": "21", "target_value": "10.00", "valid_from": "2026-07-02"},
    "of a year to come": {
        "version": "22", "target_value": "777.77", "period_start": "2027-01-01",
    },
    "of deals": {"version": "23", "target_value": "3", "metric_id": "won_count"},
    "by the season": {
        "version": "24", "target_value": "98765.43", "method": "seasonal_working_days",
    },
    "by the season, a quarter of its own by days": {
        "version": "24", "target_value": "100.01", "period_type": "quarter",
        "period_start": "2026-07-01",
    },
    "by the season, deals": {
        "version": "24", "target_value": "7", "metric_id": "won_count",
        "method": "seasonal_working_days",
    },
    "amid a month": {
        "version": "31", "target_value": "5", "period_type": "month", "period_start": "2026-01-31",
    },
    "overlapped by the one amid a month": {
        "version": "31", "target_value": "5", "period_type": "month", "period_start": "2026-02-01",
    },
    "of nothing": {"version": "33", "target_value": "0"},
    "before there was a company": {
        "version": "34", "target_value": "120000", "period_start": "2023-01-01",
        "valid_from": "2023-01-01",
    },
}  # fmt: skip
REPS: dict[str, Row] = {
    "E1005": {"Hire_Date__c": "2026-03-18"},
    "E1006": {"Hire_Date__c": "2026-05-11", "End_Date__c": None},
    "E1007": {"End_Date__c": "2026-05-16"},
    "E1008": {"End_Date__c": "2026-06-01"},
    "E1009": {"Hire_Date__c": "2026-06-29", "End_Date__c": None},
    "E1010": {"Hire_Date__c": None},
}
"""Of aurora: when they came and left."""
_OF_A_REP = {"scope_kind": "rep", "version": "2"}
REP_TARGETS: dict[str, Row] = {
    "came in March": {"scope_id": "E1005", "target_value": "99999.99"},
    "came in March, a quarter before": {
        "scope_id": "E1005", "version": "3", "period_type": "quarter",
        "period_start": "2025-10-01", "target_value": "700.00",
    },
    "came in May, by the guide": {
        "scope_id": "E1006", "target_value": "80000.01", "method": "guide_4x5",
    },
    "came in May, his quarter": {
        "scope_id": "E1006", "target_value": "10000.03", "period_type": "quarter",
        "period_start": "2026-04-01",
    },
    "came in May, the quarter before": {
        "scope_id": "E1006", "version": "3", "target_value": "500.55", "period_type": "quarter",
        "period_start": "2026-01-01",
    },
    "came in May, the quarter after": {
        "scope_id": "E1006", "version": "3", "target_value": "900.55", "period_type": "quarter",
        "period_start": "2026-07-01",
    },
    "left amid May": {"scope_id": "E1007", "target_value": "120000.07"},
    "left with May, by the guide": {
        "scope_id": "E1008", "target_value": "60000.07", "method": "guide_4x5",
    },
    "left with May, deals": {
        "scope_id": "E1008", "target_value": "40", "metric_id": "won_count",
    },
    "came in March, by the season": {
        "scope_id": "E1005", "version": "4", "target_value": "77777.77",
        "method": "seasonal_working_days",
    },
    "came in May, his quarter by the season": {
        "scope_id": "E1006", "version": "4", "target_value": "10000.03", "period_type": "quarter",
        "period_start": "2026-04-01", "method": "seasonal_working_days",
    },
    "came three days ago": {"scope_id": "E1009", "target_value": "33333.33"},
    "came at the end of a month": {
        "scope_id": "E1009", "version": "3", "target_value": "50.00", "period_type": "month",
        "period_start": "2026-06-01",
    },
    "nobody knows when he came": {"scope_id": "E1010", "target_value": "44444.44"},
}  # fmt: skip
DAYS = (
    ("aurora", "2026-08-03", "false", "changed", "2026-01-01", "2026-05-01"),
    ("aurora", "2026-08-04", "false", "changed", "2026-01-01", ""),
    ("aurora", "2026-08-08", "true", "decided later", "2026-07-05", ""),
    ("aurora", "2026-06-28", "true", "a Sunday", "2026-06-01", "2026-06-29"),
    ("borealis", "2026-06-06", "true", "a Saturday", "2023-01-01", "2026-06-06"),
    ("borealis", "2026-07-01", "false", "today", "2026-07-01", ""),
)
SEASONS = (
    ("aurora", "1", "0.01", "2025-12-01", ""),
    ("aurora", "2", "9.99", "2025-12-01", "2026-07-01"),
    ("aurora", "3", "0.33", "2026-07-01", ""),
    ("aurora", "4", "5.00", "2026-07-02", ""),
    ("aurora", "5", "1.07", "2023-01-01", "2026-06-30"),
    ("aurora", "5", "0.93", "2026-06-30", ""),
    ("aurora", "6", "2.37", "2025-12-01", ""),
    ("aurora", "11", "10.00", "2025-12-01", ""),
    ("borealis", "8", "3.00", "2025-12-01", ""),
)


def make_odd(world: Path) -> None:
    """Rewrites the world in the folder; its servers must not run yet."""
    with closing(sqlite3.connect(world / "world.sqlite")) as connection, connection:
        for tenant in TENANTS:
            vendor = _Vendor(connection, tenant)
            _spoil(vendor)
            _shift_instants(vendor)
            for number, deal in enumerate(DEALS.values(), 1):
                if deal.tenant == tenant:
                    _add_deal(vendor, number, deal)
    _revise_policy(world / "policy")


@dataclass(frozen=True)
class _Vendor:
    """One tenant's CRM in the world file."""

    connection: sqlite3.Connection
    tenant: str

    def rows(self, resource: str) -> dict[str, Row]:
        """Id -> its last version."""
        found = self.connection.execute(
            "select id, payload, max(valid_at) from object_version where vendor = 'salesforce' "
            "and resource = ? and tenant = ? group by id order by id",
            (resource, self.tenant),
        )
        return {key: json.loads(payload) for key, payload, _ in found}

    def put(self, resource: str, key: str, **changes: Any) -> None:
        """The values in every version of a row."""
        where = "vendor = 'salesforce' and resource = ? and tenant = ? and id = ?"
        for valid_at, payload in self.connection.execute(
            f"select valid_at, payload from object_version where {where}",
            (resource, self.tenant, key),
        ).fetchall():
            changed = json.dumps({**json.loads(payload), **changes})
            self.connection.execute(
                f"update object_version set payload = ? where {where} and valid_at = ?",
                (changed, resource, self.tenant, key, valid_at),
            )

    def add(self, resource: str, key: str, at: str, payload: Row) -> None:
        self.connection.execute(
            "insert or replace into object_version values ('salesforce', ?, ?, ?, ?, 0, ?)",
            (self.tenant, resource, key, at, json.dumps(payload)),
        )

    def spoil(self, resource: str, keys: Iterable[str], spoiled: Iterable[Spoiled]) -> None:
        for number, key in enumerate(keys):
            for every, first, values in spoiled:
                if number % every == first:
                    self.put(resource, key, **values)


def _spoil(vendor: _Vendor) -> None:
    """Values that are missing, unknown or of another kind."""
    deals = {
        key: row
        for key, row in vendor.rows("opportunity").items()
        if not row["IsDeleted"] and (row["Closed_At__c"] or "")[:7] < SETTLED_BEFORE
    }
    lost = [key for key, row in deals.items() if row["IsClosed"] and not row["IsWon"]]
    won = [key for key, row in deals.items() if row["IsWon"]]
    still = [key for key, row in deals.items() if not row["IsClosed"]]
    vendor.spoil("opportunity", lost, LOST)
    vendor.spoil("opportunity", won, WON)
    vendor.spoil("opportunity", still, OPEN)
    vendor.spoil("lead", vendor.rows("lead"), LEADS)
    moves = vendor.rows("opportunity_history")
    last_moves = {
        row["OpportunityId"]: key
        for key, row in sorted(moves.items(), key=lambda move: (move[1]["CreatedDate"], move[0]))
    }
    at_rest = [key for key in still if moves[last_moves[key]]["CreatedDate"][:7] < SETTLED_BEFORE]
    vendor.spoil("opportunity", at_rest, OPEN_FOR_LONG)
    for key in won[4::12]:
        before = deals[key]["CreatedDate"].replace("202", "201", 1)
        vendor.put("opportunity", key, Closed_At__c=before)
    for key in won[5::12]:
        vendor.put("opportunity", key, Closed_At__c=deals[key]["CreatedDate"])
    for key in still[1::4]:
        vendor.put("opportunity", key, Closed_At__c=deals[key]["CreatedDate"])
    for key in lost[1::7]:
        if deals[key]["Type"] != "Renewal":
            vendor.put("opportunity", key, StageName="Closed Unqualified")
            vendor.put("opportunity_history", last_moves[key], StageName="Closed Unqualified")
    other = {"CNY": "USD", "USD": "CNY"}[TENANTS[vendor.tenant]]
    for number, (key, line) in enumerate(vendor.rows("opportunity_line_item").items()):
        if number % 5 == 1:
            vendor.put("opportunity_line_item", key, Product2=None)
        elif number % 5 == 2:
            vendor.put("opportunity_line_item", key, TotalPrice=None)
        elif number % 7 == 3 and line["OpportunityId"]:
            vendor.put("opportunity_line_item", key, OpportunityId="0065g0000009999AAA")
        elif number % 7 == 4:
            vendor.put("opportunity_line_item", key, CurrencyIsoCode=other)
    _spoil_contracts_and_reps(vendor, won)
    planned = [key for key, task in vendor.rows("task").items() if task["Status"] != "Completed"]
    for number, key in enumerate(planned):
        days = ("2026-07-01", "2026-07-02", "2026-07-03", None)
        vendor.put("task", key, ActivityDate=days[number % 4])


def _spoil_contracts_and_reps(vendor: _Vendor, won: list[str]) -> None:
    """Contracts that lack something or that two deals name; reps who come and leave."""
    signed = [key for key, row in vendor.rows("contract").items() if row["CustomerSignedDate"]]
    vendor.spoil("contract", signed, CONTRACTS)
    deals = vendor.rows("opportunity")
    for key, other in zip(won[7::9], won[8::9], strict=False):
        vendor.put("opportunity", key, ContractId=deals[other]["ContractId"])
    for key, user in vendor.rows("user").items():
        if vendor.tenant == "aurora" and user["EmployeeNumber"] in REPS:
            vendor.put("user", key, **REPS[user["EmployeeNumber"]])


def _shift_instants(vendor: _Vendor) -> None:
    """Leads that change with or after their deal, and stages entered in one second."""
    moves: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for key, row in vendor.rows("opportunity_history").items():
        moves[row["OpportunityId"]].append((row["CreatedDate"], key))
    changes: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for key, row in vendor.rows("lead_history").items():
        changes[row["LeadId"]].append((row["CreatedDate"], key))
    became = {row["ConvertedOpportunityId"]: key for key, row in vendor.rows("lead").items()}
    for number, deal in enumerate(sorted(moves)):
        path = sorted(moves[deal])
        if (changed := changes.get(became.get(deal, ""))) and number % 3 < 2:
            at = path[0][0] if number % 3 else path[-1][0]
            vendor.put("lead_history", max(changed)[1], CreatedDate=at)
        if number % 10 == 3 and len(path) > 2 and path[-1][0] < SETTLED_BEFORE:
            vendor.put("opportunity_history", path[2][1], CreatedDate=path[1][0])


def _add_deal(vendor: _Vendor, number: int, deal: OddDeal) -> None:
    """The record in every version, and the history that the CRM keeps of it."""
    users = [key for key, user in vendor.rows("user").items() if user["EmployeeNumber"]]
    names = {key: user["Name"] for key, user in vendor.rows("user").items()}
    accounts = [key for key, row in vendor.rows("account").items() if not row["IsDeleted"]]
    key = f"0065gZZ0000{number:04d}AAA"
    state: Row = {
        "Id": key, "Name": f"Odd deal {number}", "AccountId": accounts[number],
        "ContractId": None, "OwnerId": users[4], "Amount": 10000.0,
        "CurrencyIsoCode": deal.currency or TENANTS[vendor.tenant], "CloseDate": "2025-06-30",
        "Type": "New Business", "LeadSource": "Website", "NextStep": "Call",
        "CreatedById": users[4], "CreatedDate": _api(deal.steps[0][0]), "IsDeleted": False,
        "Discovery_Completed__c": None, "Proposal_Sent__c": None, "Customer_Committed__c": None,
        "Contract_Signed__c": None, "StageName": START, "Probability": 10,
        "ForecastCategoryName": "Pipeline", "IsClosed": False, "IsWon": False,
        "Closed_At__c": None, "Loss_Reason__c": None,
    }  # fmt: skip
    before: Row = {}
    for step, (at, told) in enumerate(deal.steps):
        changes = {name: value for name, value in told.items() if name != "owner"}
        if "owner" in told:
            changes["OwnerId"] = users[told["owner"]]
        state |= changes
        if "StageName" in changes:
            stage = changes["StageName"]
            state["IsClosed"], state["IsWon"] = stage in (WIN, LOSS), stage == WIN
            state["Closed_At__c"] = _api(at) if state["IsClosed"] else None
            state["Loss_Reason__c"] = "Price" if stage == LOSS else None
            state.setdefault("Probability", PROBABILITY[stage])
            if "Probability" not in changes:
                state["Probability"] = PROBABILITY[stage]
        state["LastModifiedDate"] = state["SystemModstamp"] = _api(at)
        vendor.add("opportunity", key, at, state)
        if deal.has_stage_history:
            _add_move(vendor, f"0085gZZ{number:04d}{step:04d}AAA", at, before, state)
        if deal.has_field_history and before:
            for place, change in enumerate(_changes(before, state, names)):
                history = f"0175gZZ{number:04d}{step:02d}{place:02d}AAA"
                _add_change(vendor, history, at, state, change)
        before = dict(state)


def _add_move(vendor: _Vendor, key: str, at: str, before: Row, state: Row) -> None:
    told = ("StageName", "Amount", "CloseDate", "Probability")
    if before and all(before[name] == state[name] for name in told):
        return
    row = {name: state[name] for name in (*told, "CurrencyIsoCode")}
    row |= {"Id": key, "OpportunityId": state["Id"], "ExpectedRevenue": None}
    row |= {"ForecastCategory": "Pipeline", "CreatedById": state["OwnerId"]}
    row |= {"CreatedDate": _api(at), "IsDeleted": False}
    vendor.add("opportunity_history", key, at, row)


def _changes(before: Row, state: Row, names: dict[str, str]) -> Iterator[tuple[str, Any, Any]]:
    for field in ("Amount", "CloseDate"):
        if before[field] != state[field]:
            yield field, before[field], state[field]
    if before["OwnerId"] != state["OwnerId"]:
        yield "Owner", names[before["OwnerId"]], names[state["OwnerId"]]
        yield "Owner", before["OwnerId"], state["OwnerId"]


def _add_change(
    vendor: _Vendor, key: str, at: str, state: Row, change: tuple[str, Any, Any]
) -> None:
    field, old, new = change
    row = {"Id": key, "OpportunityId": state["Id"], "Field": field}
    row |= {"OldValue": _text(old), "NewValue": _text(new)}
    row |= {"CreatedById": state["OwnerId"], "CreatedDate": _api(at), "IsDeleted": False}
    vendor.add("opportunity_field_history", key, at, row)


def _text(value: Any) -> str | None:
    return None if value is None else f"{value:.2f}" if isinstance(value, float) else str(value)


def _api(at: str) -> str:
    """An instant as the API writes it."""
    return at.replace("Z", ".000+0000")


def _revise_policy(folder: Path) -> None:
    """Stages that change places and end, places that move or are missing, odd days and targets."""
    stage_map = _read(folder / "stage_map.csv")
    for row in [row for row in stage_map if row["pipeline_id"] == "default"]:
        if row["source_stage"] == LOSS:
            stage_map.append({
                **row, "source_stage": "Closed Unqualified", "stage_id": "disqualified",
            })  # fmt: skip
        if row["source_stage"] == TERMS:
            row["valid_to"] = "2025-07-01"
            stage_map.append({
                **row, "stage_id": "proposal", "valid_from": "2025-07-01", "valid_to": "",
            })  # fmt: skip
    _write(folder / "stage_map.csv", stage_map)
    stages = _read(folder / "process_stage.csv")
    for row in [row for row in stages if row["pipeline_id"] == "default"]:
        if row["stage_id"] == "discovery" or (
            row["stage_id"] == "proposal" and row["valid_from"] < "2025-01-01"
        ):
            ends, order = row["valid_to"], "4" if row["stage_id"] == "discovery" else "3"
            row["valid_to"] = "2025-01-01"
            stages.append({
                **row, "stage_order": order, "valid_from": "2025-01-01", "valid_to": ends,
            })  # fmt: skip
        elif row["stage_id"] == "proposal":
            row["stage_order"] = "3"
    _write(folder / "process_stage.csv", stages)
    settings = _read(folder / "setting.csv")
    silent = {"name": "stale_silent_days", "value": "7", "valid_from": "2023-01-01", "valid_to": ""}
    _write(folder / "setting.csv", [*settings, silent])
    places = _read(folder / "rep_assignment.csv")
    managers = {row["manager_employee_number"] for row in places}
    _write(
        folder / "rep_assignment.csv",
        [
            {**row, "region": "North China"} if number % 5 == 0 else row
            for number, row in enumerate(places)
            if number % 7 != 2 or row["employee_number"] in managers
        ],
    )
    named = list(_read(folder / "working_day.csv")[0])
    days = [
        row for row in _read(folder / "working_day.csv") if not row["day"].startswith("2026-06")
    ]
    days += [dict(zip(named, day, strict=True)) for day in DAYS]
    _write(folder / "working_day.csv", days)
    named = list(_read(folder / "target_season.csv")[0])
    seasons = [dict(zip(named, season, strict=True)) for season in SEASONS]
    _write(folder / "target_season.csv", seasons)
    targets = _read(folder / "target.csv")
    empty = dict.fromkeys(targets[0], "")
    of_reps = {key: _OF_A_REP | row for key, row in REP_TARGETS.items()}
    targets += [
        empty | _TARGET | row | {"target_id": key} for key, row in {**TARGETS, **of_reps}.items()
    ]
    _write(folder / "target.csv", targets)


def _read(path: Path) -> list[Row]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _write(path: Path, rows: list[Row]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
