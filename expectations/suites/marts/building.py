"""The shapes that mart checks come in: two sums are equal, a value is in range, a day is past."""

from __future__ import annotations

from expectations.contract import Check, Severity


def no_difference(
    name: str,
    column: str,
    *,
    label: str,
    why: str,
    fix: str,
    owner: str = "finance",
    severity: Severity = "critical",
    threshold: str = "0.00: both sides are sums of the same cents",
) -> Check:
    """`column` holds one side minus the other; it is zero, and never null."""
    return Check(
        name=name,
        expectation="ExpectColumnValuesToBeInSet",
        arguments={"column": column, "value_set": [0]},
        fault=f"{column} <> 0",
        why=why,
        owner=owner,
        severity=severity,
        threshold=threshold,
        fix=fix,
        label=label,
    )


def rate(column: str, *, label: str) -> Check:
    """A share: from 0 to 1, or null when there is nothing to take it of."""
    return Check(
        name=f"{column}_in_range",
        expectation="ExpectColumnValuesToBeBetween",
        arguments={"column": column, "min_value": 0, "max_value": 1},
        fault=f"{column} not between 0 and 1",
        why="A share outside 0..1 counts something twice, or is a percentage.",
        owner="analytics",
        severity="critical",
        threshold="0 to 1: it is a share of a whole",
        fix=f"compare numerator and denominator of {column} at this grain",
        label=f"{label} || ': ' || {column}",
    )


def not_after(column: str, last: str, *, label: str) -> Check:
    """A date that is not later than the build's own; `column` counts the days beyond."""
    return Check(
        name="nothing_after_as_of",
        expectation="ExpectColumnValuesToBeBetween",
        arguments={"column": column, "max_value": 0},
        fault=f"{column} > 0",
        why="A row of the future means that a spine or a join ignores the as-of date.",
        owner="analytics",
        severity="critical",
        threshold=f"not after {last}: nothing later is known",
        fix="bound the model by as_of_date",
        label=label,
    )


def rows_when_input(mart: str) -> Check:
    """A mart has rows when there is something to make them from (`is_missing` is 1 otherwise)."""
    return Check(
        name="rows_when_input",
        expectation="ExpectColumnValuesToBeInSet",
        arguments={"column": "is_missing", "value_set": [0]},
        fault="is_missing <> 0",
        why="An empty page looks like a business without sales.",
        owner="analytics",
        severity="critical",
        threshold="at least one row when there is input: an inner join may have lost everything",
        fix=f"follow the rows of the input into {mart}",
        label="mart || ': 0 rows of ' || input_rows || ' input rows'",
    )
