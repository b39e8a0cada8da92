"""docs/loading.md says what a load promises, and each promise has a test."""

from __future__ import annotations

import re
from pathlib import Path

PROJECT = Path(__file__).parents[2]
PAGE = PROJECT / "docs" / "loading.md"
_TEST = re.compile(r"`(tests/[a-z_/]+\.py)::(test_[a-z0-9_]+)`")


def test_every_promise_has_a_test_and_every_test_exists() -> None:
    rows = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line[:2] == "| "]
    rows = [row for row in rows if row not in ("| promise | tests |", "| seen | tests |")]
    assert len(rows) > 20
    for row in rows:
        named = _TEST.findall(row)
        assert named, row
        for path, test in named:
            source = (PROJECT / path).read_text(encoding="utf-8")
            assert f"def {test}(" in source, f"{path} has no {test}: {row[:60]}"
