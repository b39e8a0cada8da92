"""The parsed project is kept beside the project: it is read once."""

from __future__ import annotations

import json
from pathlib import Path

from warehouse import dbt_runner


def _files_parsed() -> int:
    told = json.loads((dbt_runner.PROJECT / "target" / "perf_info.json").read_text("utf-8"))
    return int(told["parsed_path_count"])


def test_whoever_asks_next_parses_nothing(tmp_path: Path) -> None:
    for name in ("first", "second"):
        manifest = dbt_runner.parsed_project(tmp_path / name)
        assert "model.closebook.fct_opportunity" in manifest.nodes
    assert _files_parsed() == 0
