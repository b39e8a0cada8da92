"""A hand-written world and servers that show it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from small_world import CREDENTIALS, NOW, SmallWorld

from company.servers import Servers, running_servers


@pytest.fixture
def world(tmp_path: Path) -> SmallWorld:
    return SmallWorld(tmp_path / "world.sqlite")


@pytest.fixture
def servers(world: SmallWorld) -> Iterator[Servers]:
    """Servers over `world`. They read it when they are first asked, so tests fill it before."""
    with running_servers(world.path, NOW, CREDENTIALS) as running:
        yield running
