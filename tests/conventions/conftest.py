"""The dbt manifest, parsed once a session."""

from __future__ import annotations

from typing import Any

import pytest

from scripts.write_docs import parse


@pytest.fixture(scope="session")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """`manifest.json` of a fresh `dbt parse`."""
    return parse(tmp_path_factory.mktemp("dbt_target"))


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
