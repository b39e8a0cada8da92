"""What the ingestion tests share: a vendor on a socket, a landing store, a fixed clock."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ingestion.clock import FixedClock
from ingestion.http import HttpSettings
from ingestion.landing import Landing
from tests.ingestion.vendor import Vendor, running_vendor


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    with running_vendor() as running:
        yield running


@pytest.fixture
def landing(tmp_path: Path) -> Landing:
    return Landing(tmp_path / "landing")


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(datetime(2026, 7, 1, 3, tzinfo=UTC))


@pytest.fixture
def waits() -> list[float]:
    """Seconds that the client of `settings` would have slept, in order."""
    return []


@pytest.fixture
def settings(waits: list[float]) -> HttpSettings:
    """Patience without waiting: sleeps are written down, jitter is none."""
    return HttpSettings(attempts=4, sleep=waits.append, jitter=lambda seconds: seconds)


@pytest.fixture(autouse=True)
def salt(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("CLOSEBOOK_HASH_SALT", "a-salt-of-the-tests")
    return "a-salt-of-the-tests"
