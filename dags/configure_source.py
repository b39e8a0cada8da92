"""Adds, enables, disables or removes a vendor of a tenant, from a form. No code, no restart.

**When.** Whenever somebody triggers it and fills in the form.
**Before adding.** Enter address, login and password under Admin, Connections, as the connection
`closebook_<source>_<tenant>`; a variable `CLOSEBOOK_CONN_<SOURCE>__<TENANT>` of the scheduler wins.
**What it updates.** The vendor's entry in `sources.yml`, and a decision that says who did it, when
and why. `add` and `enable` read a page of everything first and change nothing when one does not
come. The next run of the vendor's DAG reads by it; a disabled source holds no build up, and what
it has landed stays. Past days are brought by `backfill_warehouse`.
**When red.** The log says what the vendor answered, for what, and what to do. Nothing has changed;
correct the connection, or the form, and trigger it again. See docs/runbooks/configure_source.md.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG

from dags._defaults import dag_defaults
from dags._sources import FORM, change

with DAG(
    "configure_source",
    schedule=None,
    params=FORM,
    doc_md=__doc__,
    **dag_defaults("ingest", deadline=timedelta(minutes=30)),
):
    change()
