"""The parsed project is kept beside the project: a second home reads nothing again."""

from __future__ import annotations

import json
from pathlib import Path

from warehouse import dbt_runner
from warehouse.home import Home


def _files_parsed() -> int:
    told = json.loads((dbt_runner.PROJECT / "target" / "perf_info.json").read_text("utf-8"))
    return int(told["parsed_path_count"])


def test_a_second_home_parses_nothing(tmp_path: Path) -> None:
    for name in ("first", "second"):
        manifest = dbt_runner._project(Home(tmp_path / name).ensure())
        assert "model.closebook.fct_opportunity" in manifest.nodes
    assert _files_parsed() == 0
