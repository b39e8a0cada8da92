"""The generated pages are what the models say now, and every link in the docs leads somewhere."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from ingestion.entities import ENTITIES
from scripts.write_docs import CAPABILITIES, NOT_YET, capabilities, coverage, marts
from scripts.write_docs import PAGES as PAGES_WRITTEN

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


@pytest.mark.parametrize("name", sorted(PAGES_WRITTEN))
def test_generated_pages_are_up_to_date(name: str, manifest: dict[str, Any]) -> None:
    written = (ROOT / "docs" / name).read_text(encoding="utf-8")
    assert written == PAGES_WRITTEN[name](manifest), "run `make docs`"


def test_the_coverage_page_names_what_an_entity_is_made_of_and_what_stays_empty(
    manifest: dict[str, Any],
) -> None:
    rows = [
        [cell.strip() for cell in line.split("|")[1:-1]]
        for line in coverage(manifest).splitlines()
        if line.startswith("|")
    ]
    head, *table = rows
    wide = [row for row in table if len(row) == len(head)]
    cells = {(row[0], source): row[n] for row in wide for n, source in enumerate(head) if n}
    assert cells["invoice_line", "stripe"] == "invoice, invoice_line"
    assert "opportunity_revision" in cells["opportunity", "tryton"], "it is read through another"
    assert cells["ticket", "stripe"] == ""
    assert all(cells[entity, "files"] for entity in ENTITIES)
    empty = {(row[0], row[1]): row[2] for row in table if len(row) == 3}
    assert "`lead_source`" in empty["opportunity", "tryton"]
    assert ("invoice_line", "stripe") not in empty
    assert ("stage_event", "salesforce") not in empty, "empty for leads only"
    planned = {name for names in NOT_YET for name in names.lower().replace(" ", "_").split(",_")}
    assert planned and not planned & set(ENTITIES), "it is there now: take it off NOT_YET"


def test_every_capability_that_a_mart_names_has_its_words_and_its_tests(
    manifest: dict[str, Any],
) -> None:
    page = capabilities(manifest)
    sections = {part.split(":")[0]: part for part in page.split("\n## ")[1:]}
    for node in marts(manifest):
        for capability in node["meta"].get("capability") or ():
            assert capability in CAPABILITIES, "give it words in scripts/write_docs.py"
            (row,) = (
                line.split(" | ")
                for line in sections[capability].splitlines()
                if line.startswith(f"| `{node['name']}` |")
            )
            assert row[1], f"{node['name']} has no unit test"
    assert "`mart_headline_by_month`" in sections["D-05"], "the page reads what models say"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.S)
    targets = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text)
    missing = [t for t in targets if "://" not in t and not (page.parent / t).exists()]
    assert not missing


def test_every_mart_is_defined_before_it_is_built(manifest: dict[str, Any]) -> None:
    headings = re.findall(r"^#+ (\w+)$", (ROOT / "docs" / "marts.md").read_text("utf-8"), re.M)
    marts = {
        node["name"] for node in manifest["nodes"].values() if node["name"].startswith("mart_")
    }
    assert marts and marts <= set(headings), "give it a heading and its definition in docs/marts.md"
