"""What the form of the back-fill DAG asks for, as windows to fill."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from ingestion.backfill import Filling, Range, fill, selected
from ingestion.catalog import connector_of, resource_of
from ingestion.clock import Clock
from ingestion.connections import Connection, configured_sources
from ingestion.errors import ConfigurationError
from ingestion.host_limit import HostLimit
from ingestion.http import HttpSettings
from ingestion.landing import Landing, Manifest
from ingestion.selection import Selection
from warehouse.home import Home


def planned_windows(
    source: str,
    asked: Mapping[str, Any],
    run: str,
    home: Home,
    clock: Clock,
    progress: Callable[[str], None],
) -> list[dict[str, str]]:
    """One entry per tenant, resource and window of `source`; none when another source was asked.

    Raises ConfigurationError when the range is missing or empty, the tenant is not configured or a
    resource that was named cannot be read by a range.
    """
    if asked["source"] != source:
        return []
    if not (asked["from"] and asked["until"]):
        raise ConfigurationError("a back-fill needs the days from and until: fill the form again")
    days = Range(
        date.fromisoformat(asked["from"]), date.fromisoformat(asked["until"]), asked["window_days"]
    )
    days.check(clock)
    connector = connector_of(source)
    selections = [
        Selection(source, asked["tenant"] or "", resource_of(connector, name).name)
        for name in asked["resources"]
    ] or [Selection(source, asked["tenant"] or "")]
    sources, landing = configured_sources(home.root), Landing(home.landing)
    return [
        {
            "source": source,
            "tenant": tenant,
            "resource": resource,
            "since": since.date().isoformat(),
            "until": until.date().isoformat(),
            "first": days.since.isoformat(),
            "last": days.until.isoformat(),
            "run": run,
        }
        for _, tenant, resource in selected(sources, selections, landing, progress)
        for since, until in days.windows()
    ]


def fill_planned(
    window: Mapping[str, str], connection: Connection, home: Home, clock: Clock
) -> Manifest | None:
    """Fills one planned window; None when its run has filled it already."""
    days = Range(date.fromisoformat(window["first"]), date.fromisoformat(window["last"]))
    requests = configured_sources(home.root).requests_to(connection.source)
    return fill(
        Filling(connection, window["resource"], days, window["run"]),
        datetime.fromisoformat(f"{window['since']}T00:00:00+00:00"),
        datetime.fromisoformat(f"{window['until']}T00:00:00+00:00"),
        Landing(home.landing),
        clock,
        HttpSettings(limit=HostLimit(home.hosts, requests)),
    )
