"""A home with settings of its own, and services that cost nothing to start."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.processes import stop_all
from scripts.settings import PORTS, Settings
from tests.ports import ports


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[Settings]:
    """Settings of an empty home on free ports; whatever was started is stopped afterwards."""
    chosen = dict(zip(PORTS, map(str, ports(len(PORTS) + 2)), strict=False))
    made = Settings.load({"CLOSEBOOK_HOME": str(tmp_path / "home"), "PATH": sys.prefix, **chosen})
    made.home.mkdir()
    yield made
    stop_all(made)
