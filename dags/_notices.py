"""Notices for the people who keep the DAGs: what is red or late, the link, what to do.

One JSON file a notice in ``$CLOSEBOOK_HOME/notices``; the same text stands in the task's log.
"""

from __future__ import annotations

import json
import logging
import re
from datetime import datetime
from typing import Any

log = logging.getLogger(__name__)


def write_failure_notice(context: Any) -> None:
    """Airflow's callback for a task that failed for good."""
    instance = context["ti"]
    label = context.get("map_index_template") or ""
    what = f"{instance.dag_id}.{instance.task_id}" + (f" [{label}]" if label else "")
    _write(
        subject=f"{what} failed",
        because=str(context.get("exception") or "the task was ended from outside"),
        dag_id=instance.dag_id,
        run_id=instance.run_id,
        task=f"{instance.task_id}-{instance.map_index}" if label else instance.task_id,
        link=instance.log_url,
    )


async def late_notice(**kwargs: Any) -> None:
    """Airflow's callback for a run that is not done by its deadline (runs in the triggerer)."""
    run = kwargs["context"]["dag_run"]
    _write(
        subject=f"{run['dag_id']} is late",
        because="the run is not done by its deadline; it goes on",
        dag_id=run["dag_id"],
        run_id=run["dag_run_id"],
        task="deadline",
        link="",
    )


def _write(*, subject: str, because: str, dag_id: str, run_id: str, task: str, link: str) -> None:
    from ingestion.clock import WallClock
    from ingestion.landing import write_atomically
    from warehouse.home import Home

    folder = Home.from_environment().root / "notices"
    folder.mkdir(parents=True, exist_ok=True)
    at: datetime = WallClock().now()
    notice = {
        "at": at.isoformat(timespec="seconds"),
        "subject": subject,
        "because": because,
        "what_to_do": f"docs/runbooks/{dag_id}.md; every task may be cleared and run again",
        "link": link,
        "dag_id": dag_id,
        "run_id": run_id,
    }
    name = re.sub(r"[^A-Za-z0-9_.-]+", "-", f"{at:%Y%m%dT%H%M%SZ}-{dag_id}-{task}")
    write_atomically(folder / f"{name}.json", json.dumps(notice, indent=1))
    log.error("NOTICE %s: %s\n%s\n%s", subject, because, notice["what_to_do"], link)
