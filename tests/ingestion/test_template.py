"""A template can be taken in as it is written, for every entity."""

from __future__ import annotations

from pathlib import Path

import pytest
from openpyxl import load_workbook

from ingestion.clock import Clock
from ingestion.entities import ENTITIES
from ingestion.errors import ConfigurationError
from ingestion.files.intake import intake
from ingestion.files.template import write_template
from ingestion.landing import Landing


@pytest.mark.parametrize("name", ENTITIES)
def test_the_example_rows_of_a_template_land(
    name: str, tmp_path: Path, landing: Landing, clock: Clock
) -> None:
    workbook, _ = write_template(name, tmp_path / "inbox", "aurora")
    report = intake(tmp_path / "inbox", None, landing, clock)
    assert report.refused == 0, str(report)
    assert [(load.resource, load.rows) for load in report.loads] == [(name, 2)]
    sheet = load_workbook(workbook).active
    heads = [cell.value for cell in sheet[1]]
    assert heads == ["source_id", *(field.name for field in ENTITIES[name].fields)]
    required = {cell.value for cell in sheet[1] if cell.font.bold}
    assert required == {"source_id"} | {f.name for f in ENTITIES[name].fields if f.required}
    assert all(cell.comment.text for cell in sheet[1])


def test_an_unknown_entity_and_a_file_that_is_there_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="did you mean 'invoice'"):
        write_template("invoce", tmp_path, "aurora")
    write_template("invoice", tmp_path, "aurora")
    with pytest.raises(ConfigurationError, match="is there already"):
        write_template("invoice", tmp_path, "aurora")
