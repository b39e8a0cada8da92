"""Brings files: the payroll registers and every other folder of CSV that `sources.yml` names.

**When.** Every day at 17:30 UTC, and whenever somebody triggers it.
**What it updates.** One load per new or changed file in `landing/files/`, then the asset
`landing_files`. A file that is delivered again replaces only its own rows.
**When red.** The log names the file, the row, the column and the value that the mapping refused,
and the fix. Correct the file or the mapping, then clear the task. See
docs/runbooks/ingest_files.md.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG

from dags._assets import LANDED, announce
from dags._defaults import dag_defaults, daily_at
from dags._folders import plan_folders, take_in

with DAG(
    "ingest_files",
    schedule=daily_at("17:30"),
    doc_md=__doc__,
    **dag_defaults("ingest", deadline=timedelta(hours=3)),
):
    landed = take_in.override(pool="local_files").expand_kwargs(plan_folders())
    announce.override(outlets=[LANDED["files"]])(landed)
