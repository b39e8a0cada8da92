"""One build at a time: a lock that the operating system lets go of when its holder dies."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

from warehouse.errors import BuildBusyError
from warehouse.home import Home


@contextmanager
def build_lock(home: Home) -> Iterator[None]:
    """Holds the warehouse for this process. Raises BuildBusyError, naming the process, if taken."""
    home.warehouse.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(home.warehouse / "build.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(descriptor, 20).decode() or "unknown"
            raise BuildBusyError(
                f"process {holder} is building in {home.warehouse}; wait until it ends "
                "(`closebook status`), or stop that process"
            ) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(descriptor)
