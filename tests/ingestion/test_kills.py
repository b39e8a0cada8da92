"""kill -9 in the middle of loads: nothing half visible, nothing lost, nothing double.

Each death is a process that reads some resources of six vendors after another day of work there.
It dies at a failpoint inside a load or at a random instant, both drawn by a seed. What it left
must be whole; the next run must bring exactly what the vendors hold (`worked_in`), each version
once. tests/warehouse/test_crash.py does the same for a whole run, from policy to publishing.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import astuple, dataclass
from pathlib import Path
from random import Random

import pytest

from ingestion.clock import FixedClock
from ingestion.extract import ingest
from ingestion.failpoint import FAILPOINTS
from ingestion.http import HttpSettings
from ingestion.landing import Landing, Manifest, sha256_of
from ingestion.state import position
from tests.ingestion.test_storm import assert_landed, cursor_of
from tests.ingestion.weather import Weather, exposed
from tests.ingestion.worked_in import (
    DAY,
    PAGE_SIZES,
    START,
    TENANT,
    Worked,
    six_vendors,
    small_pages,
)
from tests.sample import drawn

PROJECT = Path(__file__).parents[2]
KILLS = 50
SAMPLE = 6
READ = 4
"""Resources that one process reads."""
POINTS = [point for point in FAILPOINTS if point.startswith("load-")]


@dataclass(frozen=True, slots=True)
class Task:
    """One resource to read."""

    vendor: Worked
    resource: str
    address: str


@dataclass
class Reader:
    """Reads into one landing store, in a process of its own or here."""

    landing: Landing
    seconds: float = 1.0
    """How long the last process that was left alone read."""

    def start(self, tasks: list[Task], now: str, failpoint: str) -> subprocess.Popen[str]:
        told = {
            "landing": str(self.landing.root),
            "now": now,
            "page_sizes": [entry for entry in PAGE_SIZES if entry[0].startswith("ingestion.")],
            "resources": [
                [task.resource, *astuple(task.vendor.connection(task.address))] for task in tasks
            ],
        }
        return subprocess.Popen(
            [sys.executable, "-m", "tests.ingestion.reading", json.dumps(told)],
            cwd=PROJECT,
            env={**os.environ, "CLOSEBOOK_FAILPOINT": failpoint},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def die(self, tasks: list[Task], now: str, random: Random) -> str:
        """Starts a process and kills it; says where. One that was faster than that lives."""
        failpoint = ""
        if random.random() < 0.5:
            failpoint = f"{random.choice(POINTS)}@{random.randrange(1, READ + 1)}"
        process = self.start(tasks, now, failpoint)
        assert process.stdout
        process.stdout.readline()
        began = time.monotonic()
        instant = random.uniform(0, self.seconds)
        try:
            process.wait(None if failpoint else instant)
        except subprocess.TimeoutExpired:
            process.kill()
        _, said = process.communicate()
        assert process.returncode in (0, -9), said
        if process.returncode == 0:
            self.seconds = time.monotonic() - began
            return "nowhere"
        return failpoint or f"{instant:.2f} s"

    def read(self, task: Task, now: str) -> Manifest:
        clock = FixedClock(START.fromisoformat(now))
        connection = task.vendor.connection(task.address)
        return ingest(
            task.vendor.name,
            TENANT,
            task.resource,
            connection,
            self.landing,
            clock,
            HttpSettings(),
        )


@pytest.fixture
def tasks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Task]]:
    """Every resource of the six vendors, in fair weather."""
    small_pages(monkeypatch)
    with ExitStack() as opened:
        found = []
        for vendor in opened.enter_context(six_vendors(tmp_path)):
            fair = exposed(Weather(0, rate=0.0), vendor.upstream)
            address = opened.enter_context(fair)
            found += [Task(vendor, resource, address) for resource in vendor.resources]
        yield found


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("kills", [SAMPLE, pytest.param(KILLS, marks=pytest.mark.prove)])
def test_whenever_a_load_is_killed_the_next_run_brings_everything_once(
    tasks: list[Task], landing: Landing, kills: int
) -> None:
    random = drawn()
    reader = Reader(landing)
    vendors = {task.vendor.name: task.vendor for task in tasks}
    places = []
    for day in range(kills):
        now = (START + day * DAY).isoformat()
        for vendor in vendors.values():
            vendor.live(random, START + day * DAY)
        picked = random.sample(tasks, READ)
        before = {id(task): known(landing, task) for task in picked}
        places.append(reader.die(picked, now, random))
        where = f"day {day}, killed at {places[-1]}"
        assert_whole(landing)
        finished = [task for task in picked if known(landing, task) != before[id(task)]]
        # One after the other, each as a whole or not at all.
        assert finished == picked[: len(finished)], where
        for task in picked:
            cursor = cursor_of(task.vendor, task.resource, position_of(landing, task))
            load = reader.read(task, now)
            assert load.cursor == cursor, where
            assert load.rows == 0 or task not in finished, where
            name = f"{where}: {task.vendor.name}/{task.resource}"
            assert_landed(landing, task.vendor, task.resource, name)
    print(f"\nkilled at {', '.join(places)}")
    assert places.count("nowhere") < kills / 2


def known(landing: Landing, task: Task) -> list[int]:
    """The loads of a resource that a reader sees."""
    return [
        load.commit_seq
        for load in Landing(landing.root).loads()
        if (load.source, load.resource) == (task.vendor.name, task.resource)
    ]


def position_of(landing: Landing, task: Task) -> str | None:
    found = position(landing, task.vendor.name, TENANT, task.resource)
    return found.cursor if found else None


def assert_whole(landing: Landing) -> None:
    """Every load that is visible is there to the last byte, and none before it is missing."""
    loads = list(Landing(landing.root).loads())
    assert [load.commit_seq for load in loads] == list(range(1, len(loads) + 1))
    for load in loads:
        for file in (*load.files, *load.rejects):
            assert sha256_of(landing.root / file.path) == file.sha256, file.path
        pages = dict(zip(load.pages, load.page_sha256, strict=True))
        for path, sha256 in pages.items():
            assert sha256_of(landing.root / path) == sha256, path
