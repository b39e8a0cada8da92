"""The dbt manifest, parsed once a session, and the project's Python files."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """`manifest.json` of a fresh `dbt parse`."""
    target = tmp_path_factory.mktemp("dbt_target")
    environment = {
        **os.environ,
        "CLOSEBOOK_DATABASE": ":memory:",
        "CLOSEBOOK_DBT_TARGET": str(target),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "0",
    }
    variables = {
        "as_of_date": "2026-07-01",
        "as_of_at": "2026-07-01 16:00:00",
        "house_timezone": "Asia/Shanghai",
        "landed": {},
    }
    project = ROOT / "dbt_project"
    subprocess.run(
        [
            str(Path(sys.executable).with_name("dbt")),
            "--quiet",
            "parse",
            "--project-dir", str(project),
            "--profiles-dir", str(project),
            "--log-path", str(target / "logs"),
            "--vars", json.dumps(variables),
        ],
        check=True,
        env=environment,
    )  # fmt: skip
    parsed: dict[str, Any] = json.loads((target / "manifest.json").read_text(encoding="utf-8"))
    return parsed


@pytest.fixture(scope="session")
def models(manifest: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Model name -> its node."""
    found = {
        node["name"]: node
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model"
    }
    assert len(found) > 50
    return found
