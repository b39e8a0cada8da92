"""Verification finds every file that is not as it was written, and says what to do."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from ingestion.clock import FixedClock
from ingestion.landing import Landing
from tests.warehouse.keeping import land, page_of, publish_until
from warehouse.cli import EXIT_ERROR, invoke
from warehouse.decisions import decide
from warehouse.home import Home
from warehouse.verify import Checked, Fault, verify

DAY = "2026-06-29T00:00:00+00:00"


@pytest.fixture
def kept(home: Home, clock: FixedClock) -> Home:
    """Three loads, two of them published, and a decision; all as it was written."""
    for number in range(1, 4):
        land(home, DAY, **({"continues": number - 1} if number > 1 else {}))
    decide(Landing(home.decisions), clock, kind="action", subject="s", actor="ana", reason="r")
    publish_until(home, 2, clock)
    assert faults(home) == []
    return home


def faults(home: Home) -> list[Fault]:
    return list(verify(home, Checked()))


def flip(path: Path) -> None:
    """Changes one bit in the middle of a file."""
    path.chmod(0o600)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))


def first(home: Home, pattern: str) -> Path:
    found = sorted(home.root.glob(pattern))
    assert found, pattern
    return found[0]


def test_a_flipped_byte_and_a_missing_file_are_found(kept: Home) -> None:
    for pattern in (
        "landing/stripe/aurora/invoice/load=*/part-00000.parquet",
        "landing/stripe/aurora/invoice/load=*/pages-00001.json.gz",
        "decisions/decisions/house/decision/load=*/part-00000.parquet",
        "published/v*/open/parquet/mart_won.parquet",
        "published/v*/restricted/closebook.duckdb",
    ):
        path = first(kept, pattern)
        content = path.read_bytes()
        for damage in (flip, Path.unlink):
            damage(path)
            (fault,) = faults(kept)
            assert fault.path == path
            assert "SHA-256" in fault.expected and "restore" in fault.fix
            assert ("bytes changed" in fault.found) == path.exists()
            path.write_bytes(content)
    assert faults(kept) == []


def test_a_removed_manifest_is_a_gap_in_the_sequence(kept: Home) -> None:
    (kept.landing / "_commits" / "0000000001.json").unlink()
    (fault,) = faults(kept)
    assert fault.path.name == "0000000001.json" and "commit 1" in fault.expected
    (folder,) = (path for path in kept.landing.glob("stripe/*/*/load=*") if str(path) in fault.fix)
    os.link(folder / "manifest.json", fault.path)  # what the fix says
    assert faults(kept) == []


def test_the_removed_manifest_of_the_last_load_is_missed_by_what_was_published(
    kept: Home, clock: FixedClock
) -> None:
    publish_until(kept, 3, clock)
    (kept.landing / "_commits" / "0000000003.json").unlink()
    assert [fault.path.name for fault in faults(kept)] == ["0000000003.json"]


def test_a_manifest_that_says_something_else_is_found_by_its_own_hash(kept: Home) -> None:
    path = kept.landing / "_commits" / "0000000002.json"
    path.chmod(0o600)
    values = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(values | {"cursor": "2036-01-01"}), encoding="utf-8")
    (fault,) = faults(kept)
    assert fault.path == path and fault.expected == "what its own hash says"


def test_columns_that_are_not_what_their_name_says_are_found(kept: Home) -> None:
    path = first(kept, "decisions/_schemas/*.json")
    path.chmod(0o600)
    path.write_text(path.read_text(encoding="utf-8").replace("actor", "autor"), encoding="utf-8")
    (fault,) = faults(kept)
    assert fault.path == path and "fingerprint" in fault.expected


def test_a_manifest_that_cannot_be_read_is_named(kept: Home) -> None:
    path = kept.landing / "_commits" / "0000000002.json"
    path.chmod(0o600)
    path.write_text("{", encoding="utf-8")
    (fault,) = faults(kept)
    assert fault.path == path and fault.expected == "a manifest"


@pytest.mark.parametrize("folder", ["landing/stripe/aurora/invoice/load=*", "landing/stripe"])
def test_a_file_that_no_manifest_names_is_found(kept: Home, folder: str) -> None:
    path = first(kept, folder) / "part-00001.parquet"
    path.write_bytes(b"rows of somebody")
    (fault,) = faults(kept)
    assert fault.path == path and "no manifest names it" in fault.expected


def test_what_dead_processes_leave_is_no_fault(kept: Home) -> None:
    dead = kept.landing / "stripe" / "aurora" / "invoice" / "load=dead"
    dead.mkdir()
    (dead / "manifest.json").write_text("{}", encoding="utf-8")
    (kept.landing / "_staging" / "x").mkdir(parents=True)
    (kept.landing / "_staging" / "x" / "part").write_text("", encoding="utf-8")
    assert faults(kept) == []


def test_a_current_link_to_a_version_that_is_gone_is_found(kept: Home) -> None:
    (kept.published / "current").unlink()
    (kept.published / "current").symlink_to("v000009-2026-06-30")
    (fault,) = faults(kept)
    assert "v000009" in fault.found


def test_a_load_from_before_pages_had_hashes_is_verified_without_them(kept: Home) -> None:
    load = next(Landing(kept.landing).loads())
    for path in (kept.landing / "_commits" / "0000000001.json", page_of(kept, load)):
        path.chmod(0o600)
    manifest = kept.landing / "_commits" / "0000000001.json"
    values = json.loads(manifest.read_text(encoding="utf-8"))
    del values["page_sha256"], values["manifest_sha256"]
    manifest.write_text(json.dumps(values), encoding="utf-8")
    assert faults(kept) == []


def test_the_command_counts_what_it_read_and_ends_with_1_for_damage(
    kept: Home, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CLOSEBOOK_HOME", str(kept.root))
    assert invoke(["verify"]) == 0
    assert "are as they were written" in capsys.readouterr().out
    path = first(kept, "landing/stripe/aurora/invoice/load=*/part-00000.parquet")
    flip(path)
    (kept.root / "sources.yml").write_text("source: []", encoding="utf-8")
    assert invoke(["verify"]) == EXIT_ERROR
    said = capsys.readouterr().err
    assert "2 files are not as written" in said
    assert f"{path}: expected SHA-256" in said and "did you mean 'sources'?" in said
