"""A template can be taken in once its examples have ids of their own, for every entity."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from openpyxl import load_workbook

from ingestion.clock import Clock
from ingestion.entities import ENTITIES
from ingestion.errors import ConfigurationError
from ingestion.files.intake import intake
from ingestion.files.template import write_template
from ingestion.landing import Landing

KINDS = ["xlsx", "csv"]


@pytest.mark.parametrize("name", ENTITIES)
def test_the_rows_of_a_template_land(
    name: str, tmp_path: Path, landing: Landing, clock: Clock
) -> None:
    workbook, _ = write_template(name, tmp_path / "inbox", "aurora")
    book = load_workbook(workbook)
    for row in (2, 3):
        book.active.cell(row, 1, f"mine-{row}")
    book.save(workbook)
    report = intake(tmp_path / "inbox", None, landing, clock)
    assert report.refused == 0, str(report)
    assert [(load.resource, load.rows) for load in report.loads] == [(name, 2)]
    sheet = load_workbook(workbook).active
    heads = [cell.value for cell in sheet[1]]
    assert heads == ["source_id", *(field.name for field in ENTITIES[name].fields)]
    required = {cell.value for cell in sheet[1] if cell.font.bold}
    assert required == {"source_id"} | {f.name for f in ENTITIES[name].fields if f.required}
    assert all(cell.comment.text for cell in sheet[1])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["invoice", "opportunity", "rep"])
def test_example_rows_that_nobody_wrote_over_are_left_out(
    name: str, kind: str, tmp_path: Path, landing: Landing, clock: Clock
) -> None:
    workbook, mapping = write_template(name, tmp_path / "inbox", "aurora")
    book = load_workbook(workbook)
    sheet = book.active
    sheet.append(["mine", *(cell.value for cell in sheet[2][1:])])
    book.save(workbook)
    as_shown = [
        [str(cell.value).removesuffix(" 00:00:00") for cell in row] for row in sheet.iter_rows()
    ]
    if kind == "csv":
        with workbook.with_suffix(".csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(as_shown)
        workbook.unlink()
        mapping.write_text(mapping.read_text(encoding="utf-8").replace(".xlsx", ".csv"))
    report = intake(tmp_path / "inbox", None, landing, clock)
    assert [load.rows for load in report.loads] == [1]
    assert "2 example rows left out" in str(report)


def test_an_unknown_entity_and_a_file_that_is_there_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="did you mean 'invoice'"):
        write_template("invoce", tmp_path, "aurora")
    write_template("invoice", tmp_path, "aurora")
    with pytest.raises(ConfigurationError, match="is there already"):
        write_template("invoice", tmp_path, "aurora")
