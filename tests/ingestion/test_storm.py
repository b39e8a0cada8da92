"""A storm: one request in twenty goes wrong, on every connector, and what lands is the source.

Each seed is three days of work at six vendors, read at the end of each day while people go on
working (`worked_in`), through weather that spoils 5% of the replies (`weather`). After the third
day what landed must be what the vendors hold, told by their own books: every object once, every
value, every deletion, and a cursor at the last change. `make prove` runs 200 seeds, other runs a
few that are drawn by the commit.
"""

from __future__ import annotations

import base64
import os
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import duckdb
import pytest

from ingestion.clock import FixedClock
from ingestion.connections import Connection
from ingestion.errors import GaveUpError
from ingestion.extract import ingest
from ingestion.http import HttpSettings
from ingestion.landing import Landing, Manifest
from tests.ingestion.weather import FAULTS, RATE, Weather, exposed
from tests.ingestion.worked_in import DAY, START, TENANT, Row, Worked, six_vendors, small_pages
from tests.sample import drawn

SEEDS = 200
SAMPLE = 4
DAYS = 3
READ = 2
"""Resources of each vendor that one seed reads."""
_MODIFIED = (
    "system_modstamp", "modified_at", "updated_at", "created", "created_date", "created_at",
)  # fmt: skip
"""Names of the columns that cursors follow; of two in a row the first counts."""


def sample() -> list[int]:
    """Seeds drawn by the commit, or all of them."""
    if os.environ.get("CLOSEBOOK_PROVE"):
        return list(range(SEEDS))
    return drawn().sample(range(SEEDS), SAMPLE)


@pytest.fixture(autouse=True)
def many_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    small_pages(monkeypatch)


@pytest.mark.timeout(7200)
def test_whatever_the_weather_what_lands_is_what_the_vendors_hold(tmp_path: Path) -> None:
    struck: Counter[str] = Counter()
    asked = 0
    for seed in sample():
        folder = tmp_path / str(seed)
        folder.mkdir()
        weather = storm(seed, folder)
        shutil.rmtree(folder)
        assert weather.came_back_too_early == 0, f"seed {seed}: Retry-After was not waited for"
        struck += weather.struck
        asked += weather.asked
    print(f"\n{asked} requests, {struck.total()} spoiled: {dict(sorted(struck.items()))}")
    assert struck.total() > asked * RATE / 2
    if len(sample()) == SEEDS:
        assert set(struck) == set(FAULTS)


def storm(seed: int, folder: Path) -> Weather:
    """Three days in the weather of one seed; every assertion names the seed."""
    random, weather, landing = Random(seed), Weather(seed), Landing(folder / "landing")
    settings = HttpSettings(sleep=weather.sleep, read_timeout=1.0)
    with ExitStack() as opened:
        vendors = opened.enter_context(six_vendors(folder))
        addresses = {
            vendor.name: opened.enter_context(exposed(weather, vendor.upstream, *vendor.rows_at))
            for vendor in vendors
        }
        cursors: dict[tuple[str, str], str | None] = {}
        read = {
            vendor.name: random.sample(vendor.resources, min(READ, len(vendor.resources)))
            for vendor in vendors
        }
        for day in range(DAYS):
            now = START + day * DAY
            for vendor in vendors:
                vendor.live(random, now)
                connection = vendor.connection(addresses[vendor.name])
                # On the last day nobody disturbs, so that what is held is known.
                weather.before = _sometimes(vendor) if day + 1 < DAYS else lambda *_: None
                for resource in read[vendor.name]:
                    load = _read(connection, resource, landing, FixedClock(now), settings, weather)
                    where = f"seed {seed}, day {day}, {vendor.name}/{resource}"
                    assert load.rejected_rows == 0, where
                    if day + 1 == DAYS:
                        before = cursors.get((vendor.name, resource))
                        assert load.cursor == cursor_of(vendor, resource, before), where
                    cursors[vendor.name, resource] = load.cursor
        for vendor in vendors:
            for resource in read[vendor.name]:
                assert_landed(landing, vendor, resource, f"seed {seed}, {vendor.name}/{resource}")
    return weather


def _read(
    connection: Connection,
    resource: str,
    landing: Landing,
    clock: FixedClock,
    settings: HttpSettings,
    weather: Weather,
) -> Manifest:
    """Two rows of bad moments in a row outlast a client's patience: then the next run reads."""
    line = (connection.source, TENANT, resource)
    while True:
        before = [load.commit_seq for load in landing.loads()]
        weather.page_before = []
        try:
            return ingest(*line, connection, landing, clock, settings)
        except GaveUpError:
            assert [load.commit_seq for load in landing.loads()] == before


def _sometimes(vendor: Worked) -> Any:
    def disturb(question: Any, random: Random) -> None:
        if random.random() < RATE:
            vendor.disturb(question, random)

    return disturb


def cursor_of(vendor: Worked, resource: str, before: str | None) -> str:
    """Where the cursor must stand; never before where it stood."""
    if resource == "ticket" and vendor.name == "zendesk":
        return base64.b64encode(vendor.last_touched(resource).encode()).decode()  # type: ignore[attr-defined]
    rows = list(vendor.truth(resource).values())
    name = next(name for name in _MODIFIED if name in rows[0])
    newest = max(row[name] for row in rows)
    if isinstance(newest, int):
        return str(max(newest, int(before or 0)))
    floor = datetime.fromisoformat(before).replace(tzinfo=None) if before else newest
    return f"{max(newest, floor).isoformat()}Z"


def assert_landed(landing: Landing, vendor: Worked, resource: str, where: str) -> None:
    """What landed is what the vendor holds: nothing lost, nothing double."""
    loads = [
        load
        for load in landing.loads()
        if (load.source, load.resource) == (vendor.name, resource) and load.rows
    ]
    versions: dict[str, list[Row]] = {}
    for load in loads:
        in_load: set[str] = set()
        for row in rows_of(landing, load):
            assert row["id"] not in in_load, f"{where}: {row['id']} is twice in one load"
            in_load.add(row["id"])
            versions.setdefault(row["id"], []).append(row)
    for id, found in versions.items():
        for one, other in pairwise(found):
            assert _declared(one) != _declared(other), f"{where}: {id} landed again as it was"
    held, gone = vendor.truth(resource), set(vendor.gone(resource))
    landed = {id: found[-1] for id, found in versions.items()}
    assert landed.keys() - gone == held.keys(), where
    for id, row in held.items():
        assert {name: landed[id][name] for name in row} == row, f"{where}: {id}"
    for id in landed.keys() & gone:
        assert landed[id].get("is_deleted", True), f"{where}: {id} is gone and not flagged"


def rows_of(landing: Landing, load: Manifest) -> Iterator[Row]:
    """The typed rows of one load."""
    for file in load.files:
        found = duckdb.execute(
            "select * from read_parquet(?, hive_partitioning = false)",
            [str(landing.root / file.path)],
        )
        names = [column[0] for column in found.description]
        rows = found.fetchall()
        assert len(rows) == file.rows
        yield from (dict(zip(names, row, strict=True)) for row in rows)


def _declared(row: Row) -> Row:
    return {name: value for name, value in row.items() if not name.startswith("_")}
