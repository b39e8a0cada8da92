"""Real servers for the tests, each on a fresh copy of its prepared database and a free port."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from scripts.real.tryton import Tryton, running_tryton


@pytest.fixture(scope="module")
def tryton(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tryton]:
    """Tryton with a company that has sold nothing yet. A test fails when it cannot be installed."""
    with running_tryton(tmp_path_factory.mktemp("tryton")) as running:
        yield running
