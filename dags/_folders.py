"""The tasks of the DAGs that read folders: files with a mapping, and the policy."""

from __future__ import annotations

from typing import Any

from airflow.sdk import task


@task
def plan_folders() -> list[dict[str, str]]:
    """One entry per folder of files in `sources.yml`."""
    from ingestion.connections import configured_sources
    from warehouse.home import Home

    return [
        {"folder": entry.folder, "mapping": entry.mapping}
        for entry in configured_sources(Home.from_environment().root).files
    ]


@task(map_index_template="{{ task.op_kwargs['folder'].rsplit('/', 1)[-1] }}")
def take_in(folder: str, mapping: str) -> dict[str, Any]:
    """Lands the new and changed files of one folder through its mapping."""
    from ingestion.clock import clock_from_environment
    from warehouse.files import take_in_folder
    from warehouse.home import Home

    home = Home.from_environment().ensure()
    report = take_in_folder(folder, home, clock_from_environment(), mapping_name=mapping)
    print(report)
    return {"loads": len(report.loads), "rows": sum(load.rows for load in report.loads)}


@task
def land_policy_folder() -> list[dict[str, Any]]:
    """Lands the policy tables whose content changed; a changed past is refused whole.

    Without a policy folder in `sources.yml`, policy is landed by hand and this does nothing.
    """
    from ingestion.clock import clock_from_environment
    from ingestion.connections import configured_sources
    from ingestion.landing import Landing
    from warehouse.home import Home
    from warehouse.policy import land_policy

    home = Home.from_environment().ensure()
    folder = configured_sources(home.root).policy
    if folder is None:
        return []
    report = land_policy(
        folder, Landing(home.policy), Landing(home.decisions), clock_from_environment()
    )
    return [{"load": load.commit_seq, "rows": load.rows} for load in report.landed]
