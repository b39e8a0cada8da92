"""Stores to keep: loads with raw pages, as extraction leaves them, and a version of them."""

from __future__ import annotations

import gzip
import os
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ingestion.clock import Clock
from ingestion.landing import Landing, LoadFile, Manifest, sha256_of
from tests.warehouse.conftest import TABLES, basis, fill_warehouse
from warehouse.home import Home
from warehouse.publish import publish


def land(
    home: Home, at: str, resource: str = "invoice", replaces: int | None = None, **extra: Any
) -> Manifest:
    """One load of a Stripe resource with one row and one raw page, recorded `at`."""
    with Landing(home.landing).open_load("stripe", "aurora", resource) as load:
        page = load.folder / "pages-00001.json.gz"
        page.write_bytes(gzip.compress(f'{{"data": [{{"id": "{load.load_id}"}}]}}'.encode()))
        part = load.folder / "part-00000.parquet"
        pq.write_table(pa.table({"id": [load.load_id]}), part)
        return load.commit(
            Manifest(
                load_id=load.load_id, source="stripe", tenant="aurora", resource=resource,
                recorded_at=datetime.fromisoformat(at).isoformat(), rows=1,
                files=(LoadFile(load.relative(part.name), 1, sha256_of(part)),),
                pages=(load.relative(page.name),), replaces=replaces, extra=extra,
            )
        )  # fmt: skip


def publish_until(home: Home, landing_seq: int, clock: Clock) -> None:
    """A version that was built from the landing up to this commit."""
    fill_warehouse(home, rows=10)
    made = basis(landing_seq)
    made.watermarks.update(policy=0)
    publish(home, made, TABLES, [], 0, clock)


def page_of(home: Home, load: Manifest) -> Path:
    return home.landing / load.pages[0]


def age(path: Path, days: float) -> None:
    """Makes a file or folder, and all that is in it, look untouched for so long."""
    then = time.time() - days * 86400
    for entry in (*(path.rglob("*") if path.is_dir() else ()), path):
        os.utime(entry, (then, then))
