"""docs/benchmarks.md: one page that several benchmarks write, each its own part."""

from __future__ import annotations

import os
import platform
from pathlib import Path

import duckdb

PAGE = Path(__file__).resolve().parent.parent / "docs" / "benchmarks.md"
CONNECTORS = "## Connectors"
LARGE = "## A large company"


def with_section(heading: str, text: str) -> str:
    """The page with `text` in the place of the part that begins with `heading` (``## ...``)."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(f"{heading}\n")
    _, divider, after = rest.partition("\n## ")
    return before.rstrip("\n") + f"\n\n{text}" + (f"\n## {after}" if divider else "")


def section_of(heading: str) -> str:
    """The part of the page that begins with `heading`; empty when it has none."""
    _, found, rest = PAGE.read_text(encoding="utf-8").partition(f"{heading}\n")
    return found + rest.partition("\n## ")[0]


def machine() -> str:
    """What a run was measured on."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{os.cpu_count()} cores and {memory:.0f} GB of memory ({platform.system()}, Python "
        f"{platform.python_version()}, DuckDB {duckdb.__version__})"
    )
