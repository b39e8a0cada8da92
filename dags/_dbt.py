"""The seam between Airflow and the build: one task per step, each one process, one dbt run a layer.

Per-model results are rows of `quality.*` and of the log, not tasks: a task per model would cost a
process per model. Whoever wants another grain changes this file alone.
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import task

WRITER = "warehouse_writer"


@task(pool=WRITER)
def plan() -> str:
    """Freezes what this build reads (watermarks, exact files); returns the plan's id.

    Skips the run when the stores hold nothing that the published version has not.
    """
    from airflow.sdk.exceptions import AirflowSkipException

    from ingestion.clock import clock_from_environment
    from warehouse.build import plan_build
    from warehouse.errors import NothingLandedError
    from warehouse.home import Home

    try:
        planned = plan_build(Home.from_environment().ensure(), clock_from_environment())
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
