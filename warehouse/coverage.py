"""Which marts stay empty, and what no source has brought that they are made of."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import duckdb

from warehouse.home import Home

_UNIONED = re.compile(r"int_(\w+)__unioned")
_POLICY = re.compile(r"stg_policy__(\w+)")


@dataclass(frozen=True, slots=True)
class EmptyMart:
    """A published mart without rows.

    `entities` (plural) and tables of `policy` are what it looked at and found without any row.
    """

    name: str
    entities: tuple[str, ...]
    policy: tuple[str, ...]

    def __str__(self) -> str:
        reasons = []
        if self.entities:
            reasons.append(f"no source has brought {', '.join(self.entities)}")
        if self.policy:
            reasons.append(f"policy has no rows in {', '.join(f'{n}.csv' for n in self.policy)}")
        return f"{self.name} is empty: {'; '.join(reasons) or 'nothing in it has happened yet'}"


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

        @cache
        def is_empty(key: str) -> bool:
            if key not in models:
                return False
            relation = f"{models[key]['schema']}.{models[key]['name']}"
            return not connection.execute(f"select 1 from {relation} limit 1").fetchone()  # noqa: S608  names of our own models

        return sorted(
            (
                _empty(key, models, manifest["parent_map"], is_empty)
                for key, node in models.items()
                if node["name"].startswith("mart_") and is_empty(key)
            ),
            key=lambda mart: mart.name,
        )


def _empty(
    key: str,
    models: Mapping[str, Mapping[str, Any]],
    parents: Mapping[str, Sequence[str]],
    is_empty: Callable[[str], bool],
) -> EmptyMart:
    """Follows empty models only: what is behind one with rows is not why the mart has none."""
    entities: set[str] = set()
    policy: set[str] = set()
    seen, waiting = {key}, [key]
    while waiting:
        for parent in parents.get(waiting.pop(), []):
            if parent in seen or not is_empty(parent):
                continue
            seen.add(parent)
            name = models[parent]["name"]
            if entity := _UNIONED.fullmatch(name):
                entities.add(entity.group(1))
            elif table := _POLICY.fullmatch(name):
                policy.add(table.group(1))
            else:
                waiting.append(parent)
    return EmptyMart(models[key]["name"], tuple(sorted(entities)), tuple(sorted(policy)))
