"""Judges one mutation on one built warehouse: by the answer key, then by the data tests.

The warehouse's file is attached read-only. A changed model and what follows from it are written to
tables of the same declaration in a second database, in memory, and nothing is undone afterwards
but that those tables are forgotten. A model that comes out as it was ends its branch.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from benchmarks.mutate.mutations import Mutation, compiled_mutation
from benchmarks.mutate.project import DataTest, Model

Rows = Sequence[Mapping[str, Any]]
_benches: list[Bench] = []
"""Of this process; see `open_benches`."""

STATEMENT_SECONDS = 20.0
MOST_GROWTH, MOST_ROWS = 20, 20_000
"""A join on nothing is noticed by whoever waits for the build: a table that holds so many times
its rows, and so many more, or that takes so long, counts as broken."""

WAREHOUSE = '"warehouse".'
CHANGED = '"changed".'


@dataclass(frozen=True, slots=True)
class World:
    """A warehouse as built, the answer key's rows for it, and the project that built it."""

    database: Path
    answers: Mapping[str, Rows]
    models: Sequence[Model]
    tests: Sequence[DataTest]


def open_benches(worlds: Sequence[World]) -> None:
    """What each process of a pool does first; raises KeyDisagreesError."""
    _benches.extend(Bench(world) for world in worlds)


def killers(found: Sequence[Mutation]) -> list[str | None]:
    """What notices each change of one model, on any of the worlds that are open."""
    return [next(filter(None, (bench.killer(one) for bench in _benches)), None) for one in found]


class KeyDisagreesError(Exception):
    """The unchanged warehouse is not what the key says: nothing can be judged by it."""


class ExplodedError(Exception):
    """A changed model multiplies its rows."""


class Bench:
    """One built warehouse, its answer key, and room for the tables of one changed model."""

    def __init__(self, world: World) -> None:
        """Raises KeyDisagreesError when the warehouse as built differs from its key."""
        self._models = {model.name: model for model in world.models}
        self._tests = world.tests
        self._connection = duckdb.connect(":memory:", config={"threads": 1, "memory_limit": "3GB"})
        run = self._connection.execute
        run("set TimeZone = 'UTC'")
        run(f"attach '{world.database}' as warehouse (read_only)")
        run("attach ':memory:' as changed")
        run("attach ':memory:' as answers")
        self._declare()
        self._keyed = {name: self._load(name, rows) for name, rows in world.answers.items()}
        wrong = [name for name in self._keyed if not self._agrees(name, frozenset())]
        if wrong:
            raise KeyDisagreesError(f"{world.database} differs from the key in {', '.join(wrong)}")

    def killer(self, mutation: Mutation) -> str | None:
        """What noticed the change: ``key``, ``error`` or ``data test``; None when nothing did."""
        first = self._models[mutation.model]
        changed: set[str] = set()
        try:
            for model in self._from(first):
                if model is first:
                    sql = compiled_mutation(mutation, model.sql, model.compiled)
                elif model.parents & changed:
                    sql = self._renamed(model.compiled, changed)
                else:
                    continue
                if not self._rebuild(model, sql):
                    continue
                changed.add(model.name)
                if model.name in self._keyed and not self._agrees(model.name, changed):
                    return "key"
        except duckdb.CatalogException:
            raise  # a table that is not there is our mistake: no change of these kinds can make it
        except (duckdb.Error, ExplodedError):
            return "error"
        try:
            for test in self._tests:
                if test.parents & changed and self._gives(self._renamed(test.compiled, changed)):
                    return "data test"
        except duckdb.Error:
            return "data test"
        return None

    def _declare(self) -> None:
        """Room for every model, with the declarations of its table; a view gets a table too."""
        tables = self._connection.execute(
            "select schema_name, table_name, sql from duckdb_tables() "
            "where database_name = 'warehouse'"
        ).fetchall()
        declared = {f'{WAREHOUSE}"{schema}"."{name}"': sql for schema, name, sql in tables}
        for schema in {schema for schema, _, _ in tables}:
            self._connection.execute(f"create schema if not exists changed.{schema}")
        self._connection.execute("use changed")
        for model in self._models.values():
            changed = model.relation.replace(WAREHOUSE, CHANGED, 1)
            empty = f"create table {changed} as from {model.relation} limit 0"
            self._connection.execute(declared.get(model.relation, empty))
        self._connection.execute("use memory")

    def _load(self, name: str, rows: Rows) -> list[str]:
        """Puts the key's rows beside the model, in the model's types; returns their columns."""
        columns = [column for column in rows[0] if not column.startswith("_")]
        told = pa.table({column: [_plain(row[column]) for row in rows] for column in columns})
        relation = self._models[name].relation
        self._connection.register("told", told)
        self._connection.execute(
            f"create table answers.{name} as select {', '.join(columns)} from {relation} limit 0"
        )
        self._connection.execute(f"insert into answers.{name} by name select * from told")
        self._connection.unregister("told")
        return columns

    def _from(self, first: Model) -> Iterator[Model]:
        """The model and all that come after it in the order of building."""
        models = iter(self._models.values())
        for model in models:
            if model is first:
                yield model
                yield from models

    def _rebuild(self, model: Model, sql: str) -> bool:
        """Fills the model's table from `sql`; did it come out different?

        Raises ExplodedError when it grows beyond all measure.
        """
        changed = model.relation.replace(WAREHOUSE, CHANGED, 1)
        most = MOST_GROWTH * self._rows(model.relation) + MOST_ROWS
        with self._limited():
            self._connection.execute(f"truncate {changed}")
            self._connection.execute(
                f"insert into {changed} by name select * from ({_final(sql)}) limit {most}"
            )
            if self._rows(changed) == most:
                raise ExplodedError(f"{model.name} has {most} rows or more")
            return self._differ(f"from {changed}", f"from {model.relation}", "*")

    def _rows(self, relation: str) -> int:
        found = self._connection.execute(f"select count(*) from {relation}").fetchone()
        assert found
        return int(found[0])

    def _agrees(self, name: str, changed: set[str] | frozenset[str]) -> bool:
        columns = ", ".join(self._keyed[name])
        relation = self._renamed(self._models[name].relation, changed)
        return not self._differ(f"from {relation}", f"from answers.{name}", columns)

    def _differ(self, one: str, other: str, columns: str) -> bool:
        """Do two sets of rows differ? As bags: a row too many is a difference."""
        counts = self._connection.execute(
            f"select (select count(*) {one}) = (select count(*) {other})"
        ).fetchone()
        return counts != (True,) or self._gives(
            f"select {columns} {one} except all select {columns} {other}"
        )

    def _gives(self, sql: str) -> bool:
        with self._limited():
            return self._connection.execute(f"from ({_final(sql)}) limit 1").fetchone() is not None

    def _renamed(self, sql: str, changed: set[str] | frozenset[str]) -> str:
        for name in changed:
            relation = self._models[name].relation
            sql = sql.replace(relation, relation.replace(WAREHOUSE, CHANGED, 1))
        return sql

    @contextmanager
    def _limited(self) -> Iterator[None]:
        timer = threading.Timer(STATEMENT_SECONDS, self._connection.interrupt)
        timer.start()
        try:
            yield
        finally:
            timer.cancel()


def _final(sql: str) -> str:
    """On lines of its own: compiled SQL may end in a comment."""
    return f"\n{sql}\n"


def _plain(value: Any) -> Any:
    """Instants without a zone, as the marts hold them."""
    if isinstance(value, datetime) and value.tzinfo:
        return value.replace(tzinfo=None)
    return value
