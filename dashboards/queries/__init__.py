"""The SQL of the pages, one file a question, always with bound parameters."""

from __future__ import annotations

from functools import cache
from pathlib import Path


@cache
def sql(name: str) -> str:
    """The text of ``queries/<name>.sql``. Raises FileNotFoundError when there is none."""
    return (Path(__file__).parent / f"{name}.sql").read_text(encoding="utf-8")
