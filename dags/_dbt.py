"""The seam between Airflow and the build: one task per step, each one process, one dbt run a layer.

Per-model results are rows of `quality.*` and of the log, not tasks: a task per model would cost a
process per model. Whoever wants another grain changes this file alone.
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import Param, task

WRITER = "warehouse_writer"


AS_OF = Param(
    None,
    type=["null", "string"],
    pattern=r"^(\d{4}-\d{2}-\d{2})?$",
    description="Build as of this past day, e.g. 2026-06-30; empty: as of the latest load.",
)


@task(pool=WRITER)
def plan() -> str:
    """Freezes what this build reads (watermarks, exact files); returns the plan's id.

    Skips the run when the stores hold nothing that the published version has not.
    """
    from datetime import date

    from airflow.sdk import get_current_context
    from airflow.sdk.exceptions import AirflowSkipException

    from ingestion.clock import clock_from_environment
    from warehouse.build import plan_build
    from warehouse.errors import NothingLandedError
    from warehouse.home import Home

    try:
        as_of = get_current_context()["params"].get("as_of")
        planned = plan_build(
            Home.from_environment().ensure(),
            clock_from_environment(),
            date.fromisoformat(as_of) if as_of else None,
        )
    except NothingLandedError as nothing:
        raise AirflowSkipException(str(nothing)) from nothing
    for note in planned.notes:
        print(note)
    if planned.skip:
        raise AirflowSkipException(planned.skip)
    return planned.build_id


def step(name: str, build_id: Any) -> Any:
    """The task that runs step `name` of the planned build; running it again changes nothing."""

    @task(task_id=name, pool=WRITER)
    def run(build_id: str) -> None:
        from ingestion.clock import clock_from_environment
        from warehouse.build import run_step
        from warehouse.home import Home

        run_step(Home.from_environment(), name, build_id, clock_from_environment(), print)

    return run(build_id)
