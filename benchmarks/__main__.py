"""`make bench`: measures demo, build and reader at scale S, and writes docs/benchmarks.md.

Everything is measured in one run on one machine, one thing after the other, and only ratios of
one run mean anything: the seconds stand beside them to say how large the things are.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.report import CONNECTORS, LARGE, PAGE, machine, section_of
from benchmarks.staged import ROOT, STEPS, Stage, run_stage
from company.world.build import build_world
from scripts.ports import free_ports
from tests.e2e.installation import CREDENTIALS, Installation, on_world

SEED = 7
NEXT_DAY = "2026-07-02T03:00:00+08:00"
MEANINGS = {
    "build_over_bare_duckdb": "a build without publishing, over DuckDB alone on the same compiled "
    "SQL and data tests",
    "dbt_layers_over_bare_duckdb": "of it the two dbt layers, over the same",
    "gates_share_of_build": "all gates, share of the build",
    "second_day_share_of_full_build": (
        "a second build with one more day, share of the first, both without publishing"
    ),
    "reader_over_bare_query": "200 queries of the cockpit through its reader, over the same on the "
    "published file directly",
    "airflow_over_closebook_run": "ingest and build through Airflow, over `closebook run` (imports "
    "included)",
}
SOURCES = ("policy", "files", "salesforce", "stripe", "zendesk")


@dataclass(frozen=True, slots=True)
class Figures:
    """What one run measured. `demo` is None when Airflow was left out."""

    scale: str
    demo: Mapping[str, float] | None
    run: float
    ingest: Stage
    build: Stage
    bare: Stage
    next_ingest: Stage
    next_build: Stage
    read: Stage

    @property
    def reader_over_bare(self) -> float:
        return self.read.seconds["reader"] / self.read.seconds["bare"]

    @property
    def airflow_over_run(self) -> float | None:
        """The demo's ingest and build through Airflow over `closebook run` on the same world."""
        if self.demo is None:
            return None
        return (self.demo["ingest"] + self.demo["build"]) / self.run

    def ratios(self) -> dict[str, float | None]:
        """The figures that may be compared between machines and days."""
        return {
            "build_over_bare_duckdb": self.build.build_over(self.bare),
            "dbt_layers_over_bare_duckdb": self.build.dbt_over(self.bare),
            "gates_share_of_build": self.build.gate_share,
            "second_day_share_of_full_build": self.next_build.share_of(self.build),
            "reader_over_bare_query": self.reader_over_bare,
            "airflow_over_closebook_run": self.airflow_over_run,
        }


def measure(folder: Path, scale: str, with_demo: bool, port: int) -> Figures:
    """Runs everything once; nothing is left running."""
    demo = _demo(folder / "demo", port) if with_demo else None
    world = folder / "world"
    build_world(SEED, world, scale=scale)
    _say(f"world of scale {scale}")
    with on_world(world, folder / "run") as made:
        run = _run(made)
    with on_world(world, folder / "home") as made:
        ingest = _stage("ingest", made)
        build = _stage("build", made)
        _stage("compiled", made)
        bare = _stage("bare", made)
        read = _stage("read", made)
        made.move_to(NEXT_DAY)
        next_ingest = _stage("ingest", made)
        next_build = _stage("build", made)
    return Figures(scale, demo, run, ingest, build, bare, next_ingest, next_build, read)


def _demo(home: Path, port: int) -> Mapping[str, float]:
    """`make demo DETACH=1` and `make down` on a home of their own; the seconds the demo wrote."""
    names = ("CLOSEBOOK_COCKPIT_PORT", "CLOSEBOOK_AIRFLOW_PORT", "CLOSEBOOK_DOCS_PORT",
             "CLOSEBOOK_VENDOR_PORT")  # fmt: skip
    ports = {name: str(port + place) for place, name in enumerate(names)}
    environment = {**os.environ, **ports, "CLOSEBOOK_HOME": str(home)}
    command = [sys.executable, "-m", "scripts.demo"]
    try:
        subprocess.run([*command, "up", "--detach"], cwd=ROOT, env=environment, check=True)
    finally:
        subprocess.run([*command, "down"], cwd=ROOT, env=environment, check=True)
    seconds: dict[str, float] = json.loads((home / "run" / "seconds").read_text(encoding="utf-8"))
    return seconds


def _run(made: Installation) -> float:
    """Seconds that `closebook run` takes on an empty home."""
    environment = {
        **os.environ,
        **_connections(made),
        "CLOSEBOOK_HOME": str(made.home.root),
        "CLOSEBOOK_NOW": made.now,
    }
    began = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "warehouse", "run"],
        cwd=ROOT,
        env=environment,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    wall = time.perf_counter() - began
    _say(f"closebook run: {wall:.1f} s")
    return wall


def _stage(name: str, made: Installation) -> Stage:
    return run_stage(name, made.home, made.now, _say, _connections(made))


def _connections(made: Installation) -> dict[str, str]:
    """What a process needs to reach the demo company's vendors."""
    found = {}
    for source, tenants in CREDENTIALS.items():
        for tenant in tenants:
            connection = made.connection(source, tenant)
            address = connection.base_url.removeprefix("http://")
            found[f"CLOSEBOOK_CONN_{source}__{tenant}".upper()] = (
                f"http://{connection.login}:{connection.password}@{address}"
            )
    return found


def page(figures: Figures) -> str:
    """`docs/benchmarks.md`."""
    return "\n".join(_lines(figures)) + "\n"


def _lines(figures: Figures) -> Iterator[str]:
    build, bare = figures.build, figures.bare
    yield "# Benchmarks"
    yield ""
    yield (
        f"Written by `make bench`, scale {figures.scale}, one run on {machine()}. Only ratios of "
        "one run mean anything from one machine to the next; the seconds say how large the things "
        "are that were compared."
    )
    yield ""
    yield "## Ratios"
    yield ""
    yield "| what | ratio |"
    yield "|---|---|"
    for name, value in figures.ratios().items():
        if value is not None:
            yield f"| {MEANINGS[name]} | {value:.2f} |"
    yield ""
    yield (
        "At scale S a build is its fixed part and a price for each of dbt's models and tests and "
        "of the gates' checks, not for rows: the ratio to DuckDB alone says how much of a build "
        "does not grow with the data. The goals of the design are for scales M and L."
    )
    yield ""
    yield "## Ingest and build, each in a process of its own"
    yield ""
    yield "| part | first day, s | one more day, s |"
    yield "|---|---|---|"
    for source in SOURCES:
        yield _row(f"ingest {source}", figures.ingest, figures.next_ingest, source)
    for step in STEPS:
        yield _row(f"build: {step}", build, figures.next_build, step)
    following = figures.next_build
    yield _row("fixed start: imports of dbt and Great Expectations", build, following, "imports")
    yield _row("fixed start: dbt, once a layer", build, following, "dbt start")
    for name, one, other in (
        ("ingest", figures.ingest, figures.next_ingest),
        ("build", build, following),
    ):
        yield f"| most memory, {name}, MB | {one.peak_mb:.0f} | {other.peak_mb:.0f} |"
    yield ""
    yield (
        f"DuckDB alone: models {bare.seconds['models']:.1f} s (each created as declared, then "
        f"filled), data tests {bare.seconds['tests']:.1f} s, {bare.peak_mb:.0f} MB. The reader: "
        f"{figures.read.seconds['first'] * 1000:.0f} ms for the first query of a version, then "
        f"{figures.read.seconds['reader'] / 200 * 1000:.1f} ms each."
    )
    if figures.demo is not None:
        yield ""
        yield "## `make demo`, through Airflow"
        yield ""
        yield f"`closebook run` on the same world: {figures.run:.1f} s."
        yield ""
        yield "| part | s |"
        yield "|---|---|"
        for name, seconds in figures.demo.items():
            yield f"| {name} | {seconds:.1f} |"


def _row(label: str, first: Stage, second: Stage, part: str) -> str:
    return f"| {label} | {first.seconds[part]:.1f} | {second.seconds[part]:.1f} |"


_BEGAN = time.monotonic()


def _say(text: str) -> None:
    print(f"{time.monotonic() - _BEGAN:7.1f} s  {text}", flush=True)


def main() -> int:
    """Measures, prints the page and writes it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--scale", default="S", help="tiny or S; only S is written to the docs")
    parser.add_argument("--no-demo", action="store_true", help="leave Airflow out")
    parser.add_argument("--port", type=int, help="first of eight ports for the demo")
    parser.add_argument("--json", type=Path, help="write the ratios here as well")
    options = parser.parse_args()
    with TemporaryDirectory(prefix="closebook-bench-") as folder:
        figures = measure(
            Path(folder), options.scale, not options.no_demo, options.port or free_ports(18000, 8)
        )
    text = page(figures)
    print(f"\n{text}")
    if options.scale == "S" and not options.no_demo:
        others = (section_of(heading).strip("\n") for heading in (LARGE, CONNECTORS))
        PAGE.write_text("\n".join([text, *(f"{other}\n" for other in others if other)]), "utf-8")
    if options.json:
        options.json.write_text(json.dumps(figures.ratios(), indent=1), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
