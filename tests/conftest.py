"""What all tests share: one published demo company, and a clean end of the process."""

from __future__ import annotations

import atexit
import fcntl
import os
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.installation import DEMO_NOW, Installation, installation, on_world
from tests.sample import not_drawn

_exit_status = 0


def _end_at_once() -> None:
    """DuckDB's binding reports its objects as leaked when the interpreter is torn down.

    Registered first, so it runs last: everything else has cleaned up by then, and the last thing
    on the terminal is pytest's own summary.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(_exit_status)


atexit.register(_end_at_once)


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    global _exit_status
    _exit_status = int(exitstatus)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Tests marked `prove` and `real` take long: `make prove`, `make test-real` run them alone.

    Of a group marked `drawn` so many are run as it says. Real systems that pip installs in seconds
    are tested always, and fail where pip cannot.
    """
    left_out: list[pytest.Item] = []
    for mark, variable in (("prove", "CLOSEBOOK_PROVE"), ("real", "CLOSEBOOK_TEST_REAL")):
        if not os.environ.get(variable):
            left_out += [item for item in items if item.get_closest_marker(mark)]
    if not os.environ.get("CLOSEBOOK_PROVE"):
        groups: dict[tuple[str, int], set[str]] = defaultdict(set)
        for item in items:
            if item not in left_out and (group := item.get_closest_marker("drawn")):
                groups[group.args].add(item.nodeid)
        elsewhere = not_drawn(groups)
        left_out += [item for item in items if item.nodeid in elsewhere]
    items[:] = [item for item in items if item not in left_out]
    config.hook.pytest_deselected(items=left_out)
    # Files go to two processes one by one: with the longest first neither waits for the other, and
    # the first of them needs nothing that the second begins by making.
    items.sort(
        key=lambda item: (item.get_closest_marker("e2e") is None, item.path.name != "test_demo.py")
    )


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """The tiny demo company of seed 7, ingested, built and published once for all processes.

    Do not change it; `copy` it.
    """
    with _published_once(tmp_path_factory, "demo") as made:
        yield made


@pytest.fixture(scope="session")
def demo_earlier(
    demo: Installation, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    """The same company two days earlier, published in a home of its own. Do not change it."""
    earlier = "2026-06-29T03:00:00+08:00"
    with _published_once(tmp_path_factory, "demo-earlier", demo.world, earlier) as made:
        yield made


@contextmanager
def _published_once(
    factory: pytest.TempPathFactory, name: str, world: Path | None = None, now: str = DEMO_NOW
) -> Iterator[Installation]:
    """A home on `world`, or on one made for it, that the first process to ask runs once."""
    root = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        root = root.parent
    folder, published = root / name, root / f"{name}-published"
    with (root / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not published.exists():
            fresh = on_world(world, folder / "home", now) if world else installation(folder)
            with fresh as made:
                began = time.monotonic()
                result = made.run()
                assert result.outcome == "published", result.message
            published.write_text(f"{time.monotonic() - began:.1f}", encoding="utf-8")
    with on_world(world or folder / "world", folder / "home", now) as made:
        yield made


@pytest.fixture(scope="session")
def demo_seconds(demo: Installation) -> float:
    """How long ingesting, building and publishing `demo` took."""
    published = demo.home.root.parent.with_name("demo-published")
    return float(published.read_text(encoding="utf-8"))
