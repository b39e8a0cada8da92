"""A person asks to be forgotten: nothing that landed holds it afterwards, and nothing brings it."""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ingestion.catalog import CONNECTORS
from ingestion.clock import FixedClock
from ingestion.erasure import TRACES, person
from ingestion.errors import ConfigurationError
from ingestion.extract import ingest, summary
from ingestion.http import HttpSettings
from ingestion.landing import Landing, LoadFile, Manifest, sha256_of
from ingestion.replay import replay
from ingestion.resource import Resource
from ingestion.salesforce.client import API_VERSION
from ingestion.salesforce.resources import RESOURCES
from ingestion.selection import Selection
from ingestion.state import position, standing
from tests.ingestion.vendor import Vendor, connection, running_vendor
from warehouse.decisions import decisions_of_kind
from warehouse.erase import Erasure, forget
from warehouse.errors import BuildBusyError, WarehouseError
from warehouse.home import Home
from warehouse.lock import build_lock
from warehouse.verify import Checked, verify

ROOT = Path(__file__).parents[2]
QUERY = f"/services/data/{API_VERSION}/queryAll"
NOW = datetime(2026, 7, 1, 3, tzinfo=UTC)
ANN, BOB = "00QANN", "00QBOB"
SALT = "a-salt-of-the-tests"


def row(resource: str, number: int, **values: Any) -> dict[str, Any]:
    """A row as Salesforce shows it, with what its declaration needs."""
    declared = next(found for found in RESOURCES if found.name == resource)
    times = {"CreatedDate": "2026-06-01T08:00:00Z", "SystemModstamp": "2026-06-30T08:00:00Z"}
    return {"Id": f"{_prefix(declared)}{number:03}", "IsDeleted": False, **times, **values}


def _prefix(resource: Resource) -> str:
    return resource.name[:3].upper()


class Crm:
    """A home whose Salesforce knows two leads, what was done with them, and their history."""

    def __init__(self, home: Home, vendor: Vendor) -> None:
        self.home, self.vendor = home, vendor
        vendor.on("/services/oauth2/token", {"access_token": "a-token"})

    @property
    def landing(self) -> Landing:
        return Landing(self.home.landing)

    def read(self, resource: str, *pages: list[dict[str, Any]], day: int = 0) -> Manifest:
        bodies = []
        for number, rows in enumerate(pages, 1):
            last = number == len(pages)
            bodies.append({"done": last, "records": rows, "nextRecordsUrl": f"/more/{number}"})
        self.vendor.on(QUERY, bodies[0])
        for number, body in enumerate(bodies[1:], 1):
            self.vendor.on(f"/more/{number}", body)
        return ingest(
            "salesforce",
            "aurora",
            resource,
            connection("salesforce", self.vendor),
            self.landing,
            FixedClock(NOW + timedelta(days=day)),
            HttpSettings(attempts=1),
        )

    def fill(self) -> None:
        """Three days: the second brings nothing new of Ann but her row, the third a change."""
        ann, bob = row("lead", 1, Id=ANN, Company="Lakeside"), row("lead", 2, Id=BOB)
        self.read("lead", [ann], [bob])
        self.read("lead", [ann], [bob, row("lead", 3, ConvertedDate="soon")], day=1)
        self.read("lead", [{**ann, "Company": "Lakeside Ltd", "ConvertedDate": "soon"}], day=2)
        self.read(
            "lead_history",
            [
                row("lead_history", 1, LeadId=ANN, Field="Phone", NewValue="555 0100"),
                row("lead_history", 2, LeadId=BOB, Field="Phone", NewValue="555 0200"),
            ],
        )
        self.read("task", [row("task", 1, WhoId=ANN), row("task", 2, WhoId=BOB)])
        self.home.database.write_bytes(b"a cache")
        (self.home.warehouse / "readable").mkdir()
        (self.home.warehouse / "readable" / "copy").write_text(ANN, encoding="utf-8")

    def erase(self, *keys: str, kind: str = "lead") -> Erasure:
        who = person(f"salesforce/aurora/{kind}", keys or (ANN,))
        return forget(self.home, FixedClock(NOW), who, "dpo", "request of 3 July")

    def values(self, resource: str, *columns: str) -> list[tuple[Any, ...]]:
        """Of everything that stands, in the order of places."""
        found: list[tuple[Any, ...]] = []
        for load in standing(self.landing, "salesforce", "aurora", resource):
            for file in load.files:
                query = (
                    f"select {', '.join(columns)} from read_parquet($path, "
                    "hive_partitioning = false) order by _row_number"
                )
                path = str(self.landing.root / file.path)
                found += duckdb.execute(query, {"path": path}).fetchall()
        return found

    def holding(self, text: str) -> list[str]:
        """Every file of the home in which the text stands, unpacked where it is packed."""
        return [
            str(path.relative_to(self.home.root))
            for path in sorted(self.home.root.rglob("*"))
            if path.is_file() and text in _unpacked(path)
        ]

    def faults(self) -> list[str]:
        return [str(fault) for fault in verify(self.home, Checked())]


def _unpacked(path: Path) -> str:
    if path.suffix == ".gz":
        return gzip.decompress(path.read_bytes()).decode()
    if path.suffix == ".parquet":
        query = "select cast(list(found) as varchar) from read_parquet($path) as found"
        return str(duckdb.execute(query, {"path": str(path)}).fetchall())
    return path.read_bytes().decode("utf-8", "replace")


@pytest.fixture
def crm(home: Home, monkeypatch: pytest.MonkeyPatch) -> Iterator[Crm]:
    monkeypatch.setenv("CLOSEBOOK_HASH_SALT", SALT)
    with running_vendor() as vendor:
        yield Crm(home, vendor)


def test_nothing_that_landed_holds_the_person_afterwards(crm: Crm) -> None:
    crm.fill()
    assert len(crm.holding(ANN)) == 5 + 3 + 1, "five pages, three typed files, and a copy"
    erasure = crm.erase()
    assert crm.holding(ANN) == []
    assert crm.holding("Lakeside") == crm.holding("555 0100") == []
    assert erasure.places == 5
    assert crm.values("lead", "id") == [(BOB,)]
    assert crm.values("lead_history", "lead_id", "new_value") == [(BOB, "555 0200")]
    # What was done stays done: the task is there, without her.
    assert crm.values("task", "id", "who_id") == [("TAS001", None), ("TAS002", BOB)]
    assert not crm.home.database.exists()
    assert crm.faults() == []


def test_what_is_left_stands_where_and_since_when_it_stood(crm: Crm) -> None:
    crm.fill()
    before = standing(crm.landing, "salesforce", "aurora", "lead")
    cursor = position(crm.landing, "salesforce", "aurora", "lead")
    bob = crm.values("lead", "id", "_recorded_at", "_row_number")[1]
    crm.erase()
    after = standing(crm.landing, "salesforce", "aurora", "lead")
    for then, now in zip(before, after, strict=True):
        assert (now.place, now.recorded_at) == (then.place, then.recorded_at)
    assert crm.values("lead", "id", "_recorded_at", "_row_number") == [bob]
    assert crm.values("lead", "_load_id") == [(after[0].load_id,)]
    assert position(crm.landing, "salesforce", "aurora", "lead") == cursor


def test_the_decision_says_who_why_and_which_files_went_and_not_the_key(crm: Crm) -> None:
    crm.fill()
    hashes = {
        file.path: file.sha256 for load in crm.landing.loads() for file in load.files if file.rows
    }
    crm.erase()
    (decision,) = decisions_of_kind(Landing(crm.home.decisions), "erasure")
    assert (decision.subject, decision.actor) == ("salesforce/aurora/lead", "dpo")
    assert decision.reason == "request of 3 July"
    assert ANN not in json.dumps(decision.payload)
    gone = decision.payload["files"]
    assert {path: sha for path, sha in gone.items() if path in hashes}
    assert all(hashes[path] == sha for path, sha in gone.items() if path in hashes)
    assert any("pages-" in path for path in gone)


def test_refused_rows_of_the_person_go_and_those_of_others_stay_without_values(crm: Crm) -> None:
    crm.fill()
    crm.erase()
    left = [load for load in crm.landing.accepted() if load.rejects]
    # Day 2 refused a stranger's row; day 3 hers.
    assert [(load.place, load.rejected_rows) for load in left] == [(2, 1), (3, 0)]
    assert crm.holding("soon") == [
        str((crm.landing.root / page).relative_to(crm.home.root))
        for page in list(crm.landing.loads())[1].pages[1:]
    ]


def test_where_the_pages_are_gone_no_refused_value_is_shown(crm: Crm) -> None:
    crm.fill()
    for load in list(crm.landing.loads()):
        crm.landing.retire_pages(load, {"retired_at": "2026-08-01", "reason": "old"})
    crm.erase()
    (day_two,) = [load for load in crm.landing.accepted() if load.place == 2]
    path = str(crm.landing.root / day_two.rejects[0].path)
    query = "select value from read_parquet($path, hive_partitioning = false)"
    assert duckdb.execute(query, {"path": path}).fetchall() == [("(erased)",)]
    assert crm.values("lead", "id") == [(BOB,)]
    assert crm.faults() == []


def test_a_later_delivery_of_the_person_does_not_land_and_its_page_is_not_kept(crm: Crm) -> None:
    crm.fill()
    crm.erase()
    changed = "2026-07-03T08:00:00Z"
    ann = row("lead", 1, Id=ANN, Company="Lakeside again", SystemModstamp=changed)
    load = crm.read("lead", [ann], [row("lead", 4, SystemModstamp=changed)], day=3)
    assert (load.rows, len(load.pages)) == (1, 1)
    assert "1 of erased persons left out: erase them at the vendor as well" in summary(load)
    task = row("task", 1, WhoId=ANN, Status="Open", SystemModstamp=changed)
    assert crm.read("task", [task], day=3).rows == 1
    assert crm.holding(ANN) == crm.holding("Lakeside") == []
    assert crm.values("task", "who_id")[-1] == (None,)
    assert crm.faults() == []


def test_loads_that_lost_pages_are_not_replayed(crm: Crm) -> None:
    crm.fill()
    crm.erase()
    crm.read("lead", [row("lead", 1, Id=ANN)], [row("lead", 2, Id=BOB)], day=3)
    done = list(replay(crm.landing, FixedClock(NOW), Selection("salesforce", "aurora", "lead")))
    assert [entry.why_not.split(",")[0] for entry in done] == [
        "somebody was erased from it",
        "somebody was erased from it",
        "somebody was erased from it",
        "pages that held somebody erased were not kept",
    ]
    assert crm.holding(ANN) == []


def test_what_was_replayed_and_what_was_refused_is_erased_as_well(crm: Crm) -> None:
    crm.fill()
    first = next(crm.landing.loads())
    with crm.landing.open_load("salesforce", "aurora", "lead") as load:
        part = load.folder / "part-00000.parquet"
        source = crm.landing.root / first.files[0].path
        duckdb.execute(f"copy (from read_parquet('{source}', hive_partitioning=false)) to '{part}'")
        file = LoadFile(load.relative(part.name), 2, sha256_of(part))
        load.commit(
            replace(
                first, load_id=load.load_id, replaces=1, files=(file,), pages=(), page_sha256=()
            )
        )
    crm.landing.reject(2, {"reason": "refused"})
    crm.erase()
    assert crm.holding(ANN) == []
    assert crm.faults() == []
    # What was refused leaves an empty load in its place, not its rows.
    assert [load.rows for load in crm.landing.accepted() if load.place == 2] == [0]


def test_two_persons_are_erased_one_after_the_other(crm: Crm) -> None:
    crm.fill()
    crm.erase()
    crm.erase(BOB)
    assert crm.holding(ANN) == crm.holding(BOB) == []
    assert crm.values("lead", "id") == []
    assert crm.faults() == []


def test_a_contact_is_known_from_roles_and_tasks_alone(crm: Crm) -> None:
    crm.read("opportunity_contact_role", [row("opportunity_contact_role", 1, ContactId="003C")])
    crm.read("task", [row("task", 1, WhoId="003C")])
    crm.erase("003C", kind="contact")
    assert crm.holding("003C") == []
    assert crm.values("task", "id") == [("TAS001",)]
    assert crm.values("opportunity_contact_role", "id") == []


def test_what_nothing_holds_is_refused_and_nothing_is_decided(crm: Crm) -> None:
    crm.fill()
    with pytest.raises(WarehouseError, match="nothing of salesforce/aurora/lead holds this key"):
        crm.erase("00Qann")
    assert decisions_of_kind(Landing(crm.home.decisions), "erasure") == []


def test_erasing_again_decides_and_writes_nothing(crm: Crm) -> None:
    crm.fill()
    crm.erase()
    last = crm.landing.last_seq()
    assert crm.erase().places == 0
    assert crm.landing.last_seq() == last
    assert len(decisions_of_kind(Landing(crm.home.decisions), "erasure")) == 1


def test_while_a_build_is_running_nothing_is_erased(crm: Crm) -> None:
    crm.fill()
    with build_lock(crm.home), pytest.raises(BuildBusyError):
        crm.erase()
    assert len(crm.holding(ANN)) == 9


@pytest.mark.parametrize(
    ("selection", "why"),
    [
        ("salesforce/aurora", "is not SOURCE/TENANT/RESOURCE"),
        ("salesforce/aurora/leed", "did you mean 'lead'"),
        ("files/aurora/lead", "files are no vendor's"),
    ],
)
def test_a_person_that_cannot_be_named_is_refused(crm: Crm, selection: str, why: str) -> None:
    with pytest.raises(ConfigurationError, match=why):
        person(selection, ["x"])


def test_without_the_salt_nobody_can_be_erased(crm: Crm, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CLOSEBOOK_HASH_SALT")
    with pytest.raises(ConfigurationError, match="CLOSEBOOK_HASH_SALT is not set"):
        person("salesforce/aurora/lead", [ANN])


@pytest.mark.parametrize(
    "point",
    [
        "erasure-after-decision",
        pytest.param("load-after-link@3", marks=pytest.mark.prove),
        "erasure-before-removal@3",
        pytest.param("load-before-link", marks=pytest.mark.prove),
        pytest.param("load-after-link", marks=pytest.mark.prove),
        pytest.param("erasure-after-tombstone", marks=pytest.mark.prove),
        pytest.param("load-before-link@4", marks=pytest.mark.prove),
        pytest.param("erasure-before-removal", marks=pytest.mark.prove),
        pytest.param("erasure-after-removal@2", marks=pytest.mark.prove),
    ],
)
def test_killed_anywhere_the_same_command_finishes_it(crm: Crm, point: str) -> None:
    crm.fill()
    code = (
        "from tests.warehouse.test_erase import *\n"
        f"Crm(Home(Path({str(crm.home.root)!r})), Vendor()).erase()\n"
    )
    died = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=os.environ | {"CLOSEBOOK_FAILPOINT": point, "CLOSEBOOK_HASH_SALT": SALT},
        check=False,
    )
    assert died.returncode == -signal.SIGKILL
    again = "run the same `closebook erase` again"
    assert [fault for fault in crm.faults() if again not in fault] == [], "what is seen is whole"
    assert BOB in {key for (key,) in crm.values("lead", "id")}
    crm.erase()
    assert crm.holding(ANN) == []
    assert crm.faults() == []
    assert crm.values("lead", "id") == [(BOB,)]
    assert len(decisions_of_kind(Landing(crm.home.decisions), "erasure")) == 1


@pytest.mark.parametrize(("source", "kind"), sorted(TRACES))
def test_every_trace_names_a_column_that_is_read(source: str, kind: str) -> None:
    declared = {resource.name: resource for resource in CONNECTORS[source].resources}
    for trace in TRACES[source, kind]:
        assert declared[trace.resource].column(trace.column).personal != "drop"
        assert not declared[trace.resource].column(trace.column).also
