"""What every DAG of Closebook has: an owner, retries, a time limit, notices, one run at a time."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

# Three of these are missing in the stub that Airflow 3.3.2 ships beside its module.
from airflow.sdk import (  # type: ignore[attr-defined]
    AsyncCallback,
    CronTriggerTimetable,
    DeadlineAlert,
    DeadlineReference,
    ExceptionRetryPolicy,
    RetryAction,
    RetryRule,
)

from dags._notices import late_notice, write_failure_notice

FINAL_ERRORS = ExceptionRetryPolicy(
    rules=[
        RetryRule(
            exception=[
                "ingestion.errors.TerminalError",
                "warehouse.errors.PolicyError",
                "warehouse.errors.BuildFailedError",
                "warehouse.errors.DamagedError",
            ],
            action=RetryAction.FAIL,
            reason="the same input will fail again: the message says what to do",
        )
    ]
)
"""Refused credentials, a broken contract, a failed gate: a retry would only delay the notice."""

TASK_DEFAULTS: dict[str, Any] = {
    "owner": "data-engineering",
    "retries": 3,
    "retry_delay": timedelta(seconds=20),
    "retry_exponential_backoff": 2.0,
    "max_retry_delay": timedelta(minutes=10),
    "retry_policy": FINAL_ERRORS,
    "execution_timeout": timedelta(hours=1),
    "on_failure_callback": write_failure_notice,
}


def dag_defaults(tag: str, deadline: timedelta) -> dict[str, Any]:
    """Keyword arguments of every DAG; a run that is not done after `deadline` leaves a notice."""
    return {
        "catchup": False,
        "max_active_runs": 1,
        "default_args": TASK_DEFAULTS,
        "tags": ["closebook", tag],
        "deadline": DeadlineAlert(
            reference=DeadlineReference.DAGRUN_QUEUED_AT,
            interval=deadline,
            callback=AsyncCallback(late_notice),
        ),
    }


def daily_at(time_of_day: str, only_on: str = "*") -> CronTriggerTimetable:
    """Once a day at ``HH:MM`` UTC, its data interval the day before; or once a week (``SUN``).

    `run_immediately` is a zero timedelta because False still runs a missed slot at once when it is
    less than a tenth of the period old: a DAG that is switched on would run on an empty landing.
    """
    hour, minute = time_of_day.split(":")
    return CronTriggerTimetable(
        f"{int(minute)} {int(hour)} * * {only_on}",
        timezone="UTC",
        interval=timedelta(days=1 if only_on == "*" else 7),
        run_immediately=timedelta(0),
    )
