"""Every line of every generated world equals an independent calculation in `Decimal`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from hypothesis import given

from tests.dbt.commission.pipeline import Pipeline, World
from tests.dbt.commission.protocol import Line, StatementLines
from tests.dbt.commission.reference import statement_lines
from tests.dbt.commission.test_laws import LAW, many, run_all
from tests.dbt.commission.worlds import worlds

CALCULATION: StatementLines = statement_lines


def keyed(lines: Iterable[Mapping[str, Any]]) -> dict[tuple[Any, ...], dict[str, Any]]:
    """Lines by their grain, with the columns that the protocol names; no two share a key."""
    rows = [{name: line[name] for name in Line.__annotations__} for line in lines]
    grain = ("employee_number", "credit_id", "line_type", "refund_source_id")
    found = {tuple(row[name] for name in grain): row for row in rows}
    assert len(found) == len(rows)
    return found


@LAW
@given(made=many(worlds()))
def test_every_line_equals_the_independent_calculation(
    pipeline: Pipeline, made: list[World]
) -> None:
    for world, (result,) in zip(made, run_all(pipeline, [(w,) for w in made]), strict=True):
        expected = CALCULATION(
            world.events, world.quotas, world.tiers, world.boundary_operator, world.refunds
        )
        assert keyed(result.lines) == keyed(expected)
