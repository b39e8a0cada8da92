"""The open pipeline of any past day against the vendor's own versions of every deal."""

from __future__ import annotations

import csv
import json
import sqlite3
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.e2e.installation import Installation
from tests.sample import drawn

Deal = tuple[str, str]
"""Tenant and id of an opportunity."""

DRAWN = 200


@dataclass(frozen=True, slots=True)
class Version:
    """One opportunity as the CRM held it from an instant on."""

    valid_at: datetime
    is_deleted: bool
    payload: Mapping[str, Any]


def _versions(world: Path, now: datetime) -> dict[Deal, list[Version]]:
    """What the CRM held by `now`, oldest first, of the deals that it had not deleted by then."""
    found: dict[Deal, list[Version]] = defaultdict(list)
    with sqlite3.connect(world / "world.sqlite") as connection:
        for tenant, deal, valid_at, is_deleted, payload in connection.execute(
            "select tenant, id, valid_at, deleted, payload from object_version "
            "where vendor = 'salesforce' and resource = 'opportunity' order by valid_at"
        ):
            version = Version(
                datetime.fromisoformat(valid_at),
                bool(is_deleted),
                json.loads(payload, parse_float=Decimal),
            )
            if version.valid_at <= now:
                found[tenant, deal].append(version)
    return {deal: versions for deal, versions in found.items() if not versions[-1].is_deleted}


def _policy(world: Path, table: str) -> list[dict[str, str]]:
    with (world / "policy" / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _end_of(day: date, timezone: str) -> datetime:
    return datetime.combine(day + timedelta(1), time(), ZoneInfo(timezone)).astimezone(UTC)


def _in_tenant_currency(
    amount: Decimal | None, currency: str, tenant: Mapping[str, str], on: date, world: Path
) -> Decimal | None:
    if amount is None or currency == tenant["currency_code"]:
        return amount
    (rate,) = (
        Decimal(row["rate"])
        for row in _policy(world, "fx_rate")
        if (row["rate_type"], row["from_currency"]) == ("plan", currency)
        and row["to_currency"] == tenant["currency_code"]
        and row["valid_from"] <= on.isoformat() < (row["valid_to"] or "9999")
    )
    return (amount * rate).quantize(Decimal("0.01"), ROUND_HALF_UP)


@pytest.mark.e2e
def test_the_state_of_any_deal_on_any_day_is_that_of_the_vendors_own_version(
    demo: Installation,
) -> None:
    now = datetime.fromisoformat(demo.now)
    tenants = {row["tenant"]: row for row in _policy(demo.world, "tenant")}
    stages = {
        (row["pipeline_id"], row["source_stage"]): row["stage_id"]
        for row in _policy(demo.world, "stage_map")
        if row["record_type"] == "opportunity"
    }
    versions = _versions(demo.world, now)
    intervals: dict[Deal, list[dict[str, Any]]] = defaultdict(list)
    for row in demo.table("fct_opportunity_interval"):
        intervals[row["tenant"], row["opportunity_source_id"]].append(row)

    random = drawn()
    known = sorted(versions)
    open_count = 0
    for _ in range(DRAWN):
        tenant, opportunity = deal = random.choice(known)
        timezone = tenants[tenant]["reporting_timezone"]
        changed = random.choice(versions[deal]).valid_at.astimezone(ZoneInfo(timezone)).date()
        day = changed + timedelta(random.choice((-1, 0, 0, 1, random.randrange(60))))
        if day > now.astimezone(ZoneInfo(timezone)).date():
            continue
        then = [v for v in versions[deal] if v.valid_at < _end_of(day, timezone)][-1:]
        covering = [
            row
            for row in intervals[deal]
            if row["valid_from_date"] <= day
            and (row["valid_to_date"] is None or day < row["valid_to_date"])
        ]
        if not then or then[0].payload["IsClosed"]:
            assert not covering, f"{tenant} {opportunity} was not open on {day}: {covering}"
            continue
        open_count += 1
        assert len(covering) == 1, f"{tenant} {opportunity} was open on {day}: {covering}"
        state, held = covering[0], then[0].payload
        assert (
            state["stage_id"],
            state["owner_source_id"],
            state["close_date"] and state["close_date"].isoformat(),
            state["amount"],
        ) == (
            stages[state["pipeline_id"], held["StageName"]],
            held["OwnerId"],
            held["CloseDate"],
            _in_tenant_currency(
                held["Amount"],
                held["CurrencyIsoCode"],
                tenants[tenant],
                state["valid_from_date"],
                demo.world,
            ),
        ), f"{tenant} {opportunity} on {day}"
    assert open_count > DRAWN // 4, "hardly any of the deals drawn was open on its day"
