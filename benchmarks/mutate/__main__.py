"""`make mutate`: changes one operator at a time in every mart; the tests must notice.

Builds one small installation per seed, judges every change by the answer key and the data tests
there, asks the unit tests about what is left, and writes docs/mutation.md. Ends with 1 when fewer
than nine in ten changes are noticed, or when a survivor stands in benchmarks/survivors.yml without
a reason.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import zip_longest
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.mutate.evaluation import World, killers, open_benches
from benchmarks.mutate.mutations import Mutation, mutations
from benchmarks.mutate.project import Project
from benchmarks.mutate.report import LEAST_KILLED, Reviewed, Verdict, killed_share, page
from tests.e2e.installation import installation

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "mutation.md"
SEEDS = (7, 11)
PROCESSES = 2


def mutate(seeds: Sequence[int], only: Sequence[str], folder: Path) -> list[Verdict]:
    """Judges every change of the models named in `only`, or of all of them."""
    worlds: list[World] = []
    project: Project | None = None
    for seed in seeds:
        place = folder / str(seed)
        place.mkdir()
        with installation(place, seed=seed) as made:
            result = made.run()
            if result.outcome != "published":
                raise SystemExit(f"world {seed} was not published: {result.message}")
            answers = made.answers()
            project = project or Project(folder, made.home)
            worlds.append(World(made.home.database, answers, project.models, project.tests))
        _say(f"world {seed}: built")
    assert project
    models = [model for model in project.models if not only or model.name in only]
    paths = {model.name: model.path for model in models}
    found = [mutations(model.name, model.sql) for model in models]
    killer: dict[Mutation, str | None] = {}
    # Not forked: a DuckDB of the parent does not live on in a child.
    with ProcessPoolExecutor(
        PROCESSES, get_context("spawn"), initializer=open_benches, initargs=(worlds,)
    ) as pool:
        for model, changes, noticed in zip(models, found, pool.map(killers, found), strict=True):
            killer |= zip(changes, noticed, strict=True)
            left = noticed.count(None)
            _say(f"{model.name}: {len(changes)} changes, {left} left for its unit tests")
    living: dict[str, list[Mutation]] = {name: [] for name in paths}
    for mutation, noticed_by in killer.items():
        if noticed_by is None:
            living[mutation.model].append(mutation)
    rounds = list(zip_longest(*living.values()))
    for number, together in enumerate(rounds, start=1):
        changed = [mutation for mutation in together if mutation]
        failing = project.failing_unit_tests(changed)
        for mutation in changed:
            if failing[mutation.model]:
                killer[mutation] = "unit test"
        _say(f"unit tests, round {number} of {len(rounds)}: {len(changed)} models changed")
    return [
        Verdict(mutation, paths[mutation.model], noticed_by)
        for mutation, noticed_by in killer.items()
    ]


def main() -> int:
    """Returns 0, or 1 when too little is noticed or a survivor has no reason."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.mutate", description=__doc__)
    parser.add_argument("models", nargs="*", help="judge these models only; writes no page")
    parser.add_argument("--seeds", nargs="+", type=int, default=SEEDS)
    parser.add_argument("--json", type=Path, help="write the counts here as well")
    options = parser.parse_args()
    with TemporaryDirectory(prefix="closebook-mutate-") as folder:
        verdicts = mutate(options.seeds, options.models, Path(folder))
    reviewed = Reviewed()
    unreviewed = [
        verdict.mutation
        for verdict in verdicts
        if verdict.killer is None and reviewed.reason(verdict.mutation) is None
    ]
    for mutation in unreviewed:
        print(f"not noticed: {mutation.model}.sql:{mutation.line} {mutation.change}")
    for stale in reviewed.stale(verdicts):
        print(f"no survivor any more: {stale}")
    share = killed_share(verdicts)
    print(f"{len(verdicts)} changes, {share:.1%} noticed, {len(unreviewed)} without a reason")
    if options.json:
        counts = {
            "changes": len(verdicts),
            "survivors": sum(verdict.killer is None for verdict in verdicts),
            "killed_share": round(share, 4),
        }
        options.json.write_text(json.dumps(counts), encoding="utf-8")
    if not options.models:
        PAGE.write_text(page(verdicts, reviewed, options.seeds), encoding="utf-8")
    return int(share < LEAST_KILLED or bool(unreviewed))


_BEGAN = time.monotonic()


def _say(text: str) -> None:
    print(f"{time.monotonic() - _BEGAN:7.1f} s  {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
