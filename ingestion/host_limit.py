"""At most so many requests at once to one host, whoever asks: threads, commands and DAGs alike.

A request takes one of the host's places, a file that it locks, and waits while all are taken. The
operating system frees the places of a process that dies.
"""

from __future__ import annotations

import fcntl
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

REQUESTS_PER_HOST = 2
"""Requests at once to one host when sources.yml says nothing else (`requests_per_host`)."""

_LOOK_AGAIN = 0.02


@dataclass(frozen=True, slots=True)
class HostLimit:
    """The limit of one installation; `folder` holds the places of all its hosts."""

    folder: Path
    requests: int = REQUESTS_PER_HOST

    @contextmanager
    def place(self, host: str) -> Iterator[None]:
        """Holds one of the places of a host (with its port); waits until one is free."""
        host = re.sub(r"[^A-Za-z0-9.]+", "-", host)
        self.folder.mkdir(parents=True, exist_ok=True)
        descriptor = self._taken(host)
        while descriptor is None:
            time.sleep(_LOOK_AGAIN)
            descriptor = self._taken(host)
        try:
            yield
        finally:
            os.close(descriptor)

    def _taken(self, host: str) -> int | None:
        """The first place that is free, locked; None when there is none."""
        for number in range(self.requests):
            descriptor = os.open(self.folder / f"{host}-{number}", os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(descriptor)
            else:
                return descriptor
        return None
