"""`python -m benchmarks.at_scale`: a build of a large company, and of its next day.

The demo company at scale S is read from its vendors, enlarged as landing files (`benchmarks.large`)
and built; then the same SQL runs in DuckDB alone, and one more day is built. Writes its part of
docs/benchmarks.md. The work folder needs about 40 GB at M.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.large import SIZES, Size, enlarge, enlarge_policy
from benchmarks.report import LARGE, PAGE, machine, with_section
from benchmarks.staged import STEPS, Stage, run_stage
from company.world.build import build_world
from ingestion.landing import Landing
from tests.e2e.installation import Installation, on_world
from warehouse.home import Home
from warehouse.policy import land_policy

SEED = 7
NEXT_DAY = "2026-07-02T03:00:00+08:00"
SHOWN = 8
KINDS: Mapping[str, tuple[str, ...]] = {
    "opportunities": ("salesforce.opportunity",),
    "stage events": ("salesforce.opportunity_history", "salesforce.lead_history"),
    "field changes": ("salesforce.opportunity_field_history",),
    "activities": ("salesforce.task",),
    "invoices and payments": ("stripe.invoice", "stripe.charge", "stripe.invoice_payment"),
    "reps": ("salesforce.user",),
}


@dataclass(frozen=True, slots=True)
class Figures:
    """What one run measured. `rows` are those landed first and those of the next day, by kind."""

    name: str
    rows: Mapping[str, tuple[int, int]]
    landing_mb: float
    warehouse_mb: float
    build: Stage
    bare: Stage
    next_build: Stage


def measure(folder: Path, name: str, scale: str = "S") -> Figures:
    """Runs everything once, one thing after the other."""
    world, size = folder / "world", SIZES[name]
    build_world(SEED, world, scale=scale)
    with on_world(world, folder / "small") as small:
        small.ingest()
        home = Home(folder / "large").ensure()
        first = _enlarged(small, home, size)
        landing_mb = _size_mb(home.landing)
        build = run_stage("build", home, small.now, _say)
        warehouse_mb = home.database.stat().st_size / 2**20
        run_stage("compiled", home, small.now, _say)
        bare = run_stage("bare", home, small.now, _say)
        shutil.rmtree(home.root / "bare")
        small.move_to(NEXT_DAY)
        small.ingest()
        following = _enlarged(small, home, size)
        next_build = run_stage("build", home, small.now, _say)
    rows = {kind: (first[kind], following[kind]) for kind in KINDS}
    return Figures(name, rows, landing_mb, warehouse_mb, build, bare, next_build)


def _enlarged(small: Installation, home: Home, size: Size) -> Counter[str]:
    """Lands what the small company has landed since the last time; rows landed, by kind."""
    large = Landing(home.landing)
    landed = large.last_seq()
    policy = home.root / "policy_files"
    if not policy.exists():
        enlarge_policy(small.world / "policy", policy, size)
        land_policy(policy, Landing(home.policy), Landing(home.decisions), small.clock)
    enlarge(small.landing, large, size, after=landed)
    _say("landed")
    kinds = {resource: kind for kind, resources in KINDS.items() for resource in resources}
    rows: Counter[str] = Counter()
    for load in large.loads(landed):
        rows[kinds.get(f"{load.source}.{load.resource}", "")] += load.rows
    return rows


def _size_mb(folder: Path) -> float:
    return sum(path.stat().st_size for path in folder.rglob("*.parquet")) / 2**20


def section(figures: Figures) -> str:
    """Its part of `docs/benchmarks.md`."""
    return "\n".join(_lines(figures)) + "\n"


def _lines(figures: Figures) -> Iterator[str]:
    build, bare, following = figures.build, figures.bare, figures.next_build
    yield LARGE
    yield ""
    yield (
        f"Written by `make bench-large`, size {figures.name}, one run on {machine()}. The demo "
        "company's customers many times over, written as the loads that they would have come to: "
        f"{figures.landing_mb:,.0f} MB of Parquet, a warehouse of {figures.warehouse_mb:,.0f} MB."
    )
    yield ""
    yield "| rows landed | first | one more day |"
    yield "|---|---|---|"
    for kind, (first, later) in figures.rows.items():
        yield f"| {kind} | {first:,} | {later:,} |"
    yield ""
    yield "| what | measured | goal at M |"
    yield "|---|---|---|"
    for what, value, goal in (
        ("a build without publishing, over DuckDB alone on the same SQL and data tests",
         build.build_over(bare), "1.30"),
        ("of it the two dbt layers, over the same", build.dbt_over(bare), ""),
        ("all gates, share of the build", build.gate_share, "0.15"),
        ("one more day, share of the first build, both without publishing",
         figures.next_build.share_of(figures.build), "0.30"),
    ):  # fmt: skip
        yield f"| {what} | {value:.2f} | {goal} |"
    start = build.seconds["imports"] + build.seconds["dbt start"]
    yield f"| fixed start, s | {start:.0f} | 20 |"
    yield f"| most memory, build, MB | {build.peak_mb:,.0f} | 6,144 |"
    yield f"| most memory, one more day, MB | {following.peak_mb:,.0f} | 6,144 |"
    yield f"| most memory, DuckDB alone, MB | {bare.peak_mb:,.0f} | |"
    yield ""
    yield "| part | first build, s | one more day, s |"
    yield "|---|---|---|"
    for step in STEPS:
        yield f"| {step} | {build.seconds[step]:.1f} | {following.seconds[step]:.1f} |"
    yield f"| all | {build.build:.1f} | {following.build:.1f} |"
    yield ""
    models = {
        name.removeprefix("model "): seconds
        for name, seconds in bare.seconds.items()
        if name.startswith("model ")
    }
    slowest = sorted(models, key=lambda name: models[name], reverse=True)[:SHOWN]
    yield (
        f"DuckDB alone: models {bare.seconds['models']:.1f} s, data tests "
        f"{bare.seconds['tests']:.1f} s. The slowest models: "
        + ", ".join(f"`{name}` {models[name]:.1f} s" for name in slowest)
        + "."
    )


_BEGAN = time.monotonic()


def _say(text: str) -> None:
    print(f"{time.monotonic() - _BEGAN:7.1f} s  {text}", flush=True)


def main() -> int:
    """Measures, prints its part of the page and writes it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.at_scale", description=__doc__)
    parser.add_argument("--size", default="M", choices=SIZES, help="only M is written to the docs")
    parser.add_argument("--folder", type=Path, help="work here, and leave everything there")
    options = parser.parse_args()
    with TemporaryDirectory(prefix="closebook-bench-") as temporary:
        figures = measure(options.folder or Path(temporary), options.size)
    text = section(figures)
    print(f"\n{text}")
    if options.size == "M":
        PAGE.write_text(with_section(LARGE, text), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
