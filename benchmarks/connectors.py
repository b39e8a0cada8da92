"""`python -m benchmarks.connectors`: a million rows through each connector, in one run.

For each connector the same prepared pages are read three times, each time in a process of its own:
parsed from the file, fetched and parsed by the bare HTTP client, and landed: fetched, kept as raw
pages, typed, checked, deduplicated and committed. Writes its table into docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.pages import SHAPES, prepare
from benchmarks.report import CONNECTORS, PAGE, machine, with_section

ROWS = 1_000_000
ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Reading:
    """One process: seconds from its first request on, most memory it held, and before that."""

    seconds: float
    peak_mb: float
    started_mb: float


@dataclass(frozen=True, slots=True)
class Figures:
    """One connector: columns that it declares, bytes of its pages, and three ways to read them."""

    source: str
    resource: str
    columns: int
    size: int
    parse: Reading
    bare: Reading
    landed: Reading


def parse(source: str, folder: Path, address: str) -> None:
    """Reads the pages from the file and parses each: nothing in Python can be faster."""
    spans = json.loads((folder / "index.json").read_text(encoding="utf-8"))
    with (folder / "pages").open("rb") as file:
        for _, length in spans["rows"] + spans["ids"]:
            json.loads(file.read(length))


def bare(source: str, folder: Path, address: str) -> None:
    """Fetches the pages one after the other and parses each."""
    import httpx

    spans = json.loads((folder / "index.json").read_text(encoding="utf-8"))
    with httpx.Client(base_url=address, trust_env=False) as client:
        for _ in spans["rows"] + spans["ids"]:
            json.loads(client.get("/next").content)


def land(source: str, folder: Path, address: str) -> None:
    """Lands them as one load. Raises AssertionError when a row is missing."""
    from ingestion.clock import FixedClock
    from ingestion.connections import Connection
    from ingestion.extract import ingest
    from ingestion.landing import Landing

    rows = int((folder / "rows").read_text(encoding="utf-8"))
    os.environ["CLOSEBOOK_HASH_SALT"] = "a-salt-of-the-benchmark"
    connection = Connection(source, "aurora", f"{address}/crm", "reader", "a-password")
    clock = FixedClock(datetime(2027, 1, 1, tzinfo=UTC))
    landing = Landing(folder / "landing")
    load = ingest(source, "aurora", SHAPES[source].resource, connection, landing, clock)
    assert (load.rows, load.rejected_rows) == (rows, 0), f"{load.rows} rows landed of {rows}"


WAYS: dict[str, Callable[[str, Path, str], None]] = {"parse": parse, "bare": bare, "land": land}


def measure(source: str, rows: int, folder: Path, say: Callable[[str], None]) -> Figures:
    """Prepares the pages, reads them in every way, and removes them."""
    from ingestion.catalog import connector_of, resource_of

    declared = resource_of(connector_of(source), SHAPES[source].resource)
    size = prepare(source, rows, folder)
    (folder / "rows").write_text(str(rows), encoding="utf-8")
    read = {}
    with _served(folder) as address:
        for way in WAYS:
            read[way] = _run(way, source, folder, address)
            say(f"{source}: {way} {read[way].seconds:.1f} s, {read[way].peak_mb:.0f} MB")
    shutil.rmtree(folder)
    return Figures(
        source,
        declared.name,
        len(declared.columns),
        size,
        read["parse"],
        read["bare"],
        read["land"],
    )


@contextmanager
def _served(folder: Path) -> Iterator[str]:
    command = [sys.executable, "-m", "benchmarks.pages", str(folder)]
    server = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout
        yield f"http://127.0.0.1:{server.stdout.readline().strip()}"
    finally:
        server.kill()
        server.communicate()


def _run(way: str, source: str, folder: Path, address: str) -> Reading:
    command = [sys.executable, "-m", "benchmarks.connectors", "--stage", way, source]
    done = subprocess.run(
        [*command, str(folder), address], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True
    )
    return Reading(**json.loads(done.stdout.splitlines()[-1]))


def stage(way: str, source: str, folder: str, address: str) -> None:
    """Reads in one way and prints what it took; what has to be imported is imported before."""
    import httpx  # noqa: F401

    import ingestion.extract  # noqa: F401

    started = _peak_mb()
    began = time.perf_counter()
    WAYS[way](source, Path(folder), address)
    reading = {"seconds": time.perf_counter() - began, "peak_mb": _peak_mb()}
    print(json.dumps({**reading, "started_mb": started}))


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def section(rows: int, measured: list[Figures]) -> str:
    """The part of docs/benchmarks.md about connectors, its heading included."""
    return "\n".join(_lines(rows, measured)) + "\n"


def _lines(rows: int, measured: list[Figures]) -> Iterator[str]:
    yield CONNECTORS
    yield ""
    yield (
        f"Written by `make bench-connectors`, one run on {machine()}: {rows:,} rows of each "
        "connector, from pages that were prepared in a file and come over a socket. *Parsed* is "
        "the file through `json.loads`; *bare* is `httpx` fetching and `json.loads` parsing the "
        "same pages; *landed* is the connector: fetched, raw pages kept gzipped, every value cast "
        "and checked, deduplicated, written as Parquet and committed. Memory is the most that the "
        "process held; imports alone take "
        f"{min(figures.landed.started_mb for figures in measured):.0f} MB of it."
    )
    yield ""
    yield (
        "| connector | columns | pages, MB | parsed, s | bare, s | landed, s | landed over bare "
        "| landed over parsed | rows/s | bare, MB | landed, MB |"
    )
    yield "|---|---|---|---|---|---|---|---|---|---|---|"
    for figures in measured:
        landed, bare, parsed = figures.landed, figures.bare, figures.parse
        yield (
            f"| {figures.source} `{figures.resource}` | {figures.columns} "
            f"| {figures.size / 1e6:,.0f} | {parsed.seconds:.1f} | {bare.seconds:.1f} "
            f"| {landed.seconds:.1f} | {landed.seconds / bare.seconds:.2f} "
            f"| {landed.seconds / parsed.seconds:.2f} | {rows / landed.seconds:,.0f} "
            f"| {bare.peak_mb:.0f} | {landed.peak_mb:.0f} |"
        )


def main() -> int:
    """Measures, prints the section and writes it when all rows of all connectors were read."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.connectors", description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--only", choices=SHAPES, action="append", help="one connector")
    parser.add_argument("--stage", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.stage:
        stage(*options.stage)
        return 0
    with TemporaryDirectory(prefix="closebook-bench-") as folder:
        measured = [
            measure(
                source, options.rows, Path(folder) / source, lambda text: print(text, flush=True)
            )
            for source in options.only or SHAPES
        ]
    text = section(options.rows, measured)
    print(f"\n{text}")
    if options.rows == ROWS and not options.only:
        PAGE.write_text(with_section(CONNECTORS, text), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
