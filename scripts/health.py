"""Whether a service is up: `python -m scripts.health NAME` ends with 0 or 1, for healthchecks."""

from __future__ import annotations

import sys
from urllib.error import HTTPError
from urllib.request import urlopen

from scripts.airflow_api import Airflow
from scripts.settings import Settings

AIRFLOW_PARTS = {
    "airflow-api-server": "metadatabase",
    "airflow-scheduler": "scheduler",
    "airflow-dag-processor": "dag_processor",
    "airflow-triggerer": "triggerer",
}
"""Service -> its name in Airflow's own health report."""


def is_up(name: str, settings: Settings) -> bool:
    """Asks Airflow's health report, or the service's own address. KeyError for a one-shot one."""
    if name == "airflow-api-server" and not _answers(f"{settings.airflow_url}/execution/health"):
        # The first request to the tasks' own interface takes seconds; no task should wait for it.
        return False
    if name in AIRFLOW_PARTS:
        return AIRFLOW_PARTS[name] in Airflow(settings.airflow_url).healthy_parts()
    return _answers(
        {
            "cockpit": f"http://127.0.0.1:{settings.cockpit_port}/_stcore/health",
            "docs": f"http://127.0.0.1:{settings.docs_port}/",
            "vendors": f"http://127.0.0.1:{settings.vendor_port}/",
        }[name]
    )


def _answers(address: str) -> bool:
    try:
        with urlopen(address, timeout=30):  # noqa: S310 (this installation's own address)
            return True
    except HTTPError:
        return True  # a refusal comes from a server that is up
    except OSError:
        return False


if __name__ == "__main__":
    sys.exit(0 if is_up(sys.argv[1], Settings.load()) else 1)
