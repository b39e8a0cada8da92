"""Roundup's protocol as far as it needs no Roundup; tests/real has the real one."""

from __future__ import annotations

from datetime import UTC, datetime

from ingestion.clock import FixedClock
from ingestion.extract import Window, ingest
from ingestion.http import HttpSettings
from ingestion.landing import Landing
from tests.ingestion.vendor import Vendor, connection

MESSAGES = "/rest/data/msg"


def test_a_range_is_bounded_at_both_ends_and_the_second_after_it_does_not_land(
    vendor: Vendor, landing: Landing, clock: FixedClock, settings: HttpSettings
) -> None:
    rows = [
        {"id": str(number), "author": {"id": "1"}, "creation": at, "activity": at}
        for number, at in enumerate(("2026-03-01.00:00:00", "2026-04-01.00:00:00"), 1)
    ]
    vendor.on(MESSAGES, {"data": {"collection": rows}})
    window = Window(datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC), {})
    where = connection("roundup", vendor)
    load = ingest("roundup", "aurora", "msg", where, landing, clock, settings, window)
    asked = [request.query_params.get("activity") for request in vendor.asked_for(MESSAGES)]
    assert asked[-1] == "2026-03-01.00:00:00;2026-04-01.00:00:00"
    assert (load.rows, load.extra["beyond_rows"]) == (1, 1)
