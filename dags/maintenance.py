"""Keeps the installation sound and small: verification, retention, leftovers, backup.

**When.** Every Sunday at 04:00 UTC, and whenever somebody triggers it; loads and builds may run
meanwhile. `closebook maintain` does the same.
**What it updates.** `verify` changes nothing: it recomputes the hash of every file. `retention`
removes raw pages older than the policy setting `raw_page_days` (default 30) of loads that are in a
published version. `leftovers` removes what processes that died have left for more than a day.
`backup` copies the durable stores to the folder or URL in `CLOSEBOOK_BACKUP` (without one it ends
as skipped) and keeps the newest five.
**When red.** `verify`: the log names each file, what was expected and what to do; until then
nothing is removed and no backup is made. Clear the red task once that is done. See
docs/runbooks/maintenance.md.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG

from dags._defaults import dag_defaults, daily_at
from dags._maintenance import part

with DAG(
    "maintenance",
    schedule=daily_at("04:00", only_on="SUN"),
    doc_md=__doc__,
    **dag_defaults("maintenance", deadline=timedelta(hours=6)),
):
    part("verify") >> part("retention") >> part("leftovers") >> part("backup")
