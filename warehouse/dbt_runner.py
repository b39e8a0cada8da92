"""Runs dbt inside this process: one invocation per layer, its results as data.

dbt takes seconds to import, so nothing imports this module before a build needs it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import duckdb

from warehouse.errors import BuildFailedError, WarehouseError
from warehouse.home import Home
from warehouse.meta import DbtResult
from warehouse.publish import PublishedTable

if TYPE_CHECKING:
    from dbt.contracts.graph.manifest import Manifest

PROJECT = Path(__file__).resolve().parent.parent / "dbt_project"

STAGING = (
    "path:models/staging",
    "path:models/intermediate/conformed",
    "+int_stage_entry_context",
    "+int_opportunity_instant_states",
)
"""What the stage-entry gate needs; the marts layer is everything else."""

# As arguments: dbt's defaults for these, which must exist, are evaluated otherwise.
_FOLDERS = ("--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT))

Progress = Callable[[str], None]

SHOWN_ROWS = 3
"""How many rows a failed test names."""


def run_layer(
    home: Home,
    variables: Mapping[str, Any],
    *,
    select: Sequence[str] = (),
    exclude: Sequence[str] = (),
    progress: Progress,
) -> list[DbtResult]:
    """Builds and tests the selected models; returns what happened to each node.

    Models by case are made anew when the build is whole; staging is continued all the same.

    A data test runs in the first layer that has all of its parents. Raises WarehouseError when
    the project itself does not load.
    """
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner

    reply = dbtRunner(parsed_project(_target(home)), callbacks=[_progress_lines(progress)]).invoke(
        ["build", *_FOLDERS],
        vars=dict(variables),
        select=tuple(select),
        exclude=tuple(exclude),
        full_refresh=variables["is_whole_build"],
        exclude_resource_types=("unit_test",),
        indirect_selection="cautious",
        **_settings(home.database, _target(home), home.warehouse / "dbt_logs"),
    )
    # dbt keeps the file open for its next run; a gate opens it in between, with other settings.
    DuckDBConnectionManager.close_all_connections()
    if reply.result is None:
        raise WarehouseError(f"dbt did not start: {reply.exception}")
    return [_result(entry, home) for entry in reply.result.results]


def parsed_project(target: Path, *, anew: bool = False) -> Manifest:
    """The parsed project, kept beside the project or, where that is not writable, in `target`.

    dbt reads again only what changed since it last parsed, and everything when a variable or the
    database's path did: so it is parsed without a build's date and files, and for a database of
    the same name that is nowhere, which makes it the same for every home. `anew` reads everything:
    what dbt keeps may still give a unit test to the model that it tested before. Raises
    WarehouseError.
    """
    from dbt.cli.main import dbtRunner

    kept = PROJECT / "target" if os.access(PROJECT, os.W_OK) else target
    reply = dbtRunner().invoke(
        ["parse", "--no-write-json", *(["--no-partial-parse"] if anew else []), *_FOLDERS],
        **_settings(Path("warehouse.duckdb"), kept, kept / "logs"),
    )
    if reply.result is None:
        raise WarehouseError(f"the dbt project did not load: {reply.exception}")
    return cast("Manifest", reply.result)


def _settings(database: Path, target: Path, logs: Path) -> dict[str, Any]:
    os.environ["CLOSEBOOK_DATABASE"] = str(database)
    return {
        "target_path": str(target),
        "log_path": str(logs),
        "quiet": True,
        "log_level": "none",
        "send_anonymous_usage_stats": False,
        "version_check": False,
    }


def raise_for_failures(layer: str, results: Sequence[DbtResult]) -> None:
    """Raises WarehouseError for a model that broke, BuildFailedError for a test that failed."""
    broken = [result for result in results if result.status == "error"]
    if broken:
        first = broken[0]
        reason = " ".join(first.message.partition("> in macro")[0].split())
        raise WarehouseError(
            f"dbt {layer}: {len(broken)} of {len(results)} nodes broke; "
            f"{_short(first.unique_id)}: {reason}"
        )
    failed = [result for result in results if result.status == "fail"]
    if failed:
        names = "; ".join(
            f"{_short(r.unique_id)} ({r.failure_count} rows: {r.message})" for r in failed[:5]
        )
        raise BuildFailedError(
            "dbt_tests",
            f"{len(failed)} dbt tests failed in {layer}: {names}",
            [
                {
                    "gate": "dbt_tests",
                    "suite": layer,
                    "check_name": _short(result.unique_id),
                    "observed": f"{result.failure_count} rows",
                    "why": result.message,
                }
                for result in failed
            ],
        )


def published_tables(home: Home) -> list[PublishedTable]:
    """The models and sources that say `meta: {publish: true}`, from the manifest dbt wrote.

    A column that says `meta: {publish: false}` is left out.
    """
    manifest = json.loads((_target(home) / "manifest.json").read_text(encoding="utf-8"))
    tables = []
    for node in [*manifest["nodes"].values(), *manifest["sources"].values()]:
        about = node.get("config", {}).get("meta") or node.get("meta") or {}
        if not about.get("publish"):
            continue
        if about.get("access") not in ("open", "restricted"):
            raise WarehouseError(
                f"{node['unique_id']} is published but `meta.access` is neither open nor restricted"
            )
        tables.append(
            PublishedTable(
                schema=node["schema"],
                name=node.get("alias") or node["name"],
                access=about["access"],
                grain=tuple(about.get("grain", ())),
                description=node.get("description", "").strip(),
                descriptions=tuple(
                    (name, column["description"].strip())
                    for name, column in node.get("columns", {}).items()
                    if column.get("description")
                ),
                hidden=tuple(
                    name
                    for name, column in node.get("columns", {}).items()
                    if column.get("config", {}).get("meta", {}).get("publish") is False
                ),
            )
        )
    return sorted(tables, key=lambda table: table.name)


def _target(home: Home) -> Path:
    return home.warehouse / "dbt_target"


def _result(entry: Any, home: Home) -> DbtResult:
    message = str(entry.message or "")
    if str(entry.status) == "fail":
        message = _first_rows(entry.node.compiled_code, home)
    return DbtResult(
        unique_id=entry.node.unique_id,
        resource_type=str(entry.node.resource_type),
        status=str(entry.status),
        execution_seconds=round(entry.execution_time, 3),
        failure_count=entry.failures,
        message=message,
    )


def _first_rows(test: str, home: Home) -> str:
    """The first rows that a failed test found: ``tenant=acme, rows=3 | ...``."""
    with duckdb.connect(str(home.database), read_only=True) as connection:
        found = connection.sql(test).limit(SHOWN_ROWS)
        names = found.columns
        return " | ".join(
            ", ".join(f"{name}={value}" for name, value in zip(names, row, strict=True))
            for row in found.fetchall()
        )


def _progress_lines(progress: Progress) -> Callable[[Any], None]:
    """One short line per finished model, and per test that did not pass; exposures do nothing."""

    def show(event: Any) -> None:
        if event.info.name != "NodeFinished":
            return
        node, result = event.data.node_info, event.data.run_result
        if result.status not in ("pass", "no-op"):
            progress(f"  {node.node_name} {result.status} {result.execution_time:.1f} s")

    return show


def _short(unique_id: str) -> str:
    return unique_id.split(".")[2] if unique_id.count(".") > 1 else unique_id
