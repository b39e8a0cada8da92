"""Which marts stay empty, and what no source has brought that they are made of."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import duckdb

from warehouse.home import Home

_UNIONED = re.compile(r"int_(\w+)__unioned")


@dataclass(frozen=True, slots=True)
class EmptyMart:
    """A published mart without rows. `lacks` names entities (plural) that have no rows at all."""

    name: str
    lacks: tuple[str, ...]

    def __str__(self) -> str:
        if not self.lacks:
            return f"{self.name} is empty: nothing in it has happened yet"
        return f"{self.name} is empty: no source has brought {', '.join(self.lacks)}"


def empty_marts(home: Home) -> list[EmptyMart]:
    """The marts of the last build that hold no row, by name.

    Read from the warehouse file and dbt's manifest beside it; needs a build that has run.
    """
    path = home.warehouse / "dbt_target" / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    models = {
        key: node for key, node in manifest["nodes"].items() if node["resource_type"] == "model"
    }
    with duckdb.connect(str(home.database), read_only=True) as connection:

        def is_empty(node: Mapping[str, Any]) -> bool:
            relation = f"{node['schema']}.{node['name']}"
            return not connection.execute(f"select 1 from {relation} limit 1").fetchone()  # noqa: S608  names of our own models

        marts = [
            key
            for key, node in models.items()
            if node["name"].startswith("mart_") and is_empty(node)
        ]
        return sorted(
            (
                EmptyMart(
                    models[key]["name"],
                    tuple(
                        sorted(
                            found.group(1)
                            for parent in _ancestors(key, manifest["parent_map"])
                            if parent in models
                            if (found := _UNIONED.fullmatch(models[parent]["name"]))
                            if is_empty(models[parent])
                        )
                    ),
                )
                for key in marts
            ),
            key=lambda mart: mart.name,
        )


def _ancestors(key: str, parents: Mapping[str, list[str]]) -> set[str]:
    found: set[str] = set()
    waiting = [key]
    while waiting:
        for parent in parents.get(waiting.pop(), []):
            if parent not in found:
                found.add(parent)
                waiting.append(parent)
    return found
