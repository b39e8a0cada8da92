"""Read by every Airflow process at its start; only the scheduler does anything here.

Its workers are forked and each task is forked from a worker: what the scheduler has imported costs
a task nothing, where dbt and Great Expectations would cost each task some ten seconds. No database
is opened here: a connection must not survive a fork.
"""

from __future__ import annotations

import logging
import os
from importlib import import_module

__all__: list[str] = []  # every public name would become one of Airflow's settings

# It writes a line for each of its own functions that it does not register: hundreds, in each log.
logging.getLogger("great_expectations").setLevel(logging.WARNING)

if os.environ.get("CLOSEBOOK_IMPORT_BEFORE_FORK"):
    for module in (
        "dbt.cli.main",
        "dbt.adapters.duckdb",
        "expectations.datasource",
        "expectations.gate",
        "warehouse.build",
    ):
        import_module(module)
