"""One stage of the pipeline run in a process of its own, and what it took."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from warehouse.home import Home

ROOT = Path(__file__).resolve().parent.parent
GATES = ("raw_gate", "stage_entry_gate", "mart_gate")
STEPS = ("raw_gate", "staging", "stage_entry_gate", "marts", "mart_gate", "publish")


@dataclass(frozen=True, slots=True)
class Stage:
    """One process: seconds of its parts, seconds of the whole, most memory it held at once."""

    seconds: Mapping[str, float]
    wall: float
    peak_mb: float

    @property
    def build(self) -> float:
        """Seconds of a build's steps, without imports and without dbt's start."""
        return sum(self.seconds[step] for step in STEPS)

    @property
    def gate_share(self) -> float:
        """The share of a build that its gates take."""
        return sum(self.seconds[gate] for gate in GATES) / self.build

    def dbt_over(self, bare: Stage) -> float:
        """dbt's two layers over the same models and tests in DuckDB alone."""
        return (self.seconds["staging"] + self.seconds["marts"]) / bare.compiled

    def build_over(self, bare: Stage) -> float:
        """A build without publishing over the bare models and tests."""
        return self._unpublished / bare.compiled

    def share_of(self, first: Stage) -> float:
        """This build over the first one, both without publishing."""
        return self._unpublished / first._unpublished

    @property
    def _unpublished(self) -> float:
        return self.build - self.seconds["publish"]

    @property
    def compiled(self) -> float:
        """Seconds of the compiled SQL until its file is closed, of the stage `bare`."""
        return self.seconds["models"] + self.seconds["tests"] + self.seconds["close"]


def run_stage(
    name: str,
    home: Home,
    now: str,
    say: Callable[[str], None],
    environment: Mapping[str, str] | None = None,
) -> Stage:
    """Runs `benchmarks.stages`. Raises CalledProcessError when it fails."""
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.stages", name, str(home.root), now],
        cwd=ROOT,
        env={**os.environ, **(environment or {})},
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    wall = time.perf_counter() - began
    told = json.loads(done.stdout.splitlines()[-1])
    say(f"{name}: {wall:.1f} s, {told['peak_mb']:.0f} MB")
    return Stage(told["seconds"], wall, told["peak_mb"])
