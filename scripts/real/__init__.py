"""Real systems to test against: installed and prepared once, served on loopback."""

from __future__ import annotations

import os
import socket
from pathlib import Path


class CannotInstallError(Exception):
    """A real system is not available here; the message says why."""


def home_of(system: str) -> Path:
    """Where a system is kept between runs."""
    default = Path.home() / ".cache" / "closebook-real"
    return Path(os.environ.get("CLOSEBOOK_REAL") or default) / system


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port
