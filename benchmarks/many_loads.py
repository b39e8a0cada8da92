"""What many small loads cost: a year of daily loads against the same rows in one file.

`python -m benchmarks.many_loads [days]` prints seconds of processor time, which decision 0121
quotes. Manifests are of 20 resources, the rows of one of them: 100,000 at first, then 500 changed
ones a day.
"""

from __future__ import annotations

import gzip
import json
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import process_time

from ingestion.catalog import connector_of, resource_of
from ingestion.landing import Landing, LoadFile, Manifest
from ingestion.schema import keep_schema, landed
from ingestion.typed import Reading, connect, copy_to, landed_columns, schema_version, write_typed

STREAMS, FIRST, DAILY, DELIVERED = 20, 100_000, 500, 2_000
BEGAN = datetime(2025, 7, 1, tzinfo=UTC)
CONNECTOR = connector_of("stripe")
REFUND = resource_of(CONNECTOR, "refund")
COLUMNS = landed_columns(REFUND)


def refund(number: int, created: int, amount: int) -> dict[str, object]:
    return {"id": f"re_{number:09d}", "object": "refund", "created": created, "amount": amount,
            "currency": "usd", "charge": f"ch_{number:09d}", "status": "succeeded"}  # fmt: skip


def typed(
    landing: Landing, rows: list[dict[str, object]], at: datetime, against: bool = False
) -> float:
    """Lands a delivery; returns the seconds to type it, if asked for against what has landed."""
    known = list(landing.loads()) if against else []
    with landing.open_load("stripe", "aurora", "refund") as load:
        page = load.folder / "pages-00001.json.gz"
        page.write_bytes(gzip.compress(json.dumps({"data": rows}).encode(), 1))
        began = process_time()
        written = write_typed(
            load,
            CONNECTOR,
            REFUND,
            Reading(load.folder, at, False, None, "salt", landed(landing, known, COLUMNS)),
        )
        seconds = process_time() - began
        keep_schema(landing, COLUMNS)
        load.commit(_manifest(load.load_id, "refund", at, (written.part,)))
    return seconds


def _manifest(load_id: str, resource: str, at: datetime, files: tuple[LoadFile, ...]) -> Manifest:
    rows = sum(file.rows for file in files)
    version = schema_version(COLUMNS)
    return Manifest(
        load_id, "stripe", "aurora", resource, at.isoformat(), rows, files, schema_version=version
    )


def seconds(work: Callable[[], object]) -> float:
    """The best of three."""
    taken = []
    for _ in range(3):
        began = process_time()
        work()
        taken.append(process_time() - began)
    return min(taken)


def read(paths: list[Path]) -> None:
    """What staging does with the files of a resource when the warehouse is built from nothing."""
    with connect() as db:
        db.execute("create table staged as from read_parquet(?)", [[str(path) for path in paths]])


def main() -> None:
    """Prints one line a measure."""
    days = int(sys.argv[1]) if len(sys.argv) > 1 else 365
    with tempfile.TemporaryDirectory() as folder:
        many, one = Landing(Path(folder) / "many"), Landing(Path(folder) / "one")
        first = int(BEGAN.timestamp())
        typed(many, [refund(number, first, 100) for number in range(FIRST)], BEGAN)
        for day in range(1, days + 1):
            at = BEGAN + timedelta(days=day)
            news = [refund((day * DAILY + n) % FIRST, first, 100 + day) for n in range(DAILY)]
            typed(many, news, at)
        paths = [many.root / file.path for load in many.loads() for file in load.files]
        with one.open_load("stripe", "aurora", "refund") as load:
            part = load.folder / "part-00000.parquet"
            listed = ", ".join(f"'{path}'" for path in paths)
            with connect() as db:
                copy_to(db, f"select * from read_parquet([{listed}])", part)
            file = LoadFile(load.relative(part.name), FIRST + days * DAILY, "")
            load.commit(_manifest(load.load_id, "refund", BEGAN, (file,)))
        # What lies in the overlap comes again as it was.
        again = [refund(number, first, 100) for number in range(DELIVERED - DAILY)]
        last, compact = (typed(landing, news + again, at, against=True) for landing in (many, one))
        text = _manifest("0" * 32, "charge", BEGAN, (file,)).to_json()
        for number in range(days * (STREAMS - 1)):
            (many.commits / f"{days + 3 + number:010d}.json").write_text(text, encoding="utf-8")
        manifests = seconds(lambda: Landing(many.root).accepted())
        print(f"{days} days x {STREAMS} resources: read all manifests {manifests:.2f} s")
        print(f"dedupe of one delivery: {last:.2f} s against {days + 1} files, {compact:.2f} s "
              "against one")  # fmt: skip
        rebuilt, whole = (seconds(lambda p=p: read(p)) for p in (paths, [one.root / file.path]))
        size = sum(path.stat().st_size for path in paths)
        compacted = (one.root / file.path).stat().st_size
        print(
            f"staging from nothing: {rebuilt:.2f} s from {days + 1} files ({size:,} bytes), "
            f"{whole:.2f} s from one ({compacted:,} bytes)"
        )


if __name__ == "__main__":
    main()
