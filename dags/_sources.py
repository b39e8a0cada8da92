"""The task behind the form of `configure_source`, and the form's fields."""

from __future__ import annotations

from typing import Any

from airflow.sdk import Param, task

from dags._assets import SOURCES

VENDORS = [source for source in SOURCES if source not in ("files", "policy")]
"""Sources that are read over a connection; folders of files stand in `sources.yml`."""

FORM = {
    "action": Param(
        "add",
        type="string",
        enum=["add", "enable", "disable", "remove"],
        title="What to do",
        description="`add` and `enable` ask the vendor for a page of everything first. `disable` "
        "and `remove` leave what has landed.",
    ),
    "source": Param(VENDORS[0], type="string", enum=VENDORS, title="Vendor"),
    "tenant": Param(
        type="string",
        minLength=1,
        title="Tenant",
        description="Whose account it is: a name in policy's `tenant.csv`.",
    ),
    "url": Param(
        "",
        type="string",
        pattern="^(https?://[^@]+)?$",
        title="Address",
        description="Only where the connection `closebook_<source>_<tenant>` names no host: "
        "https://host[:port][/path]. No login, no password: those go into the connection.",
    ),
    "reason": Param("", type="string", title="Why", description="Kept with the decision."),
}


@task(pool="local_files")
def change() -> None:
    """Does what the form says, once a page of everything was read where that is asked for."""
    from functools import partial

    from airflow.sdk import get_current_context

    from dags._connections import connection_of, kept_in
    from ingestion.clock import clock_from_environment
    from ingestion.connections import ConfiguredSource
    from warehouse.home import Home
    from warehouse.sources import configure

    context: Any = get_current_context()
    form = context["params"]
    source, tenant = form["source"], form["tenant"]
    wanted = ConfiguredSource(source, tenant, kept_in(source, tenant), form["url"])
    lines = configure(
        Home.from_environment().ensure(),
        clock_from_environment(),
        form["action"],
        wanted,
        partial(connection_of, url=wanted.url),
        actor=context["dag_run"].triggering_user_name or "airflow",
        reason=form["reason"],
    )
    print(*lines, sep="\n")
