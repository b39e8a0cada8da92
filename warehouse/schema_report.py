"""What `closebook schema` says: the versions of each resource's columns, and what drifted.

Versions are read from the stores. Drift is the mart's: its SQL is run as it stands on the log of
the stores, so that it can be read when no build gets through, which is when it is wanted.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import duckdb
import jinja2

from ingestion.connections import nearest
from ingestion.landing import Landing, Manifest
from ingestion.schema import Columns, SchemaChange, change, columns_of, versions
from ingestion.typed import schema_version
from warehouse import meta
from warehouse.dbt_runner import PROJECT
from warehouse.errors import WarehouseError
from warehouse.home import Home
from warehouse.landed import declared
from warehouse.load_log import fill

_MODELS = (
    "intermediate/loads/int_load_columns",
    "intermediate/loads/int_emptied_columns",
    "marts/quality/mart_schema_drift_by_tenant_resource_column",
)


@dataclass(frozen=True, slots=True)
class Version:
    """A version of a resource's columns: its first load (None: declared, and nothing landed yet).

    `change` is from the version before, None for the first.
    """

    fingerprint: str
    columns: Columns
    load: Manifest | None
    change: SchemaChange | None

    def __str__(self) -> str:
        first = "declared, nothing landed yet"
        if self.load is not None:
            recorded_at = datetime.fromisoformat(self.load.recorded_at).astimezone(UTC)
            first = f"#{self.load.commit_seq} {recorded_at:%Y-%m-%d %H:%M} UTC"
        # `_load_id` and the like are in every load.
        own = sum(not name.startswith("_") for name, _ in self.columns)
        what = f"{own} columns" if self.change is None else self.change
        return f"{self.fingerprint}  {first}: {what}"


@dataclass(frozen=True, slots=True)
class Drift:
    """One row of the drift mart."""

    source: str
    tenant: str
    resource: str
    column: str
    drift: str
    is_current: bool
    values: dict[str, Any]

    def __str__(self) -> str:
        since = f"{self.values['first_seen_at']:%Y-%m-%d %H:%M}"
        last = f"{self.values['last_seen_at']:%Y-%m-%d %H:%M}"
        until = "" if self.is_current else f", gone after {last}"
        loads = f"{self.values['load_count']} load{'s' if self.values['load_count'] > 1 else ''}"
        match self.drift:
            case "unknown_column":
                what = f"not declared, {self.values['data_type']}, in {loads}"
            case "emptied_column":
                what = f"without any value in {self.values['row_count']} rows, {loads}"
            case _:
                what = (
                    f"{self.values['row_count']} rows refused in {loads}, last: row "
                    f"{self.values['example_row_number']} of load {self.values['example_load_id']}:"
                    f" {self.values['why']}"
                )
        return f"{self.tenant}  {self.column}: {what}, since {since}{until}"


def resources(home: Home, selection: str | None) -> list[str]:
    """The ``source.resource`` that a selection (``stripe``, ``stripe.invoice``, None) names.

    Without one, all that landed. Raises WarehouseError when nothing is declared or landed so.
    """
    landed = {f"{load.source}.{load.resource}" for load in Landing(home.landing).loads()}
    if selection is None:
        return sorted(landed)
    known = landed | {name for name, _ in declared() if not name.startswith(("policy.", "decis"))}
    chosen = sorted(name for name in known if selection in (name, name.partition(".")[0]))
    if not chosen:
        near = nearest(selection, known | {name.partition(".")[0] for name in known})
        raise WarehouseError(f"no source or resource is called {selection!r}{near}")
    return chosen


def history(home: Home, resource: str) -> Iterator[Version]:
    """The versions of a resource in the order of their first loads, the declared one last."""
    landing = Landing(home.landing)
    loads = [load for load in landing.loads() if f"{load.source}.{load.resource}" == resource]
    before: Columns | None = None
    for load, columns in versions(landing, loads):
        yield Version(
            load.schema_version or schema_version(columns),
            columns,
            load,
            None if before is None else change(before, columns),
        )
        before = columns
    now = dict(declared()).get(resource)
    if now is not None and (before is None or change(before, now)):
        yield Version(
            schema_version(now), now, None, None if before is None else change(before, now)
        )


def columns_of_load(home: Home, commit_seq: int) -> tuple[Manifest, Columns]:
    """The columns that a load was written with. Raises WarehouseError for an unknown number."""
    landing = Landing(home.landing)
    for load in landing.loads():
        if load.commit_seq == commit_seq:
            return load, columns_of(landing, load)
    raise WarehouseError(
        f"there is no load #{commit_seq}; `closebook schema` names the first load of each version"
    )


def drifts(home: Home) -> dict[str, list[Drift]]:
    """What drifted, by ``source.resource``, the current ones first."""
    with duckdb.connect() as connection:
        connection.execute(meta.SCHEMA)
        fill(connection, home)
        for model in _MODELS:
            connection.execute(f"create view {model.rpartition('/')[2]} as {_sql(model)}")
        found = connection.execute(f"select * from {_MODELS[-1].rpartition('/')[2]}")  # noqa: S608  a name of ours
        names = [column[0] for column in found.description]
        rows = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
    by_resource: defaultdict[str, list[Drift]] = defaultdict(list)
    for row in sorted(rows, key=lambda r: (not r["is_current"], r["tenant"], r["column_name"])):
        by_resource[f"{row['source_system']}.{row['resource']}"].append(
            Drift(
                row["source_system"],
                row["tenant"],
                row["resource"],
                row["column_name"],
                row["drift"],
                row["is_current"],
                row,
            )
        )
    return by_resource


def _sql(model: str) -> str:
    """A model's SQL on the tables of the log, up to the end of time."""
    template = jinja2.Environment(autoescape=False, undefined=jinja2.StrictUndefined).from_string(  # noqa: S701  SQL of our own
        (PROJECT / "models" / f"{model}.sql").read_text(encoding="utf-8")
    )
    return template.render(
        source=lambda schema, table: f"{schema}.{table}",
        ref=lambda name: name,
        as_of_at=lambda: "timestamp '9999-12-31'",
    )
