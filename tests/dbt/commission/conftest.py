"""The commission models, rendered once for all tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.dbt.commission.pipeline import Pipeline, render


@pytest.fixture(scope="session")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    """The rendered models on a DuckDB in memory."""
    rendered = render(tmp_path_factory.mktemp("commission"))
    yield rendered
    rendered.connection.close()
