"""The landing assets: one per source, updated when a run of that source has landed completely.

An asset says *that* there is news, never *what*: events coalesce, so the build reads watermarks.
"""

from __future__ import annotations

import operator
from functools import reduce
from typing import Any

from airflow.sdk import Asset, Metadata, TriggerRule, task

SOURCES = (
    "salesforce",
    "stripe",
    "zendesk",
    "request_tracker",
    "roundup",
    "tryton",
    "files",
    "policy",
)

VENDORS = tuple(source for source in SOURCES if source not in ("files", "policy"))
"""The sources that are asked over the network."""

LANDED = {
    source: Asset(name=f"landing_{source}", uri=f"closebook://landing/{source}", group="landing")
    for source in SOURCES
}

EVERYTHING_LANDED = reduce(operator.and_, LANDED.values())
"""Holds once every source has landed since the last build that this condition started."""


@task(trigger_rule=TriggerRule.NONE_FAILED)
def announce(landed: list[dict[str, Any]]) -> Any:
    """Updates the landing asset once, after the last load: mapped tasks must not, each would
    start the build on a half-landed source. Also runs when nothing is configured."""
    from airflow.sdk import get_current_context

    (asset,) = get_current_context()["task"].outlets
    totals = {"loads": len(landed), "rows": sum(load.get("rows", 0) for load in landed)}
    yield Metadata(asset, extra=totals)
