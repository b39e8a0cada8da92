"""Brings CRM and finance from Tryton, per tenant: deals with their history, invoices, the journal.

**When.** Every day at 17:50 UTC, and whenever somebody triggers it.
**What it updates.** One load per tenant and resource in `landing/tryton/`, then the asset
`landing_tryton`; with those of the other sources it starts `build_warehouse`.
**When red.** The mapped task that failed is named by tenant and resource; its log says what the
vendor answered and what to do. What has landed stays; clear the red task, it goes on where the last
good load ended. The rest of the story: docs/runbooks/ingest_tryton.md.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG

from dags._assets import LANDED, announce
from dags._defaults import dag_defaults, daily_at
from dags._vendors import extract, plan_extractions

with DAG(
    "ingest_tryton",
    schedule=daily_at("17:50"),
    doc_md=__doc__,
    **dag_defaults("ingest", deadline=timedelta(hours=3)),
):
    landed = extract.override(pool="host_tryton").expand_kwargs(plan_extractions("tryton"))
    announce.override(outlets=[LANDED["tryton"]])(landed)
