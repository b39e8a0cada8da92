"""Stopping means all: children, grandchildren, the renamed, the deaf, and nobody else."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from scripts import processes
from scripts.processes import alive, exit_code, start, started, stop_all
from scripts.service import Service
from scripts.settings import Settings

SLEEP = "import time; time.sleep(600)"


def run(settings: Settings, code: str, monkeypatch: pytest.MonkeyPatch) -> processes.Started:
    """Starts `code` the way a service is started."""
    real = subprocess.Popen

    def popen(_: list[str], **options: object) -> subprocess.Popen[bytes]:
        return real([sys.executable, "-c", code], **options)  # type: ignore[call-overload,no-any-return]

    monkeypatch.setattr(processes.subprocess, "Popen", popen)
    service = Service("sleeper", "sleeps", lambda _: [])
    noted = start(service, settings)
    monkeypatch.undo()
    return noted


def wait_for(path: Path) -> str:
    for _ in range(100):
        if path.is_file() and path.read_text(encoding="utf-8"):
            return path.read_text(encoding="utf-8")
        time.sleep(0.1)
    raise AssertionError(f"{path} never came")


def is_running(pid: int) -> bool:
    return processes._read(pid) is not None


def test_a_child_that_outlives_its_killed_parent_is_found_and_stopped(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = settings.home / "child"
    code = (
        "import pathlib, subprocess, sys, time\n"
        f"child = subprocess.Popen([sys.executable, '-c', {SLEEP!r}])\n"
        f"pathlib.Path({str(told)!r}).write_text(str(child.pid))\n"
        "time.sleep(600)\n"
    )
    parent = run(settings, code, monkeypatch)
    child = int(wait_for(told))
    os.kill(parent.pid, signal.SIGKILL)
    os.waitpid(parent.pid, 0)
    assert [process.pid for process in alive(settings)] == [child]
    assert stop_all(settings) == []
    assert not is_running(child)


def test_a_child_with_a_session_of_its_own_is_found_by_its_mark(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = settings.home / "child"
    code = (
        "import pathlib, subprocess, sys, time\n"
        f"child = subprocess.Popen([sys.executable, '-c', {SLEEP!r}], start_new_session=True)\n"
        f"pathlib.Path({str(told)!r}).write_text(str(child.pid))\n"
    )
    parent = run(settings, code, monkeypatch)
    child = int(wait_for(told))
    os.waitpid(parent.pid, 0)
    assert [process.pid for process in alive(settings)] == [child]
    assert stop_all(settings) == []
    assert not is_running(child)


def test_a_service_that_ignores_term_is_killed(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = settings.home / "deaf"
    code = (
        "import pathlib, signal, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        f"pathlib.Path({str(told)!r}).write_text('yes')\n"
        "time.sleep(600)\n"
    )
    deaf = run(settings, code, monkeypatch)
    wait_for(told)
    monkeypatch.setattr(processes, "TERM_SECONDS", 0.5)
    assert stop_all(settings) == []
    assert not is_running(deaf.pid)
    assert started(settings) == []


def test_a_process_number_that_was_given_to_somebody_else_is_left_alone(
    settings: Settings,
) -> None:
    stranger = subprocess.Popen([sys.executable, "-c", SLEEP], start_new_session=True)
    try:
        settings.run.mkdir()
        note = f'{{"name": "old", "pid": {stranger.pid}, "started": 1, "log": ""}}'
        (settings.run / "old.json").write_text(note, encoding="utf-8")
        assert alive(settings) == []
        assert stop_all(settings) == []
        assert is_running(stranger.pid)
    finally:
        stranger.kill()
        stranger.wait()


def test_another_homes_services_are_left_alone(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Settings.load({"CLOSEBOOK_HOME": str(tmp_path / "home2")})
    ours = run(settings, SLEEP, monkeypatch)
    theirs = run(other, SLEEP, monkeypatch)
    try:
        assert stop_all(settings) == []
        assert not is_running(ours.pid)
        assert is_running(theirs.pid)
    finally:
        assert stop_all(other) == []


def test_how_a_service_ended_is_known(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    failed = run(settings, "raise SystemExit(3)", monkeypatch)
    for _ in range(100):
        code = exit_code(failed)
        if code is not None:
            break
        time.sleep(0.05)
    assert code == 3


def test_stopping_twice_is_no_error(settings: Settings) -> None:
    assert stop_all(settings) == []
    assert stop_all(settings) == []
