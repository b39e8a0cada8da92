"""Lands the company's policy: stages, entry rules, plans, quotas, rates, settings, all dated.

**When.** Every day at 16:50 UTC, before the vendors, and whenever somebody triggers it.
**What it updates.** One load per changed table in `policy/`, then the asset `landing_policy`.
**When red.** A row is wrong, or a past that was already landed would change: the log shows file,
line, column, value, both rows and the fix. Nothing of the folder lands until all of it is right.
See docs/runbooks/ingest_policy.md.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG

from dags._assets import LANDED, announce
from dags._defaults import dag_defaults, daily_at
from dags._folders import land_policy_folder

with DAG(
    "ingest_policy",
    schedule=daily_at("16:50"),
    doc_md=__doc__,
    **dag_defaults("ingest", deadline=timedelta(hours=1)),
):
    landed = land_policy_folder.override(pool="local_files")()
    announce.override(outlets=[LANDED["policy"]])(landed)
