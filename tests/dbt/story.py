"""A small warehouse told row by row: landed into real stores, built by the real dbt project.

`Story.land` commits a load of one resource; `Story.build` stages what is new and builds every
model, as a build does, without the gates around it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from expectations.results import create_tables
from ingestion.clock import FixedClock
from ingestion.landing import Landing, Manifest
from ingestion.resource import ColumnType
from warehouse import meta
from warehouse.build import dbt_variables
from warehouse.dbt_runner import raise_for_failures, run_layer
from warehouse.home import Home
from warehouse.landed import LOAD_COLUMNS, declared, write_load
from warehouse.plan import make_plan
from warehouse.policy import land_policy

POLICY = Path(__file__).resolve().parents[2] / "company" / "policy"
COLUMNS = dict(declared())

Row = dict[str, Any]


def _typed(value: Any, kind: ColumnType) -> Any:
    """Text as the column's type; anything else as it is."""
    if not isinstance(value, str) or kind in ("string", "json"):
        return value
    if kind == "timestamp":
        return datetime.fromisoformat(value)
    return date.fromisoformat(value) if kind == "date" else Decimal(value)


def at(text: str) -> datetime:
    """An instant in UTC from 'YYYY-MM-DD HH:MM'."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@dataclass
class Story:
    """One home. The demo company's policy applies: aurora is in Shanghai, borealis in New York."""

    home: Home
    quarantined: list[tuple[str, int]] = field(default_factory=list)
    """(load id, row number) of rows that the raw gate is to have set aside."""

    def land_policy(self, when: str) -> None:
        """Lands the demo company's policy."""
        land_policy(
            POLICY, Landing(self.home.policy), Landing(self.home.decisions), FixedClock(at(when))
        )

    def land(
        self, resource: str, tenant: str, when: str, rows: list[Row], *, backfill: bool = False
    ) -> Manifest:
        """Commits one load of `<source>.<name>`; columns that a row leaves out are null.

        Raises KeyError for a resource or a column that is not declared.
        """
        columns = COLUMNS[resource]
        own = columns[: -len(LOAD_COLUMNS)]
        unknown = {name for row in rows for name in row} - {name for name, _ in own}
        if unknown:
            raise KeyError(f"{resource} declares no {sorted(unknown)}")
        source, _, name = resource.partition(".")
        with Landing(self.home.landing).open_load(source, tenant, name) as load:
            return write_load(
                load,
                own,
                [tuple(_typed(row.get(column), kind) for column, kind in own) for row in rows],
                now=at(when),
                is_backfill=backfill,
            )

    def build(self, as_of: str) -> None:
        """Stages the new loads and builds every model as of a date; a failed test raises."""
        plan = make_plan(self.home, FixedClock(at("2026-12-31 00:00")), date.fromisoformat(as_of))
        if plan.rebuild:
            self.home.database.unlink(missing_ok=True)
        meta.begin_build(self.home.database, plan.build_id, plan.definitions, plan.date)
        meta.record_loads(self.home.database, plan.loads)
        with duckdb.connect(str(self.home.database)) as connection:
            create_tables(connection)
            connection.execute("delete from quality.raw_quarantine")
            for load_id, row_number in self.quarantined:
                connection.execute(
                    "insert into quality.raw_quarantine by name select ? as load_id,"
                    " ? as row_number, 's' as source_system, 't' as tenant, 'r' as resource,"
                    " 'rule' as rule_id, 'f' as field, 'why' as why, 'fix' as fix, 'o' as owner,"
                    " 0 as commit_seq, timestamp '2026-01-01' as recorded_at",
                    [load_id, row_number],
                )
        results = run_layer(self.home, dbt_variables(self.home, plan), progress=lambda _: None)
        raise_for_failures("story", results)
        meta.record_staged(self.home.database, plan.watermarks)
        meta.record_built(self.home.database, plan.date, plan.instant, plan.watermarks)

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a query on the warehouse."""
        with duckdb.connect(str(self.home.database), read_only=True) as connection:
            return connection.execute(sql).fetchall()

    def tables(self, *schemas: str) -> dict[str, list[tuple[Any, ...]]]:
        """Every table of these schemas, or of core and marts, its rows in a fixed order."""
        names = self.query(
            "select schema_name || '.' || table_name from duckdb_tables()"
            f" where schema_name in {schemas or ('core', 'marts')} order by 1"
        )
        return {name: self.query(f"select * from {name} order by all") for (name,) in names}
