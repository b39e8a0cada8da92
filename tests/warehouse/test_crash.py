"""kill -9 at every commit point and at random instants: the next run ends in the same marts.

The commit points of a run, in the order in which it passes them (`ingestion.failpoint.FAILPOINTS`):

- the link that makes a load visible, for policy, files, vendors and decisions alike;
- the mark by which the raw gate refuses a load;
- the warehouse file's word that staging is complete;
- the rename that gives a version its name, and the one that points `current` at it.

Each test kills one process after another on the same home, looks at what a reader would see after
every death, and then lets one run finish. Its marts must equal those of a home that nothing ever
happened to.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from ingestion.failpoint import FAILPOINTS
from ingestion.landing import Landing
from tests.e2e.installation import CREDENTIALS, TENANTS, Installation, on_world
from warehouse.decisions import all_decisions
from warehouse.landed import write_load
from warehouse.publish import current_version, versions
from warehouse.verify import Checked, verify

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1800)]

PROJECT = Path(__file__).parents[2]
SEED = 7


def environment(made: Installation, failpoint: str = "") -> dict[str, str]:
    found = dict(os.environ) | {
        "CLOSEBOOK_HOME": str(made.home.root),
        "CLOSEBOOK_NOW": made.now,
        "CLOSEBOOK_FAILPOINT": failpoint,
    }
    for tenant in TENANTS:
        for source in CREDENTIALS:
            connection = made.connection(source, tenant)
            address = connection.base_url.removeprefix("http://")
            found[f"CLOSEBOOK_CONN_{source}__{tenant}".upper()] = (
                f"http://{connection.login}:{connection.password}@{address}"
            )
    return found


def start(made: Installation, *arguments: str, failpoint: str = "") -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "warehouse", *arguments],
        cwd=PROJECT,
        env=environment(made, failpoint),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(made: Installation, *arguments: str, expected: int = 0) -> None:
    process = start(made, *arguments)
    _, said = process.communicate()
    assert process.returncode == expected, said


def die(made: Installation, failpoint: str, *arguments: str) -> None:
    process = start(made, *arguments, failpoint=failpoint)
    _, said = process.communicate()
    assert process.returncode == -signal.SIGKILL, f"{failpoint} was not passed: {said}"


def assert_stores_are_whole(made: Installation) -> None:
    """Whatever is visible is complete: every load's files and every version, to the last byte."""
    for root in (made.home.landing, made.home.policy, made.home.decisions):
        store = Landing(root)
        for load in store.loads():
            erased = store.erased_files(load)
            for file in (*load.files, *load.rejects):
                if file.path not in erased:
                    assert sha256(root / file.path) == file.sha256, file.path
    for manifest in versions(made.home):
        for name, table in manifest.tables.items():
            folder = made.home.published / manifest.version / table["access"]
            assert sha256(folder / "parquet" / f"{name}.parquet") == table["sha256"], name
    now = current_version(made.home)
    assert now is None or now in versions(made.home)


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


OF_SINGLE_LOADS = {
    "gate_result",
    "fct_load_attempt",
    "mart_schema_drift_by_tenant_resource_column",
}


def marts(made: Installation) -> dict[str, str]:
    """Content hashes, but of what counts or names single loads: a killed run leaves more."""
    return {name: sha for name, sha in made.hashes().items() if name not in OF_SINGLE_LOADS}


@pytest.fixture(scope="module")
def untouched(demo: Installation) -> Installation:
    """A home that ran once, undisturbed."""
    return demo


@pytest.fixture
def fresh(untouched: Installation, tmp_path: Path) -> Iterator[Installation]:
    """An empty home on the same world."""
    with on_world(untouched.world, tmp_path / "home") as made:
        yield made


@pytest.mark.drawn("kills", 2)
def test_killed_at_every_commit_point_of_a_run(
    untouched: Installation, fresh: Installation
) -> None:
    # Policy has fewer than 30 tables: the 30th load is a file's or a vendor's.
    for point in ("load-before-link", "load-after-link", "load-before-link@30"):
        die(fresh, point, "run")
        assert_stores_are_whole(fresh)
    die(fresh, "load-after-link@30", "run")
    fresh.ingest()
    for point in FAILPOINTS:
        if point.startswith(("warehouse-", "version-", "current-")):
            die(fresh, point, "run", "--no-ingest")
            assert_stores_are_whole(fresh)
            assert (current_version(fresh.home) is None) == (point != "current-after-flip")
        if point == "current-before-flip":
            complete = versions(fresh.home)
            assert len(complete) == 1
    finish(fresh, "run", "--no-ingest")
    assert versions(fresh.home) == complete, "what was complete is shown as it is"
    assert current_version(fresh.home) == complete[0]
    assert marts(fresh) == marts(untouched)
    assert not list(fresh.home.published.glob(".*"))


@pytest.mark.drawn("kills", 2)
def test_killed_while_the_raw_gate_refuses_a_load(untouched: Installation, tmp_path: Path) -> None:
    made = untouched.copy(tmp_path / "home", built=True)
    before = made.hashes()
    with made.landing.open_load("stripe", "aurora", "refund") as load:
        twice = [("re_1",), ("re_1",)]
        broken = write_load(load, (("id", "string"),), twice, now=made.clock.now())
    die(made, "reject-after", "run", "--no-ingest")
    assert_stores_are_whole(made)
    assert made.hashes() == before
    assert set(made.landing.rejections()) == {broken.commit_seq}
    finish(made, "run")
    assert made.landing.accepted()[-1].commit_seq > broken.commit_seq
    assert marts(made) == marts(untouched)


def test_a_decision_is_there_whole_or_not_at_all(untouched: Installation, tmp_path: Path) -> None:
    made = untouched.copy(tmp_path / "home", built=False)
    store = Landing(made.home.decisions)
    decision = ("decide", "action", "--subject", "s", "--reason", "r", "--actor", "ana")
    die(made, "load-before-link", *decision)
    assert all_decisions(store) == []
    die(made, "load-after-link", *decision)
    assert [taken.actor for taken in all_decisions(store)] == ["ana"]
    finish(made, *decision)
    assert len(all_decisions(store)) == 2


@pytest.mark.drawn("kills", 2)
@pytest.mark.parametrize("kills", [3, pytest.param(20, marks=pytest.mark.prove)])
def test_killed_at_random_instants(
    untouched: Installation, fresh: Installation, demo_seconds: float, kills: int
) -> None:
    instants = random.Random(SEED)
    for _ in range(kills):
        process = start(fresh, "run")
        try:
            process.wait(instants.uniform(0, demo_seconds))
        except subprocess.TimeoutExpired:
            process.kill()
        process.communicate()
        assert_stores_are_whole(fresh)
        if current_version(fresh.home) is not None:
            assert marts(fresh) == marts(untouched)
    finish(fresh, "run")
    assert marts(fresh) == marts(untouched)


@pytest.mark.drawn("kills", 2)
@pytest.mark.parametrize(
    "point",
    [
        "",
        pytest.param("warehouse-before-staged", marks=pytest.mark.prove),
        pytest.param("current-before-flip", marks=pytest.mark.prove),
    ],
)
def test_an_erased_person_is_in_nothing_that_is_kept_or_published(
    untouched: Installation, tmp_path: Path, point: str
) -> None:
    made = untouched.copy(tmp_path / "home", built=True)
    key = a_lead_with_history(made)
    erasure = ("erase", "salesforce/aurora/lead", key, "--reason", "request", "--actor", "dpo")
    assert holding(made, key)
    before = [kept.version for kept in versions(made.home)]
    if point:
        die(made, point, *erasure)
        assert_stores_are_whole(made)
    finish(made, *erasure)
    assert holding(made, key) == []
    assert not {kept.version for kept in versions(made.home)} & set(before)
    assert list(verify(made.home, Checked())) == []
    assert_stores_are_whole(made)
    # The vendor still shows it: the next day it does not come back.
    made.ingest()
    assert holding(made, key) == []


def a_lead_with_history(made: Installation) -> str:
    histories = [
        str(made.landing.root / file.path)
        for load in made.landing.accepted()
        if (load.tenant, load.resource) == ("aurora", "lead_history")
        for file in load.files
    ]
    query = "select min(lead_id) from read_parquet($files, hive_partitioning = false)"
    ((first,),) = duckdb.execute(query, {"files": histories}).fetchall()
    return str(first)


def holding(made: Installation, key: str) -> list[Path]:
    """The files of the stores, the warehouse and the versions in which a key of aurora stands.

    The other tenant has leads with the same ids, and keeps them.
    """
    roots = (made.home.landing, made.home.decisions, made.home.warehouse, made.home.published)
    return [
        path
        for root in roots
        for path in sorted(root.rglob("*"))
        if path.is_file()
        and not path.is_symlink()
        and "borealis" not in path.parts
        and stands_in(path, key)
    ]


_HELD = "contains(row::text, $key) and not contains(row::text, 'borealis')"


def stands_in(path: Path, key: str) -> bool:
    if path.suffix == ".gz":
        return key in gzip.decompress(path.read_bytes()).decode()
    if path.suffix == ".parquet":
        query = f"select count(*) from read_parquet($path) as row where {_HELD}"
        ((rows,),) = duckdb.execute(query, {"path": str(path), "key": key}).fetchall()
        return bool(rows)
    if path.suffix == ".duckdb":
        with duckdb.connect(str(path), read_only=True) as connection:
            tables = connection.execute(
                "select schema_name, table_name from duckdb_tables()"
            ).fetchall()
            return any(
                connection.execute(
                    f'select count(*) from "{schema}"."{table}" as row where {_HELD}',
                    {"key": key},
                ).fetchall()
                != [(0,)]
                for schema, table in tables
            )
    return key.encode() in path.read_bytes()
