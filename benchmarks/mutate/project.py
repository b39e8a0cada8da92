"""The dbt project as a mutation run needs it: compiled once, its unit tests on changed copies."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

from benchmarks.mutate.mutations import Mutation, apply
from warehouse.build import dbt_variables
from warehouse.dbt_runner import PROJECT
from warehouse.home import Home
from warehouse.plan import load_plan

LAYERS = ("models/intermediate/", "models/core/", "models/marts/")
LEFT_OUT = "models/intermediate/conformed/"
"""A mapper per vendor and `union all`: no policy, and proven against the vendors' protocols."""


class ProjectError(Exception):
    """dbt did not do what was asked of it; the message is dbt's."""


@dataclass(frozen=True, slots=True)
class Model:
    """A model after compiling. `relation` is how other compiled SQL names it."""

    name: str
    path: str
    sql: str
    compiled: str
    relation: str
    parents: frozenset[str]


@dataclass(frozen=True, slots=True)
class DataTest:
    """A data test after compiling: it fails when its query gives a row."""

    name: str
    compiled: str
    parents: frozenset[str]


class Project:
    """A copy of the dbt project in `folder`, pointed at one built warehouse."""

    def __init__(self, folder: Path, home: Home) -> None:
        self.root = folder / "dbt_project"
        shutil.copytree(PROJECT, self.root, ignore=shutil.ignore_patterns("target", "logs"))
        self._folder = folder
        self._home = home
        self._variables = dbt_variables(home, load_plan(home))
        nodes = [entry.node for entry in self._dbt("compile").results]
        every = [node for node in nodes if str(node.resource_type) == "model"]
        self.models = _in_order(
            [
                _model(node, self.root)
                for node in every
                if node.original_file_path.startswith(LAYERS)
                and not node.original_file_path.startswith(LEFT_OUT)
            ]
        )
        self.tests = [
            DataTest(node.name, node.compiled_code, _parents(node))
            for node in nodes
            if str(node.resource_type) == "test" and node.config.severity.lower() == "error"
        ]

    def failing_unit_tests(self, mutations: Iterable[Mutation]) -> dict[str, list[str]]:
        """Model -> its unit tests that fail, with at most one mutation made to each model.

        A unit test brings its own input, so that models changed together do not meet.
        """
        models = {model.name: model for model in self.models}
        changed = {mutation.model: mutation for mutation in mutations}
        for name, mutation in changed.items():
            path = self.root / models[name].path
            path.write_text(apply(models[name].sql, mutation.edits), encoding="utf-8")
        try:
            select = tuple(f"{name},test_type:unit" for name in changed)
            found = self._dbt("test", select=select)
        finally:
            for name in changed:
                (self.root / models[name].path).write_text(models[name].sql, encoding="utf-8")
        failing: dict[str, list[str]] = {name: [] for name in changed}
        for entry in found.results:
            if str(entry.status) in ("fail", "error"):
                # unit_test.<project>.<model>.<name>, whether it failed or could not run
                failing[entry.node.unique_id.split(".")[2]].append(entry.node.name)
        return failing

    def _dbt(self, command: str, **options: Any) -> Any:
        from dbt.adapters.duckdb.connections import DuckDBConnectionManager
        from dbt.cli.main import dbtRunner

        os.environ["CLOSEBOOK_DATABASE"] = str(self._home.database)
        reply = dbtRunner().invoke(
            [command, "--project-dir", str(self.root), "--profiles-dir", str(self.root)],
            target_path=str(self._folder / "target"),
            log_path=str(self._folder / "logs"),
            vars=self._variables,
            quiet=True,
            log_level="none",
            send_anonymous_usage_stats=False,
            version_check=False,
            **options,
        )
        DuckDBConnectionManager.close_all_connections()
        if reply.result is None:
            raise ProjectError(f"dbt {command}: {reply.exception}")
        return reply.result


def _model(node: Any, root: Path) -> Model:
    return Model(
        name=node.name,
        path=node.original_file_path,
        sql=(root / node.original_file_path).read_text(encoding="utf-8"),
        compiled=node.compiled_code,
        relation=node.relation_name,
        parents=_parents(node),
    )


def _parents(node: Any) -> frozenset[str]:
    return frozenset(_short(name) for name in node.depends_on.nodes)


def _short(unique_id: str) -> str:
    return unique_id.rsplit(".", 1)[-1]


def _in_order(models: list[Model]) -> list[Model]:
    """Parents first; among equals by name, so that two runs go alike."""
    known = {model.name: model for model in models}
    graph = {
        model.name: sorted(model.parents & known.keys())
        for model in sorted(models, key=lambda model: model.name)
    }
    return [known[name] for name in TopologicalSorter(graph).static_order()]
