"""Reads a range of the past again, or rebuilds the warehouse as of a past day.

**When.** Only when somebody triggers it: the form asks for a source, a tenant, resources and days
(UTC), or for a past day alone.
**What it updates.** One load per tenant, resource and window in `landing/`, with what differs from
what has landed; cursors do not move, the daily DAG may run meanwhile. Then it starts
`build_warehouse`, as of the day that the form asks for. A version as of a past day is kept beside
the current one and never moves readers back.
**When red.** The mapped task that failed is named by tenant, resource and days; clear it, windows
that have landed are not read again. See docs/runbooks/backfill_warehouse.md.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG

from dags._assets import VENDORS
from dags._backfill import FORM, build_as_asked, fill_window, plan_windows
from dags._defaults import dag_defaults

with DAG(
    "backfill_warehouse",
    schedule=None,
    params=FORM,
    doc_md=__doc__,
    **dag_defaults("backfill", deadline=timedelta(hours=24)),
):
    build = build_as_asked()
    for source in VENDORS:
        windows = plan_windows.override(task_id=f"plan_{source}")(source)
        fill = fill_window.override(task_id=f"fill_{source}", pool=f"host_{source}")
        fill.expand_kwargs(windows) >> build
