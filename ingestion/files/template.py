"""A workbook to fill in: an entity's fields as typed columns, two examples, and its mapping."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

from ingestion.connections import nearest
from ingestion.entities import ENTITIES, Entity, Field
from ingestion.errors import ConfigurationError

_WIDTH = 22
_NUMBER_FORMATS = {
    "date": "yyyy-mm-dd",
    "timestamp": "yyyy-mm-dd hh:mm:ss",
    "decimal(18,2)": "0.00",
    "decimal(18,6)": "0.000000",
    "bigint": "0",
    "int": "0",
    "string": "@",
    "json": "@",
}
_EXAMPLES = {
    "account_role": "crm",
    "activity_type": "call",
    "actor_role": "agent",
    "contact_role": "decision_maker",
    "currency_code": "EUR",
    "event_type": "create",
    "field_name": "amount",
    "pipeline_id": "default",
    "priority": "normal",
    "record_type": "opportunity",
    "score": "positive",
}


def write_template(entity_name: str, folder: Path, tenant: str) -> tuple[Path, Path]:
    """Writes ``<entities>.xlsx`` and the ``mapping.yml`` that reads it; returns both paths.

    Raises ConfigurationError for an unknown entity, and when one of the files is there already.
    """
    from openpyxl import Workbook
    from openpyxl.comments import Comment
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.datavalidation import DataValidation

    if entity_name not in ENTITIES:
        raise ConfigurationError(f"no entity {entity_name!r}{nearest(entity_name, set(ENTITIES))}")
    entity = ENTITIES[entity_name]
    paths = folder / f"{entity.plural}.xlsx", folder / "mapping.yml"
    for path in paths:
        if path.exists():
            raise ConfigurationError(f"{path} is there already: choose another folder")
    book = Workbook()
    sheet = book.active
    sheet.title = entity.plural
    sheet.freeze_panes = "A2"
    yes_or_no = DataValidation(type="list", formula1='"TRUE,FALSE"', allow_blank=True)
    sheet.add_data_validation(yes_or_no)
    for number, field in enumerate(_columns(entity), 1):
        letter = get_column_letter(number)
        head = sheet.cell(1, number, field.name)
        head.font = Font(bold=field.required)
        required = "Required. " if field.required else ""
        head.comment = Comment(f"{required}{field.description} ({field.type})", "Closebook")
        sheet.column_dimensions[letter].width = _WIDTH
        if field.type == "boolean":
            yes_or_no.add(f"{letter}2:{letter}10000")
        for row in (1, 2):
            cell = sheet.cell(row + 1, number, _example(field, row))
            cell.number_format = _NUMBER_FORMATS.get(field.type, "General")
    folder.mkdir(parents=True, exist_ok=True)
    book.save(paths[0])
    paths[1].write_text(_mapping(entity, paths[0].name, tenant), encoding="utf-8")
    return paths


def _columns(entity: Entity) -> tuple[Field, ...]:
    key = Field("source_id", "string", "What identifies the row, the same in every delivery.", True)
    return (key, *entity.fields)


def _example(field: Field, row: int) -> Any:
    match field.type:
        case "date":
            return date(2026, 6, row)
        case "timestamp":
            return datetime.fromisoformat(f"2026-06-0{row} 09:30:00")
        case "boolean":
            return row == 1
        case "bigint" | "int":
            return row
        case "decimal(18,2)":
            return Decimal(100 * row)
        case "decimal(18,6)":
            return Decimal("0.5")
        case "json":
            return "{}"
        case _:
            return _EXAMPLES.get(field.name, f"{field.name.removesuffix('_source_id')}-{row}")


def example_rows(entity: Entity) -> list[dict[str, set[str]]]:
    """The example rows: of each column the texts, lower case, that it may have in a file.

    A workbook saved as CSV shows amounts with their decimals.
    """
    return [
        {field.name: _texts(_example(field, row)) for field in _columns(entity)} for row in (1, 2)
    ]


def _texts(value: Any) -> set[str]:
    text = str(value).lower()
    if isinstance(value, Decimal):
        return {f"{value.normalize():f}", f"{value:.2f}", f"{value:.6f}"}
    return {text}


def _mapping(entity: Entity, file: str, tenant: str) -> str:
    content = {
        "tenant": tenant,
        "timezone": "UTC",
        "files": [
            {
                "file": file,
                "entities": [
                    {
                        "entity": entity.name,
                        "source_id": "source_id",
                        "columns": {field.name: field.name for field in entity.fields},
                    }
                ],
            }
        ],
    }
    text: str = yaml.safe_dump(content, sort_keys=False)
    return text
