"""What a landed Parquet file looks like: its columns, and how the house's own loads are written.

Every landed file has the declared columns and then `LOAD_COLUMNS`. `declared()` lists all that can
land; a build puts an empty file of each resource in front of the real ones, so that a model always
finds its columns, typed, even before the first load.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ingestion.catalog import CONNECTORS
from ingestion.entities import ENTITIES
from ingestion.files.intake import entity_columns
from ingestion.landing import LoadFile, Manifest, OpenLoad
from ingestion.resource import ColumnType
from ingestion.schema import Columns, keep_schema
from ingestion.typed import LOAD_COLUMNS, landed_columns

VALIDITY: Columns = (("valid_from", "date"), ("valid_to", "date"))

_ARROW: dict[ColumnType, pa.DataType] = {
    "string": pa.string(),
    "json": pa.string(),
    "bigint": pa.int64(),
    "int": pa.int32(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us"),
    "decimal(18,2)": pa.decimal128(18, 2),
    "decimal(18,6)": pa.decimal128(18, 6),
}


KEYS: dict[str, tuple[str, ...]] = {
    **{
        f"{vendor}.{resource.name}": (resource.key,)
        for vendor, connector in CONNECTORS.items()
        for resource in connector.resources
    },
    **{f"files.{entity}": ("source_tenant", "source_id") for entity in ENTITIES},
}
"""The columns that identify a row of one load, by ``<source>.<resource>``."""


def declared() -> Iterator[tuple[str, Columns]]:
    """Everything that can land: ``<source>.<resource>`` and its columns, `LOAD_COLUMNS` last."""
    from warehouse.decisions import COLUMNS as DECISION_COLUMNS
    from warehouse.policy_tables import POLICY_TABLES

    for vendor, connector in CONNECTORS.items():
        for resource in connector.resources:
            yield f"{vendor}.{resource.name}", landed_columns(resource)
    for entity in ENTITIES:
        yield f"files.{entity}", entity_columns(entity)
    for table in POLICY_TABLES.values():
        yield f"policy.{table.name}", table.columns + VALIDITY + LOAD_COLUMNS
    yield "decisions.decision", DECISION_COLUMNS + LOAD_COLUMNS


def write_empty(folder: Path) -> dict[str, str]:
    """Writes one empty Parquet file per declared resource; returns name -> absolute path.

    A file is named by its columns as well, so one written earlier is right or not found.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths: dict[str, str] = {}
    for name, columns in declared():
        shape = hashlib.sha256(repr(columns).encode()).hexdigest()[:12]
        path = folder / f"{name}.{shape}.parquet"
        if not path.exists():
            beside = path.with_suffix(".tmp")
            pq.write_table(_schema(columns).empty_table(), beside)
            beside.rename(path)
        paths[name] = str(path.absolute())
    return paths


def write_load(
    load: OpenLoad,
    columns: Columns,
    rows: Sequence[tuple[Any, ...]],
    *,
    now: datetime,
    recorded_at: Sequence[datetime] | None = None,
    is_backfill: bool = False,
    extra: dict[str, Any] | None = None,
) -> Manifest:
    """Commits rows (values in the order of `columns`) as one load of the house's own stores.

    `recorded_at` gives each row its own instant (a first back-fill); by default it is `now`.
    """
    instants = recorded_at if recorded_at is not None else [now] * len(rows)
    complete = [
        (*row, load.load_id, number, 1, _utc(instant), is_backfill, load.tenant)
        for number, (row, instant) in enumerate(zip(rows, instants, strict=True), start=1)
    ]
    schema = _schema(columns + LOAD_COLUMNS)
    arrays = [
        pa.array([row[index] for row in complete], type=field.type)
        for index, field in enumerate(schema)
    ]
    path = load.folder / "part-00000.parquet"
    pq.write_table(pa.Table.from_arrays(arrays, schema=schema), path)
    file = LoadFile(
        load.relative(path.name), len(rows), hashlib.sha256(path.read_bytes()).hexdigest()
    )
    return load.commit(
        Manifest(
            load_id=load.load_id,
            source=load.source,
            tenant=load.tenant,
            resource=load.resource,
            recorded_at=now.isoformat(),
            rows=len(rows),
            files=(file,),
            is_backfill=is_backfill,
            schema_version=keep_schema(load.store, columns + LOAD_COLUMNS),
            extra=extra or {},
        )
    )


def _schema(columns: Columns) -> pa.Schema:
    return pa.schema([(name, _ARROW[kind]) for name, kind in columns])


def _utc(instant: datetime) -> datetime:
    return instant.astimezone(UTC).replace(tzinfo=None)
