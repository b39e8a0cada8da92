"""The benchmark of the connectors: every connector is in it, and its section stays on the page."""

from __future__ import annotations

from pathlib import Path

import pytest

import benchmarks.report as report
from benchmarks.connectors import measure, section
from benchmarks.pages import SHAPES
from benchmarks.report import CONNECTORS
from ingestion import catalog


def test_every_connector_is_measured() -> None:
    assert set(SHAPES) == set(catalog.CONNECTORS)


@pytest.mark.parametrize("source", ["tryton", "roundup"])
def test_all_prepared_rows_land_and_the_section_says_how_fast(source: str, tmp_path: Path) -> None:
    measured = measure(source, 1500, tmp_path / "pages", lambda _: None)
    assert f"| {source} `" in section(1500, [measured])
    assert list(tmp_path.iterdir()) == []


def test_a_section_is_replaced_and_the_rest_of_the_page_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "page.md"
    monkeypatch.setattr(report, "PAGE", path)
    path.write_text("# Page\n\n## Ratios\n\nx\n", encoding="utf-8")
    path.write_text(report.with_section(CONNECTORS, f"{CONNECTORS}\n\none\n"), encoding="utf-8")
    text = report.with_section(CONNECTORS, f"{CONNECTORS}\n\ntwo\n")
    assert text == f"# Page\n\n## Ratios\n\nx\n\n{CONNECTORS}\n\ntwo\n"
    path.write_text(text + "\n## Last\n\ny\n", encoding="utf-8")
    assert report.section_of(CONNECTORS) == f"{CONNECTORS}\n\ntwo\n"
    assert report.with_section(CONNECTORS, f"{CONNECTORS}\n\n3\n").endswith("3\n\n## Last\n\ny\n")
