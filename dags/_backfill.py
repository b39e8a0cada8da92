"""The tasks of the back-fill DAG: what its form asks for, one window of a resource, the build."""

from __future__ import annotations

from typing import Any

from airflow.sdk import Param, TriggerRule, task

from dags._assets import VENDORS

FORM = {
    "source": Param(
        None,
        type=["null", "string"],
        enum=[None, *VENDORS],
        title="Source",
        description="Whose past to read again; empty: nothing is read, the warehouse is rebuilt.",
    ),
    "tenant": Param(None, type=["null", "string"], description="Empty: every tenant of it."),
    "resources": Param(
        [], type="array", items={"type": "string"}, description="One a line. Empty: all it has."
    ),
    "from": Param(None, type=["null", "string"], format="date", description="First day (UTC)."),
    "until": Param(None, type=["null", "string"], format="date", description="The day after it."),
    "window_days": Param(31, type="integer", minimum=1, description="Days in one load."),
    "as_of": Param(
        None,
        type=["null", "string"],
        format="date",
        description="Rebuild the warehouse as of this past day; empty: as of the latest load.",
    ),
}


@task
def plan_windows(source: str) -> list[dict[str, str]]:
    """One entry per window and resource that the form asked for, if it asked for this source."""
    from airflow.sdk import get_current_context

    from ingestion.clock import clock_from_environment
    from warehouse.home import Home
    from warehouse.past import planned_windows

    context = get_current_context()
    home, clock = Home.from_environment().ensure(), clock_from_environment()
    return planned_windows(source, context["params"], context["run_id"], home, clock, print)


@task(
    map_index_template="{{ task.op_kwargs['tenant'] }} {{ task.op_kwargs['resource'] }} "
    "{{ task.op_kwargs['since'] }} to {{ task.op_kwargs['until'] }}"
)
def fill_window(**window: str) -> dict[str, Any]:
    """Lands what differs in one window: one committed load. Running it again reads nothing."""
    from dags._connections import connection_of
    from ingestion.clock import clock_from_environment
    from ingestion.connections import configured_sources
    from ingestion.extract import summary
    from warehouse.home import Home
    from warehouse.past import fill_planned

    home, vendor = Home.from_environment().ensure(), (window["source"], window["tenant"])
    connection = connection_of(*vendor, configured_sources(home.root).url_of(*vendor))
    load = fill_planned(window, connection, home, clock_from_environment())
    print(summary(load) if load else "landed already in this run")
    return {"load": load.commit_seq, "rows": load.rows} if load else {}


def build_as_asked() -> Any:
    """The task that starts `build_warehouse`, as of the day that the form asked for."""
    from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator

    return TriggerDagRunOperator(
        task_id="start_build",
        trigger_dag_id="build_warehouse",
        conf={"as_of": "{{ params.as_of or '' }}"},
        trigger_rule=TriggerRule.NONE_FAILED,
    )
