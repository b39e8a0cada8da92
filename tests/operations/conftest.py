"""A home with settings of its own, and services that cost nothing to start."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from scripts.processes import stop_all
from scripts.settings import PORTS, Settings


def free_ports(count: int) -> list[int]:
    """`count` ports that were free a moment ago."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for listener in sockets:
            listener.bind(("127.0.0.1", 0))
        return [listener.getsockname()[1] for listener in sockets]


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[Settings]:
    """Settings of an empty home on free ports; whatever was started is stopped afterwards."""
    ports = dict(zip(PORTS, map(str, free_ports(len(PORTS))), strict=True))
    made = Settings.load({"CLOSEBOOK_HOME": str(tmp_path / "home"), "PATH": sys.prefix, **ports})
    made.home.mkdir()
    yield made
    stop_all(made)
