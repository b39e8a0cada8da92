"""The stage names that the last build met in the data, beside the policy that places them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

import duckdb

from warehouse.errors import WarehouseError
from warehouse.home import Home
from warehouse.policy_rows import Files, PolicyProblem, PolicyRow

MAP = "stage_map"


def of_last_build(home: Home, query: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """What a query finds in the warehouse; nothing when no build has come that far.

    Raises WarehouseError while a build writes.
    """
    if not home.database.is_file():
        return []
    try:
        with duckdb.connect(str(home.database), read_only=True) as connection:
            found: list[tuple[Any, ...]] = connection.execute(query, parameters).fetchall()
            return found
    except duckdb.CatalogException:
        return []
    except duckdb.IOException as error:
        raise WarehouseError(
            f"{home.database} cannot be read while a build writes it ({error}); try again then"
        ) from None


def without_a_stage(files: Files, home: Home) -> Iterator[PolicyProblem]:
    """Names that no row places on the first or the last day on which the data have them."""
    if MAP not in files or not files[MAP].is_whole:
        return
    met = of_last_build(
        home,
        """
        select source_system, tenant, pipeline_id, record_type, stage_name,
            min(entered_date), max(entered_date), count(*)
        from intermediate.int_stage_entries
        where stage_name is not null
        group by all order by all
        """,
    )
    for source, tenant, pipeline, record_type, name, first, last, entries in met:
        rows = [
            row
            for row in files[MAP].rows
            if row.values["source_system"] == source
            and row.values["tenant"] in (tenant, "*")
            and row.values["pipeline_id"] in (pipeline, "*")
            and row.values["record_type"] == record_type
            and row.values["source_stage"] == name
        ]
        bare = [day for day in (first, last) if not _is_placed(day, rows)]
        if bare:
            yield PolicyProblem(
                files[MAP].name,
                rows[0].line if rows else 0,
                "source_stage",
                name,
                f"on {bare[0]} it has no stage, and {tenant} of {source} has "
                f"{entries} entries of {record_type} records into it, {first} to {last}: the next "
                "build would stop",
                f"Let a row hold on these days (`closebook process init --source {source}` adds "
                "one where there is none)",
            )


def _is_placed(day: date, rows: Sequence[PolicyRow]) -> bool:
    return any(row.valid_from <= day < row.valid_to for row in rows)
