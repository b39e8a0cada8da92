"""Builds the warehouse and publishes a version, if every gate lets it pass.

**When.** As soon as every source has landed since the last build; at 19:30 UTC in any case, so that
one late vendor does not hold up the others. A build that finds nothing new ends as skipped. Whoever
triggers it may ask for a past day.
**What it updates.** `warehouse/` (a cache), then one new folder in `published/` and the link
`published/current`; nothing is visible before the last step.
**When red.** A gate refused: the published version has not moved, and every page says so. The
log of the red task lists the checks that failed with what was seen and what was allowed. Repair the
source or the rule; the next run heals. Steps may be cleared and run again at any time.
See docs/runbooks/build_warehouse.md.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG, AssetOrTimeSchedule

from dags._assets import EVERYTHING_LANDED
from dags._dbt import AS_OF, plan, step
from dags._defaults import dag_defaults, daily_at

with DAG(
    "build_warehouse",
    schedule=AssetOrTimeSchedule(timetable=daily_at("19:30"), assets=EVERYTHING_LANDED),
    params={"as_of": AS_OF},
    doc_md=__doc__,
    **dag_defaults("build", deadline=timedelta(hours=2)),
):
    build_id = plan()
    (
        build_id
        >> step("raw_gate", build_id)
        >> step("staging", build_id)
        >> step("stage_entry_gate", build_id)
        >> step("marts", build_id)
        >> step("mart_gate", build_id)
        >> step("publish", build_id)
    )
