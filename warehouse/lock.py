"""One build, one backup, one change of sources.yml at a time: locks that go with their holder."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from warehouse.errors import BuildBusyError
from warehouse.home import Home


@contextmanager
def build_lock(home: Home) -> Iterator[None]:
    """Holds the warehouse for this process. Raises BuildBusyError, naming the process, if taken."""
    with _held(
        home.warehouse / "build.lock",
        f"process {{holder}} is building in {home.warehouse}; wait until it ends "
        "(`closebook status`), or stop that process",
    ):
        yield


def last_builder(home: Home) -> int | None:
    """The other process that held the warehouse last, while it lives: it may be done with it."""
    try:
        process = int((home.warehouse / "build.lock").read_text(encoding="utf-8"))
        os.kill(process, 0)
    except (FileNotFoundError, ValueError, ProcessLookupError, PermissionError):
        return None
    return process if process != os.getpid() else None


@contextmanager
def backup_lock(home: Home) -> Iterator[None]:
    """One backup of a home at a time. Raises BuildBusyError, naming the process, if taken."""
    with _held(
        home.warehouse / "backup.lock",
        f"process {{holder}} is backing {home.root} up; wait until it ends, or stop that process",
    ):
        yield


@contextmanager
def sources_lock(home: Home) -> Iterator[None]:
    """One change of sources.yml at a time. Raises BuildBusyError, naming the process, if taken."""
    with _held(
        home.warehouse / "sources.lock",
        f"process {{holder}} is changing {home.root / 'sources.yml'}; try again when it is done",
    ):
        yield


@contextmanager
def _held(path: Path, refusal: str) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(descriptor, 20).decode() or "unknown"
            raise BuildBusyError(refusal.replace("{holder}", holder)) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(descriptor)
