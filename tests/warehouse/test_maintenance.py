"""Retention and leftovers: what goes, what must stay, and that a manifest never lies about it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ingestion.clock import FixedClock
from ingestion.landing import Landing
from tests.warehouse.keeping import age, land, page_of, publish_until
from warehouse.cli import EXIT_ERROR, invoke
from warehouse.errors import WarehouseError
from warehouse.home import Home
from warehouse.maintain import PARTS, verified
from warehouse.maintenance import remove_leftovers, retire_pages
from warehouse.policy import land_policy
from warehouse.upkeep import PART_NAMES

PROJECT = Path(__file__).parents[2]
OLD, NEW = "2026-05-01T00:00:00+00:00", "2026-06-29T00:00:00+00:00"


def test_pages_older_than_the_window_go_and_the_typed_rows_stay(
    home: Home, clock: FixedClock
) -> None:
    old, new = land(home, OLD), land(home, NEW)
    publish_until(home, 2, clock)
    done = retire_pages(home, clock)
    assert (done.loads, done.files, done.kept) == (
        1, 1, (("not published yet", 0), ("refused and not fetched again", 0)),
    )  # fmt: skip
    assert not page_of(home, old).exists() and page_of(home, new).exists()
    landing = Landing(home.landing)
    assert landing.pages(old) == [] and landing.pages(new) == [page_of(home, new)]
    assert (home.landing / old.files[0].path).exists()
    assert landing.retirements()[1]["reason"] == "older than 30 days"
    assert "files" in verified(home, clock)
    assert retire_pages(home, clock).loads == 0


def test_the_window_is_a_policy_setting(home: Home, clock: FixedClock, tmp_path: Path) -> None:
    load = land(home, OLD)
    publish_until(home, 1, clock)
    _land_setting(home, clock, tmp_path, "raw_page_days,90")
    assert retire_pages(home, clock).days == 90
    assert page_of(home, load).exists()


def test_a_window_that_is_no_number_is_refused_before_anything_goes(
    home: Home, clock: FixedClock, tmp_path: Path
) -> None:
    load = land(home, OLD)
    publish_until(home, 1, clock)
    _land_setting(home, clock, tmp_path, "raw_page_days,a month")
    with pytest.raises(WarehouseError, match="raw_page_days is 'a month'"):
        retire_pages(home, clock)
    assert page_of(home, load).exists()


def _land_setting(home: Home, clock: FixedClock, tmp_path: Path, setting: str) -> None:
    folder = tmp_path / "policy"
    folder.mkdir()
    for path in (PROJECT / "company" / "policy").glob("*.csv"):
        text = path.read_text(encoding="utf-8")
        if path.name == "setting.csv":
            text += f"{setting},2023-01-01,\n"
        (folder / path.name).write_text(text, encoding="utf-8")
    land_policy(folder, Landing(home.policy), Landing(home.decisions), clock)


def test_pages_of_a_load_in_no_published_version_stay(home: Home, clock: FixedClock) -> None:
    loads = [land(home, OLD), land(home, OLD)]
    assert dict(retire_pages(home, clock).kept)["not published yet"] == 2
    publish_until(home, 1, clock)
    assert dict(retire_pages(home, clock).kept)["not published yet"] == 1
    assert [page_of(home, load).exists() for load in loads] == [False, True]


def test_pages_of_a_refused_load_stay_until_it_is_fetched_again(
    home: Home, clock: FixedClock
) -> None:
    landing = Landing(home.landing)
    refused, follower = land(home, OLD), land(home, OLD, continues=1)
    landing.reject(refused.commit_seq, {"reason": "no key"})
    other = land(home, OLD, resource="customer")
    publish_until(home, 3, clock)
    done = retire_pages(home, clock)
    assert dict(done.kept)["refused and not fetched again"] == 1
    assert page_of(home, refused).exists()
    assert not page_of(home, follower).exists() and not page_of(home, other).exists()
    for no_news in ({"range": {}}, {"replaces": follower.commit_seq}):
        publish_until(home, land(home, NEW, **no_news).commit_seq, clock)
        assert retire_pages(home, clock).loads == 0
    again = land(home, NEW)
    publish_until(home, again.commit_seq, clock)
    assert retire_pages(home, clock).loads == 1
    assert not page_of(home, refused).exists()


def test_pages_of_a_refused_load_go_once_it_was_typed_anew(home: Home, clock: FixedClock) -> None:
    refused = land(home, OLD)
    Landing(home.landing).reject(refused.commit_seq, {"reason": "no key"})
    publish_until(home, land(home, NEW, replaces=refused.commit_seq).commit_seq, clock)
    assert retire_pages(home, clock).loads == 1
    assert not page_of(home, refused).exists()


def test_killed_between_the_record_and_the_pages_the_next_run_removes_them(
    home: Home, clock: FixedClock
) -> None:
    load = land(home, OLD)
    publish_until(home, 1, clock)
    environment = os.environ | {
        "CLOSEBOOK_HOME": str(home.root),
        "CLOSEBOOK_NOW": clock.now().isoformat(),
        "CLOSEBOOK_FAILPOINT": "pages-before-removal",
    }
    died = subprocess.run(
        [sys.executable, "-m", "warehouse", "maintain", "retention"],
        cwd=PROJECT, env=environment, check=False,
    )  # fmt: skip
    assert died.returncode == -signal.SIGKILL
    assert Landing(home.landing).pages(load) == [], "nobody reads pages that are about to go"
    assert page_of(home, load).exists()
    assert retire_pages(home, clock).files == 1
    assert not page_of(home, load).exists()


def test_only_what_nobody_has_touched_for_a_day_is_a_leftover(home: Home) -> None:
    land(home, NEW)
    made = {
        home.landing / "_staging" / "dead": "part",
        home.landing / "stripe" / "aurora" / "invoice" / "load=dead": "manifest.json",
        home.published / ".version.dead": "manifest.json",
        home.root / ".restoring": "sources.yml",
    }
    for folder, name in made.items():
        folder.mkdir(parents=True)
        (folder / name).write_text("{}", encoding="utf-8")
    files = [home.landing / "_commits" / ".0000000001.json.dead", home.root / ".sources.yml.dead"]
    for path in files:
        path.write_text("", encoding="utf-8")
    everything = [*made, *files]
    assert remove_leftovers(home) == []
    for path in everything:
        age(path, days=2)
    young = home.landing / "_staging" / "dead" / "part"
    os.utime(young)  # one file in it is being written
    assert set(remove_leftovers(home)) == set(everything[1:])
    age(everything[0], days=2)
    assert remove_leftovers(home) == [everything[0]]
    assert not any(path.exists() for path in everything)
    assert len(list(Landing(home.landing).loads())) == 1


def test_a_folder_without_a_commit_stays_where_a_commit_is_missing(home: Home) -> None:
    first, _ = land(home, OLD), land(home, OLD)
    folder = (home.landing / first.files[0].path).parent
    (home.landing / "_commits" / "0000000001.json").unlink()
    age(folder, days=9)
    assert remove_leftovers(home) == []
    assert folder.exists()


def test_maintenance_stops_at_damage_before_anything_is_removed(
    home: Home, clock: FixedClock, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setenv("CLOSEBOOK_HOME", str(home.root))
    monkeypatch.setenv("CLOSEBOOK_NOW", clock.now().isoformat())
    load = land(home, OLD)
    publish_until(home, 1, clock)
    part = home.landing / load.files[0].path
    part.chmod(0o600)
    part.write_bytes(b"")
    assert invoke(["maintain"]) == EXIT_ERROR
    assert str(part) in capsys.readouterr().err
    assert page_of(home, load).exists()


def test_the_command_and_the_functions_have_the_same_parts_in_the_same_order() -> None:
    assert tuple(PARTS) == PART_NAMES
    assert PART_NAMES[0] == "verify", "nothing is removed from a store that is damaged"


def test_without_a_destination_maintenance_says_that_no_backup_was_made(
    home: Home, clock: FixedClock, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setenv("CLOSEBOOK_HOME", str(home.root))
    monkeypatch.delenv("CLOSEBOOK_BACKUP", raising=False)
    assert invoke(["maintain"]) == 0
    said = capsys.readouterr()
    assert [line.split(":")[0] for line in said.out.splitlines()] == list(PART_NAMES[:3])
    assert "CLOSEBOOK_BACKUP" in said.err
    assert invoke(["maintain", "backup"]) == EXIT_ERROR
    monkeypatch.setenv("CLOSEBOOK_BACKUP", str(home.root.parent / "backup"))
    assert invoke(["maintain", "backup"]) == 0
    assert "backup: b000001-" in capsys.readouterr().out
