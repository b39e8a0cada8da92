"""Where a DAG finds the connection to a source: the environment, else Airflow's own connections.

What somebody enters in the UI stays in Airflow's database, encrypted; it is asked for when a task
needs it, masked in the log, and written nowhere.
"""

from __future__ import annotations

from typing import Any


def connection_of(source: str, tenant: str, url: str = "") -> Any:
    """The environment's connection, or `closebook_<source>_<tenant>` of Airflow.

    `url` is where it is when Airflow's names no host. Raises ConfigurationError, naming both ways,
    when there is neither.
    """
    from airflow.sdk import Connection
    from airflow.sdk.exceptions import AirflowNotFoundException
    from airflow.sdk.log import mask_secret

    from ingestion.connections import (
        airflow_connection_id,
        connection_from_environment,
        connection_from_form,
        connection_variable,
    )
    from ingestion.errors import ConfigurationError

    if kept_in(source, tenant) == "environment":
        found = connection_from_environment(source, tenant)
    else:
        name = airflow_connection_id(source, tenant)
        try:
            form = Connection.get(name)
        except AirflowNotFoundException:
            raise ConfigurationError(
                f"no connection for {source} of tenant {tenant}: enter one with the id {name} "
                "(host, login, password) under Admin, Connections, or set "
                f"{connection_variable(source, tenant)} where the scheduler runs"
            ) from None
        found = connection_from_form(
            source,
            tenant,
            host=form.host or url,
            scheme=form.schema if form.schema in ("http", "https") else "",
            port=form.port,
            login=form.login or "",
            password=form.password or "",
        )
    mask_secret(found.password)
    return found


def kept_in(source: str, tenant: str) -> Any:
    """Who keeps the connection: the environment wins."""
    from os import environ

    from ingestion.connections import connection_variable

    return "environment" if environ.get(connection_variable(source, tenant)) else "airflow"
