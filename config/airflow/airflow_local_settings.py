"""Read by every Airflow process at its start; only the scheduler does anything here.

Its workers are forked and each task is forked from a worker: what the scheduler has imported costs
a task nothing, where dbt and Great Expectations would cost each task some ten seconds. No database
is opened here: a connection must not survive a fork.
"""

from __future__ import annotations

import os

__all__: list[str] = []  # every public name would become one of Airflow's settings

if os.environ.get("CLOSEBOOK_IMPORT_BEFORE_FORK"):
    import warehouse.build  # noqa: F401
