"""The tasks of the DAGs that read vendors: what to extract, and extract it."""

from __future__ import annotations

from typing import Any

from airflow.sdk import task


@task
def plan_extractions(source: str) -> list[dict[str, str]]:
    """One entry per configured tenant and resource of `source`; it becomes one mapped task."""
    from ingestion.catalog import connector_of
    from ingestion.connections import configured_sources
    from warehouse.home import Home

    sources = configured_sources(Home.from_environment().root)
    for off in sources.disabled:
        if off.source == source:
            print(f"{source} of {off.tenant}: disabled, not read (configure_source enables it)")
    return [
        {"source": source, "tenant": vendor.tenant, "resource": resource.name}
        for vendor in sources.vendors
        if vendor.source == source
        for resource in connector_of(source).resources
    ]


@task(map_index_template="{{ task.op_kwargs['tenant'] }} {{ task.op_kwargs['resource'] }}")
def extract(source: str, tenant: str, resource: str) -> dict[str, Any]:
    """Lands what is new of one resource of one tenant: one committed load, or none at all."""
    from dags._connections import connection_of
    from ingestion.clock import clock_from_environment
    from ingestion.connections import configured_sources
    from ingestion.extract import ingest, summary
    from ingestion.host_limit import HostLimit
    from ingestion.http import HttpSettings
    from ingestion.landing import Landing
    from ingestion.load_log import attempt
    from warehouse.home import Home

    home = Home.from_environment().ensure()
    sources = configured_sources(home.root)
    limit = HostLimit(home.hosts, sources.requests_to(source))
    landing, clock = Landing(home.landing), clock_from_environment()
    with attempt(landing, clock, source, tenant, resource):
        connection = connection_of(source, tenant, sources.url_of(source, tenant))
    load = ingest(source, tenant, resource, connection, landing, clock, HttpSettings(limit=limit))
    print(summary(load))
    return {"load": load.commit_seq, "rows": load.rows, "refused": load.rejected_rows}
