"""Notices can be read by a person and found by a program."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest


def test_a_late_run_leaves_a_notice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from dags._notices import late_notice

    monkeypatch.setenv("CLOSEBOOK_HOME", str(tmp_path))
    run = {"dag_id": "build_warehouse", "dag_run_id": "manual__2026-07-01"}
    asyncio.run(late_notice(context={"dag_run": run, "deadline": {}}))
    (path,) = (tmp_path / "notices").glob("*.json")
    notice = json.loads(path.read_text(encoding="utf-8"))
    assert notice["subject"] == "build_warehouse is late"
    assert notice["run_id"] == "manual__2026-07-01"
    assert notice["what_to_do"].startswith("docs/runbooks/build_warehouse.md")


def test_every_service_and_dag_has_a_runbook() -> None:
    root = Path(__file__).parents[2]
    names = {path.stem for path in (root / "dags").glob("[a-z]*.py")} | {"services"}
    assert names <= {path.stem for path in (root / "docs" / "runbooks").glob("*.md")}
