"""The tasks of the maintenance DAG: one a part, each what `closebook maintain` calls as well."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import task


def part(name: str) -> Any:
    """The task that runs part `name`; running it again changes nothing more."""

    @task(task_id=name, pool="local_files", execution_timeout=timedelta(hours=4))
    def run() -> None:
        from airflow.sdk.exceptions import AirflowSkipException

        from ingestion.clock import clock_from_environment
        from warehouse.errors import NotConfiguredError
        from warehouse.home import Home
        from warehouse.maintain import PARTS

        home = Home.from_environment().ensure()
        try:
            print(PARTS[name](home, clock_from_environment()))
        except NotConfiguredError as not_asked_for:
            raise AirflowSkipException(str(not_asked_for)) from not_asked_for

    return run()
