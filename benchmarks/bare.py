"""The build's SQL in DuckDB alone: what the work costs when nothing organises it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from graphlib import TopologicalSorter
from typing import Any

import duckdb

from warehouse.home import MEMORY_LIMIT, Home


def write_compiled(home: Home) -> None:
    """Writes the compiled models, parents first, and data tests to `bare/compiled.json`.

    They are compiled for an empty warehouse, so that staging takes every row, as in a first build.
    """
    from dbt.cli.main import dbtRunner

    from warehouse.build import dbt_variables
    from warehouse.dbt_runner import PROJECT
    from warehouse.plan import load_plan

    folder = home.root / "bare"
    folder.mkdir()
    os.environ["CLOSEBOOK_DATABASE"] = str(folder / "warehouse.duckdb")
    reply = dbtRunner().invoke(
        ["compile", "--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT)],
        target_path=str(folder / "target"),
        log_path=str(folder / "logs"),
        vars=dbt_variables(home, load_plan(home)),
        quiet=True,
        log_level="none",
        send_anonymous_usage_stats=False,
        version_check=False,
    )
    if reply.result is None:
        raise SystemExit(f"dbt compile: {reply.exception}")
    nodes = {entry.node.unique_id: entry.node for entry in reply.result.results}
    order = TopologicalSorter({key: node.depends_on.nodes for key, node in nodes.items()})
    told = [
        {
            "type": str(nodes[key].resource_type),
            "relation": nodes[key].relation_name,
            "schema": nodes[key].schema,
            "name": nodes[key].name,
            "materialized": nodes[key].config.materialized,
            "is_declared": nodes[key].contract.enforced,
            "sql": nodes[key].compiled_code,
        }
        for key in order.static_order()
        if key in nodes
    ]
    (folder / "compiled.json").write_text(json.dumps(told), encoding="utf-8")


def run_compiled(home: Home, timed: Callable[[str], AbstractContextManager[Any]]) -> None:
    """Runs them in one process on a new file; times `models`, each of them, `tests` and `close`.

    A model with a contract is created as declared and then filled, as the build does it, within the
    memory that a build has. What Python wrote into the warehouse (the loads, the gates' verdicts)
    is there beforehand.
    """
    folder = home.root / "bare"
    nodes = json.loads((folder / "compiled.json").read_text(encoding="utf-8"))
    models = [node for node in nodes if node["type"] == "model"]
    tests = [node for node in nodes if node["type"] == "test"]
    path = folder / "warehouse.duckdb"
    path.unlink(missing_ok=True)
    settings = {"threads": 2, "memory_limit": MEMORY_LIMIT}
    with duckdb.connect(str(path), config=settings) as connection:
        run = connection.execute
        run("set TimeZone = 'UTC'")
        run(f"attach '{home.database}' as built (read_only)")
        tables = run(
            "select schema_name, table_name, sql from duckdb_tables() where database_name = 'built'"
        ).fetchall()
        declared = {(schema, name): sql for schema, name, sql in tables}
        for schema in {node["schema"] for node in models} | {schema for schema, _, _ in tables}:
            run(f"create schema if not exists {schema}")
        for schema, name, _ in tables:
            if schema in ("meta", "quality"):
                run(f"create table {schema}.{name} as from built.{schema}.{name}")
        with timed("models"):
            for node in models:
                with timed(f"model {node['name']}"):
                    if node["materialized"] == "view":
                        run(f"create view {node['relation']} as {node['sql']}")
                    elif node["is_declared"]:
                        run(declared[node["schema"], node["name"]])
                        run(f"insert into {node['relation']} by name {node['sql']}")
                    else:
                        run(f"create table {node['relation']} as {node['sql']}")
        with timed("tests"):
            for node in tests:
                run(f"select count(*) from (\n{node['sql']}\n)").fetchone()
        with timed("close"):
            connection.close()
