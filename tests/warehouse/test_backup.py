"""A backup is whole or it is none, copies nothing twice, and comes back as it was.

That a build from a restored one gives the same marts is in tests/e2e/test_days.py.
"""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import threading
from datetime import UTC
from pathlib import Path

import pytest

from ingestion.clock import FixedClock
from ingestion.landing import Landing, Manifest
from tests.warehouse.keeping import land, page_of, publish_until
from warehouse.backup import KEPT_BACKUPS, Destination, back_up, restore
from warehouse.cli import EXIT_ERROR, invoke
from warehouse.decisions import all_decisions, decide
from warehouse.errors import WarehouseError
from warehouse.home import Home
from warehouse.maintain import verified
from warehouse.maintenance import retire_pages
from warehouse.publish import current_version, versions
from warehouse.upkeep import backup_command
from warehouse.verify import files_of

PROJECT = Path(__file__).parents[2]
DAY, OLD = "2026-06-29T00:00:00+00:00", "2026-05-01T00:00:00+00:00"


@pytest.fixture
def kept(home: Home, clock: FixedClock) -> Home:
    """Two loads and a decision, published, with sources.yml and secrets."""
    for _ in range(2):
        land(home, DAY)
    decide(Landing(home.decisions), clock, kind="action", subject="s", actor="ana", reason="r")
    publish_until(home, 2, clock)
    (home.root / "sources.yml").write_text("sources: []\n", encoding="utf-8")
    home.environment_file.write_text("CLOSEBOOK_HASH_SALT=topsecret\n", encoding="utf-8")
    return home


@pytest.fixture
def empty(tmp_path: Path) -> Home:
    return Home(tmp_path / "restored").ensure()


def contents(home: Home) -> dict[str, bytes]:
    """Every file of the durable stores, by path."""
    stores = (home.landing, home.policy, home.decisions, home.ledger, home.published)
    return {
        str(path.relative_to(home.root)): path.read_bytes()
        for store in stores
        for path in store.rglob("*")
        if path.is_file() and "current" not in path.relative_to(home.root).parts
    }


def test_what_is_restored_equals_what_was_backed_up(
    kept: Home, empty: Home, clock: FixedClock, tmp_path: Path
) -> None:
    done = back_up(kept, str(tmp_path / "backup"), clock)
    restore(empty, str(tmp_path / "backup"))
    assert contents(empty) == contents(kept)
    assert current_version(empty) == current_version(kept)
    assert all_decisions(Landing(empty.decisions)) == all_decisions(Landing(kept.decisions))
    assert (empty.root / "sources.yml").read_text(encoding="utf-8") == "sources: []\n"
    assert not empty.environment_file.exists()
    for path in ("landing", "published/v000001-2026-06-30/restricted"):
        assert stat.S_IMODE((empty.root / path).stat().st_mode) == 0o700
    assert done.copied <= len(done.backup.files)
    assert land(empty, DAY).commit_seq == 3, "the restored store goes on where the other was"


def test_secrets_are_in_a_backup_only_when_asked_for(
    kept: Home, empty: Home, clock: FixedClock, tmp_path: Path
) -> None:
    where = tmp_path / "backup"
    back_up(kept, str(where), clock)
    assert not any(b"topsecret" in p.read_bytes() for p in where.rglob("*") if p.is_file())
    back_up(kept, str(where), clock, with_secrets=True)
    empty.environment_file.write_text("CLOSEBOOK_HASH_SALT=another\n", encoding="utf-8")
    with pytest.raises(WarehouseError, match="environment holds something already"):
        restore(empty, str(where))
    empty.environment_file.unlink()
    restore(empty, str(where))
    assert "topsecret" in empty.environment_file.read_text(encoding="utf-8")


def test_a_second_backup_copies_only_what_is_new(
    kept: Home, clock: FixedClock, tmp_path: Path
) -> None:
    where = str(tmp_path / "backup")
    first = back_up(kept, where, clock)
    again = back_up(kept, where, clock)
    assert first.copied > 10 and again.copied == 0
    assert again.backup.files == first.backup.files
    load = land(kept, DAY)
    third = back_up(kept, where, clock)
    new = {file.path for file in third.backup.files} - {file.path for file in again.backup.files}
    assert len(new) == 4 and all(load.load_id in path or "_commits" in path for path in new)
    assert third.copied == 3, "a manifest is one file under two names"
    assert Destination(where).names() == [done.backup.name for done in (first, again, third)]


def test_old_backups_go_with_what_only_they_hold(
    kept: Home, empty: Home, clock: FixedClock, tmp_path: Path
) -> None:
    where = str(tmp_path / "backup")
    load = land(kept, OLD)
    publish_until(kept, 3, clock)
    back_up(kept, where, clock)
    page = page_of(kept, load).read_bytes()
    retire_pages(kept, clock)
    done = back_up(kept, where, clock, keep=1)
    assert done.removed == ("b000001-20260630T190000Z",)
    assert not any(
        path.read_bytes() == page for path in (tmp_path / "backup").rglob("*") if path.is_file()
    )
    restore(empty, where)
    assert contents(empty) == contents(kept)


def test_killed_before_it_has_its_name_there_is_no_backup_and_the_last_one_stays(
    kept: Home, empty: Home, clock: FixedClock, tmp_path: Path
) -> None:
    where = str(tmp_path / "backup")

    def die() -> None:
        died = subprocess.run(
            [sys.executable, "-m", "warehouse", "backup", where],
            cwd=PROJECT,
            env=os.environ
            | {
                "CLOSEBOOK_HOME": str(kept.root),
                "CLOSEBOOK_NOW": clock.now().isoformat(),
                "CLOSEBOOK_FAILPOINT": "backup-before-rename",
            },
            check=False,
        )
        assert died.returncode == -signal.SIGKILL

    die()
    assert Destination(where).names() == []
    with pytest.raises(WarehouseError, match="holds no backup"):
        restore(empty, where)
    before = back_up(kept, where, clock).backup
    load = land(kept, DAY)
    die()
    assert Destination(where).names() == [before.name]
    assert load.load_id not in str(restore(empty, where).files)


def test_a_backup_while_loads_commit_is_consistent(
    kept: Home, empty: Home, clock: FixedClock, tmp_path: Path
) -> None:
    stop = threading.Event()

    def keep_landing() -> None:
        while not stop.is_set():
            land(kept, DAY)

    thread = threading.Thread(target=keep_landing)
    thread.start()
    try:
        for _ in range(3):
            back_up(kept, str(tmp_path / "backup"), clock)
    finally:
        stop.set()
        thread.join()
    restore(empty, str(tmp_path / "backup"))
    assert "are as they were written" in verified(empty, clock)
    assert 2 < Landing(empty.landing).last_seq() <= Landing(kept.landing).last_seq()


def test_a_version_published_meanwhile_is_in_no_backup_without_its_loads(
    kept: Home, empty: Home, clock: FixedClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def and_publish(store: Landing, load: Manifest) -> dict[Path, str]:
        monkeypatch.undo()
        publish_until(kept, land(kept, DAY).commit_seq, clock)
        return files_of(store, load)

    monkeypatch.setattr("warehouse.backup.files_of", and_publish)
    back_up(kept, str(tmp_path / "backup"), clock)
    restore(empty, str(tmp_path / "backup"))  # verifies: no version of loads that are not there
    assert len(versions(kept)) == 2 and len(versions(empty)) == 1


@pytest.mark.parametrize("reached", [3, 4], ids=["before their copy", "after it"])
def test_pages_that_retire_meanwhile_are_no_damage(
    kept: Home,
    empty: Home,
    clock: FixedClock,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    reached: int,
) -> None:
    for day in (OLD, DAY):
        land(kept, day)
    publish_until(kept, 4, clock)

    def and_retire(store: Landing, load: Manifest) -> dict[Path, str]:
        listed = files_of(store, load)
        if load.commit_seq == reached:
            assert retire_pages(kept, clock).loads == 1
        return listed

    monkeypatch.setattr("warehouse.backup.files_of", and_retire)
    back_up(kept, str(tmp_path / "backup"), clock)
    restore(empty, str(tmp_path / "backup"))
    assert contents(empty) == contents(kept)


def test_damage_is_not_backed_up(kept: Home, clock: FixedClock, tmp_path: Path) -> None:
    where = str(tmp_path / "backup")
    part = next(kept.landing.glob("stripe/aurora/invoice/load=*/part-00000.parquet"))
    part.chmod(0o600)
    content = part.read_bytes()
    part.write_bytes(content[:-1])
    with pytest.raises(WarehouseError, match=r"part-00000\.parquet is not what its manifest says"):
        back_up(kept, where, clock)
    part.unlink()
    with pytest.raises(WarehouseError, match=r"part-00000\.parquet is missing"):
        back_up(kept, where, clock)
    part.write_bytes(content)
    (kept.landing / "_commits" / "0000000001.json").unlink()
    with pytest.raises(WarehouseError, match="lacks commit 1"):
        back_up(kept, where, clock)
    assert Destination(where).names() == []


def test_a_backup_whose_bytes_changed_restores_nothing(
    kept: Home, empty: Home, clock: FixedClock, tmp_path: Path
) -> None:
    back_up(kept, str(tmp_path / "backup"), clock)
    stored = max((tmp_path / "backup" / "objects").rglob("*"), key=lambda path: path.stat().st_size)
    stored.chmod(0o600)
    stored.write_bytes(stored.read_bytes()[:-1] + b"x")
    with pytest.raises(WarehouseError, match=r"its bytes changed; nothing was restored"):
        restore(empty, str(tmp_path / "backup"))
    assert contents(empty) == {} and current_version(empty) is None


def test_a_home_that_holds_something_is_not_restored_into(
    kept: Home, clock: FixedClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    back_up(kept, str(tmp_path / "backup"), clock)
    monkeypatch.setenv("CLOSEBOOK_HOME", str(kept.root))
    assert invoke(["restore", str(tmp_path / "backup")]) == EXIT_ERROR
    assert "holds something already" in capsys.readouterr().err
    monkeypatch.setenv("CLOSEBOOK_HOME", str(tmp_path / "new"))
    assert invoke(["restore", str(tmp_path / "backup"), "--backup", "b9"]) == EXIT_ERROR
    assert "no backup 'b9'; there is b000001-" in capsys.readouterr().err
    assert invoke(["restore", str(tmp_path / "backup")]) == 0
    said = capsys.readouterr().out
    assert "as they were written" in said
    made = f"{clock.now().astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    assert f"next: `closebook run --no-ingest`. Repeat erasures decided after {made}" in said


def test_an_fsspec_url_holds_backups_too(kept: Home, empty: Home, clock: FixedClock) -> None:
    where = f"memory://{kept.root.parent.name}/backup"
    assert back_up(kept, where, clock).copied > 10
    assert back_up(kept, where, clock, keep=1).copied == 0
    assert len(Destination(where).names()) == 1
    restore(empty, where)
    assert contents(empty) == contents(kept)


def test_the_command_keeps_as_many_backups_as_the_weekly_dag() -> None:
    (keep,) = (option for option in backup_command.params if option.name == "keep")
    assert keep.default == KEPT_BACKUPS
