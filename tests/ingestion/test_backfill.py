"""A range of the past read again beside the daily run: over the vendors' protocols, and killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from ingestion.backfill import Range, backfill
from ingestion.catalog import CONNECTORS
from ingestion.clock import FixedClock
from ingestion.connections import ConfiguredSource, Connection, Sources
from ingestion.errors import ConfigurationError, SeveralFailedError
from ingestion.extract import Window, ingest
from ingestion.host_limit import HostLimit
from ingestion.http import HttpSettings
from ingestion.landing import Landing, Manifest
from ingestion.selection import Selection
from ingestion.state import position, standing
from tests.ingestion.test_extract import LOGIN, QUERY, deal, page
from tests.ingestion.test_vendors import NOW, PROTOCOLS, Company, company, payload
from tests.ingestion.vendor import Vendor, connection

__all__ = ["company"]

ROOT = Path(__file__).parents[2]
SINCE, UNTIL = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC)
IN_MARCH = datetime(2026, 3, 15, tzinfo=UTC)
MARCH = Range(SINCE.date(), UNTIL.date())
ABOUT = {"since": SINCE.isoformat(), "until": UNTIL.isoformat(), "run": "one"}


def refill(made: Company, vendor: str, resource: str) -> Manifest:
    """Reads March of one resource again."""
    load = made.read(vendor, resource, window=Window(SINCE, UNTIL, ABOUT))
    assert load.extra["range"] == ABOUT
    return load


@pytest.mark.parametrize(("vendor", "resource"), PROTOCOLS)
def test_a_range_brings_what_changed_in_it_and_the_daily_run_goes_on(
    company: Company, vendor: str, resource: str
) -> None:
    edges = [SINCE - timedelta(days=40), SINCE, UNTIL - timedelta(seconds=1), UNTIL]
    company.put(vendor, resource, 9, NOW - timedelta(days=1))
    with company.open():
        before = company.read(vendor, resource)
        # They come to light only now, dated long before what was read last.
        company.fill(vendor, resource, list(enumerate(edges, 1)))
        load = refill(company, vendor, resource)
        again = refill(company, vendor, resource)
        following = company.read(vendor, resource)
    expected = [payload(vendor, number, IN_MARCH) for number in (2, 3)]
    assert company.ids(load) == sorted(str(row.get("Id", row.get("id"))) for row in expected)
    assert (again.rows, again.extra["unchanged_rows"]) == (0, 2)
    assert load.cursor is None and not load.is_backfill
    assert position(company.landing, vendor, "aurora", resource) == following
    assert following.extra["continues"] == before.commit_seq


def test_an_export_without_an_end_is_left_at_the_first_page_beyond_it(company: Company) -> None:
    late = [(number, NOW - timedelta(hours=2, seconds=-number)) for number in range(1, 2501)]
    company.fill("zendesk", "ticket", [(9000, IN_MARCH), *late])
    with company.open():
        company.read("zendesk", "ticket")
        load = refill(company, "zendesk", "ticket")
    # The first page begins in the range, the second lies beyond it, the third is not asked for.
    assert len(load.pages) == 2
    assert load.extra["beyond_rows"] == 1999


# One Salesforce resource, at a server that plays back what it is told.

LINE = ("salesforce", "aurora", "opportunity")
DEALS = [Selection.parse("/".join(LINE))]
SOURCES = Sources(
    (ConfiguredSource("salesforce", "aurora"),), (), requests_per_host={"salesforce": 1}
)
TODAY = datetime(2026, 7, 1, 3, tzinfo=UTC)


class Desk:
    """Opportunities of tenant aurora at one vendor, and everything that reads them."""

    def __init__(self, vendor: Vendor, landing: Landing, settings: HttpSettings) -> None:
        self.vendor, self.landing, self.settings = vendor, landing, settings
        self.told: list[str] = []
        vendor.on(LOGIN, {"access_token": "a-token"})

    def shows(self, *rows: dict[str, Any]) -> None:
        self.vendor.on(QUERY, page(*rows))

    def daily(self, day: int = 0, settings: HttpSettings | None = None) -> Manifest:
        """The daily run, `day` days on."""
        vendor, at = connection("salesforce", self.vendor), FixedClock(TODAY + timedelta(day))
        return ingest(*LINE, vendor, self.landing, at, settings or self.settings)

    def fills(
        self, asked: Range = MARCH, settings: HttpSettings | None = None, day: int = 0
    ) -> list[Manifest]:
        return backfill(
            SOURCES,
            DEALS,
            asked,
            self.landing,
            FixedClock(TODAY + timedelta(day)),
            lambda source, tenant: connection(source, self.vendor, tenant),
            self.told.append,
            settings or self.settings,
        )

    def latest(self) -> dict[str, Any]:
        """Key -> the last landed name."""
        found: dict[str, Any] = {}
        for load in standing(self.landing, *LINE):
            path = self.landing.root / load.files[0].path
            rows = "select id, name from read_parquet($path, hive_partitioning = false)"
            found |= dict(duckdb.execute(rows, {"path": str(path)}).fetchall())
        return found


@pytest.fixture
def desk(vendor: Vendor, landing: Landing, settings: HttpSettings) -> Desk:
    return Desk(vendor, landing, settings)


def changed(number: int, at: str, name: str) -> dict[str, Any]:
    return deal(number, SystemModstamp=f"{at}.000+0000", Name=name)


def test_a_large_range_is_read_in_windows_each_committed_by_itself(desk: Desk) -> None:
    desk.shows(deal(1))
    desk.daily()
    desk.shows()
    loads = desk.fills(replace(MARCH, days=10))
    assert [
        (load.extra["range"]["since"][:10], load.extra["range"]["until"][:10]) for load in loads
    ] == [
        ("2026-03-01", "2026-03-11"),
        ("2026-03-11", "2026-03-21"),
        ("2026-03-21", "2026-03-31"),
        ("2026-03-31", "2026-04-01"),
    ]
    second = desk.vendor.asked_for(QUERY)[2].query_params["q"]
    assert (
        "SystemModstamp >= 2026-03-11T00:00:00Z AND SystemModstamp < 2026-03-21T00:00:00Z" in second
    )
    assert desk.told[-1].endswith("0 unchanged) [4 of 4]")


def test_a_range_does_not_bring_back_what_the_daily_run_brought_newer_meanwhile(
    desk: Desk,
) -> None:
    march = "2026-03-15T12:00:00"
    desk.shows(changed(1, march, "first"), changed(2, march, "first"))
    desk.daily()
    first = {"done": False, "nextRecordsUrl": "/more", "records": [changed(1, march, "early")]}
    desk.vendor.on(QUERY, first)
    desk.vendor.on("/more", Response("", 503), page(changed(2, march, "late")))

    def meanwhile(_: float) -> None:
        """Between two pages of the range the row changes, and the daily run brings it."""
        desk.shows(changed(1, "2026-07-01T10:00:00", "newer"))
        desk.daily(1)

    (load,) = desk.fills(settings=replace(desk.settings, sleep=meanwhile))
    assert (load.rows, load.extra["overtaken_rows"]) == (1, 1)
    assert desk.latest() == {"006001": "newer", "006002": "late"}


def test_the_daily_run_does_not_bring_back_what_a_range_brought_newer_meanwhile(
    desk: Desk,
) -> None:
    desk.shows(deal(1))
    desk.daily()
    early = changed(1, "2026-07-01T10:00:00", "early")
    desk.vendor.on(QUERY, {"done": False, "nextRecordsUrl": "/more", "records": [early]})
    desk.vendor.on("/more", Response("", 503), page())

    def meanwhile(_: float) -> None:
        desk.shows(changed(1, "2026-07-01T11:00:00", "newer"))
        desk.fills(Range(date(2026, 7, 1), date(2026, 7, 2)), day=1)

    load = desk.daily(1, replace(desk.settings, sleep=meanwhile))
    assert (load.rows, load.extra["overtaken_rows"]) == (0, 1)
    assert desk.latest() == {"006001": "newer"}


def test_a_daily_run_and_a_back_fill_at_once_keep_the_limit_and_bring_every_row_once(
    desk: Desk, tmp_path: Path
) -> None:
    """The vendor has a row a day; each query is answered with those that it asks for, slowly."""
    days = [SINCE + timedelta(days=number) for number in range(122)]
    rows = [changed(n, f"{at:%Y-%m-%dT12:00:00}", f"{n}") for n, at in enumerate(days, 1)]

    def answer(request: Request) -> Response:
        bounds = request.query_params["q"].split("SystemModstamp ")[1:]
        since = next((b[3:23] for b in bounds if b.startswith(">=")), "")
        until = next((b[2:22] for b in bounds if b.startswith("< ")), "9")
        found = [row for row in shown if since <= str(row["SystemModstamp"]) < until]
        return JSONResponse(page(*found))

    desk.vendor.replies[QUERY] = [answer]
    # What the daily run has seen so far is the last day alone; March and the news are missing.
    shown = rows[120:121]
    desk.daily()
    shown = rows
    desk.vendor.delays[QUERY] = 0.05
    limited = replace(desk.settings, limit=HostLimit(tmp_path / "hosts", 1))
    daily: list[Manifest] = []
    beside = threading.Thread(target=lambda: daily.append(desk.daily(1, limited)))
    beside.start()
    loads = desk.fills(replace(MARCH, days=7), limited)
    beside.join()
    assert desk.vendor.busiest == 1
    assert sum(load.rows for load in loads) == 31
    assert [load.rows for load in daily] == [1]
    assert len(desk.latest()) == 33
    assert position(desk.landing, *LINE) == daily[0]


def test_killed_half_way_a_back_fill_goes_on_with_the_next_window(desk: Desk) -> None:
    desk.shows(deal(1))
    desk.daily()
    rows = [changed(n, f"2026-03-{n:02}T12:00:00", f"{n}") for n in (5, 15, 25)]
    desk.vendor.on(QUERY, page(rows[0]), page(rows[1]), page(rows[2]))
    asked = replace(MARCH, days=10)
    code = (
        "from pathlib import Path\n"
        "from tests.ingestion.test_backfill import Desk, HttpSettings, Landing, MARCH, replace\n"
        "from tests.ingestion.vendor import Vendor\n"
        f"vendor, root = Vendor({desk.vendor.base_url!r}), Path({str(desk.landing.root)!r})\n"
        "Desk(vendor, Landing(root), HttpSettings()).fills(replace(MARCH, days=10))\n"
    )
    died = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=os.environ | {"CLOSEBOOK_FAILPOINT": "load-before-link@2"},
        check=False,
    )
    assert died.returncode == -signal.SIGKILL
    assert desk.landing.last_seq() == 2
    desk.vendor.on(QUERY, page(rows[1]), page(rows[2]), page())
    loads = desk.fills(asked)
    assert [load.extra["range"]["since"][8:10] for load in loads] == ["11", "21", "31"]
    assert desk.told[0].endswith("goes on where an earlier back-fill stopped")
    assert set(desk.latest()) == {"006001", "006005", "006015", "006025"}
    # It is complete: the same range asked for again is read again.
    desk.shows()
    assert len(desk.fills(asked)) == 4


def test_a_window_that_the_raw_gate_refused_is_read_again(desk: Desk) -> None:
    desk.shows(deal(1))
    desk.daily()
    desk.shows()
    first, _ = desk.fills(replace(MARCH, days=20))
    desk.landing.reject(first.commit_seq, {"reason": "x"})
    (again,) = desk.fills(replace(MARCH, days=20))
    assert again.extra["range"] == first.extra["range"]


def test_a_range_that_cannot_be_read_leaves_the_others_and_no_failed_day(desk: Desk) -> None:
    desk.shows(deal(1))
    desk.daily()
    desk.vendor.on(QUERY, page(), Response('{"error": "no right"}', 403))
    with pytest.raises(SeveralFailedError, match="1 failed, 1 landed"):
        desk.fills(replace(MARCH, days=20))
    assert not (desk.landing.root / "_failures").exists()


def test_a_resource_that_no_range_can_be_asked_of_is_refused_by_name_and_left_out_of_all(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    connector = CONNECTORS["salesforce"]
    deals = next(r for r in connector.resources if r.name == "opportunity")
    whole = replace(connector.resources[0], cursor=None)
    monkeypatch.setitem(CONNECTORS, "salesforce", replace(connector, resources=(whole, deals)))
    with pytest.raises(ConfigurationError, match="opportunity: not read by a range: it was never"):
        desk.fills()
    desk.shows(deal(1))
    desk.daily()
    desk.shows()
    backfill(
        SOURCES,
        [Selection.parse("salesforce")],
        MARCH,
        desk.landing,
        FixedClock(TODAY),
        lambda source, tenant: connection(source, desk.vendor, tenant),
        desk.told.append,
        desk.settings,
    )
    assert desk.told[0] == (
        "salesforce/aurora/account: left out: it has no time of change, and each run reads all of "
        "it"
    )


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        (Range(date(2026, 3, 1), date(2026, 3, 1)), "has no day"),
        (Range(date(2026, 3, 2), date(2026, 3, 1)), "has no day"),
        (Range(date(2026, 3, 1), date(2026, 4, 1), 0), "a window of 0 days"),
        (Range(date(2027, 3, 1), date(2027, 4, 1)), "in the future"),
    ],
)
def test_a_range_with_nothing_in_it_is_refused(desk: Desk, asked: Range, why: str) -> None:
    with pytest.raises(ConfigurationError, match=why):
        desk.fills(asked)


def test_a_tenant_without_a_connection_does_not_stop_the_others(desk: Desk) -> None:
    desk.shows(deal(1))
    desk.daily()
    for tenant in ("another", "borealis"):
        ingest("salesforce", tenant, "opportunity", connection("salesforce", desk.vendor, tenant),
               desk.landing, FixedClock(TODAY), desk.settings)  # fmt: skip
    desk.vendor.on(QUERY, page(changed(1, "2026-03-04T00:00:00", "new")))
    before = desk.landing.last_seq()

    def found(source: str, tenant: str) -> Connection:
        if tenant == "another":
            raise ConfigurationError("set CLOSEBOOK_CONN_SALESFORCE__ANOTHER")
        return connection(source, desk.vendor, tenant)

    vendors = tuple(ConfiguredSource("salesforce", t) for t in ("another", "aurora", "borealis"))
    with pytest.raises(SeveralFailedError, match=r"1 failed, 2 landed:\n  salesforce/another: set"):
        backfill(
            Sources(vendors, ()),
            [Selection.parse("salesforce")],
            MARCH,
            desk.landing,
            FixedClock(TODAY),
            found,
            desk.told.append,
            desk.settings,
        )
    assert {load.tenant for load in desk.landing.loads() if load.commit_seq > before} == {
        "aurora", "borealis"
    }  # fmt: skip


def test_a_source_that_is_not_configured_is_refused(desk: Desk) -> None:
    with pytest.raises(ConfigurationError, match=r"stripe/borealis: sources\.yml reads no such"):
        backfill(
            SOURCES,
            [Selection.parse("stripe/borealis")],
            MARCH,
            desk.landing,
            FixedClock(TODAY),
            lambda source, tenant: Connection(source, tenant, ""),
            desk.told.append,
        )
