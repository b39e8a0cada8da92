"""Starting services, each in a session of its own, and stopping every process of them.

A service's processes are found by session, which children inherit and cannot leave by dying or
renaming themselves, and by a variable that only `start` sets, for children that opened a session
of their own. A process number that was given to somebody else meanwhile is told by its start time.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from ingestion.landing import write_atomically
from scripts.service import Service
from scripts.settings import ROOT, Settings, python

MARKER = "CLOSEBOOK_STARTED_FOR"
TERM_SECONDS = 12.0
KILL_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Process:
    """One process as the kernel tells it. `started` is in clock ticks since boot."""

    pid: int
    session: int
    started: int


@dataclass(frozen=True, slots=True)
class Started:
    """A service that was started: its session's leader, and when that began."""

    name: str
    pid: int
    started: int
    log: str


def start(service: Service, settings: Settings) -> Started:
    """Starts a service in its own session, its output in a log of its own, and notes it."""
    settings.logs.mkdir(parents=True, exist_ok=True)
    settings.run.mkdir(parents=True, exist_ok=True)
    log = settings.logs / f"{service.name}.log"
    with log.open("wb") as output:
        child = subprocess.Popen(  # noqa: S603 (our own list of services)
            [python(), "-m", "scripts.service", service.name],
            cwd=ROOT,
            env={**os.environ, "CLOSEBOOK_HOME": str(settings.home), MARKER: str(settings.home)},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    process = _read(child.pid)
    noted = Started(service.name, child.pid, process.started if process else 0, str(log))
    write_atomically(settings.run / f"{service.name}.json", json.dumps(asdict(noted)))
    return noted


def started(settings: Settings) -> list[Started]:
    """The services that were started and not stopped since."""
    return [
        Started(**json.loads(path.read_text(encoding="utf-8")))
        for path in sorted(settings.run.glob("*.json"))
    ]


def exit_code(service: Started) -> int | None:
    """How a service that this process started has ended; None while it runs."""
    with suppress(ChildProcessError):
        pid, status = os.waitpid(service.pid, os.WNOHANG)
        return os.waitstatus_to_exitcode(status) if pid else None
    leader = _read(service.pid)
    return None if leader and leader.started == service.started else -1


def alive(settings: Settings) -> list[Process]:
    """Every living process of every service of this home."""
    leaders = {service.pid: service.started for service in started(settings)}
    marker = f"{MARKER}={settings.home}".encode()
    found = []
    for process in _processes():
        leader_began = leaders.get(process.session)
        # A session's number is not given away while a member lives, so only a leader can be new.
        ours = leader_began is not None and (
            process.pid != process.session or process.started == leader_began
        )
        if ours or marker in _environment(process.pid):
            found.append(process)
    return found


def stop_all(settings: Settings) -> list[int]:
    """TERM, wait, KILL; returns the numbers of processes that would not go (empty: all gone)."""
    for kind, seconds in ((signal.SIGTERM, TERM_SECONDS), (signal.SIGKILL, KILL_SECONDS)):
        _signal(alive(settings), kind)
        until = time.monotonic() + seconds
        while left := alive(settings):
            if time.monotonic() > until:
                break
            time.sleep(0.1)
            if kind is signal.SIGKILL:
                _signal(left, kind)
        else:
            break
    left_over = [process.pid for process in alive(settings)]
    if not left_over:
        for service in started(settings):
            (settings.run / f"{service.name}.json").unlink(missing_ok=True)
    return left_over


def describe(pid: int) -> str:
    """``1234 (python -m http.server)``, as far as it may be known."""
    with suppress(OSError):
        words = (
            Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        )
        return f"{pid} ({words.strip()[:80]})"
    return str(pid)


def _signal(processes: list[Process], kind: signal.Signals) -> None:
    for process in processes:
        with suppress(ProcessLookupError):
            os.kill(process.pid, kind)


def _processes() -> Iterator[Process]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal() and int(entry.name) != os.getpid():
            process = _read(int(entry.name))
            if process:
                yield process


def _read(pid: int) -> Process | None:
    """None when there is no such process, or only its entry for the parent to collect."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    # The name, in brackets, may hold blanks and brackets: fields are counted from its end.
    fields = text[text.rindex(")") + 2 :].split()
    state, session, began = fields[0], fields[3], fields[19]
    return None if state in "ZX" else Process(pid, int(session), int(began))


def _environment(pid: int) -> list[bytes]:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return []
