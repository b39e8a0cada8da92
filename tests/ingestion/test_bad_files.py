"""Every kind of bad file gets its message, and what is good in it lands."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.ingestion.bad_files import BAD_FILES, PAGE, BadFile, page, taken_in


@pytest.mark.parametrize("bad", BAD_FILES, ids=lambda bad: bad.kind)
def test_a_bad_file_is_told_what_is_wrong(bad: BadFile, tmp_path: Path) -> None:
    answer = taken_in(bad, tmp_path)
    assert bad.says in answer.text
    assert answer.rows == bad.takes


def test_the_kinds_are_told_apart_and_many() -> None:
    assert len({bad.kind for bad in BAD_FILES}) == len(BAD_FILES) >= 60


def test_the_page_says_what_is_said() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run python -m tests.ingestion.bad_files"
