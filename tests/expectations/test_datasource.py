"""Great Expectations on the caller's DuckDB instance."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

from expectations.contract import Check, Suite
from expectations.datasource import Observation, Validator, validator_over


def _check(name: str, expectation: str, **arguments: Any) -> Check:
    return Check(
        name=name,
        expectation=expectation,
        arguments=arguments,
        fault="false",
        why="",
        owner="",
        severity="critical",
        threshold="",
        fix="",
    )


POSITIVE = _check("positive", "ExpectColumnValuesToBeBetween", column="n", min_value=1)
BROKEN = _check("broken", "ExpectColumnValuesToNotBeNull", column="no_such_column")


def _suite(*checks: Check, query: str = "select * from numbers", name: str = "numbers") -> Suite:
    return Suite(name, query, "rows", "n", checks, "select 1")


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        opened.execute("create table numbers as from (values (0), (1), (null)) as t(n)")
        yield opened


@pytest.fixture
def validator(connection: duckdb.DuckDBPyConnection) -> Iterator[Validator]:
    with validator_over(connection) as opened:
        yield opened


def test_rows_are_counted_inside_the_callers_database(validator: Validator) -> None:
    assert validator.validate(_suite(POSITIVE)) == {"positive": Observation(False, 2, 1)}


def test_a_check_that_raises_names_the_reason_and_spares_the_others(validator: Validator) -> None:
    found = validator.validate(_suite(BROKEN, POSITIVE))
    assert found["positive"] == Observation(False, 2, 1)
    assert not found["broken"].success
    assert "no_such_column" in found["broken"].error


def test_a_failed_query_does_not_end_the_next_suite(validator: Validator) -> None:
    missing = validator.validate(_suite(POSITIVE, query="select * from nowhere", name="missing"))
    assert "nowhere does not exist" in missing["positive"].error
    assert validator.validate(_suite(POSITIVE)) == {"positive": Observation(False, 2, 1)}


def test_what_the_caller_writes_in_between_is_seen(
    connection: duckdb.DuckDBPyConnection, validator: Validator
) -> None:
    validator.validate(_suite(POSITIVE))
    connection.execute("delete from numbers where n = 0")
    again = replace(_suite(POSITIVE), name="again")
    assert validator.validate(again) == {"positive": Observation(True, 1, 0)}


def test_an_empty_batch_is_an_observation_of_nothing(validator: Validator) -> None:
    empty = _suite(POSITIVE, query="select * from numbers where false")
    assert validator.validate(empty) == {"positive": Observation(True, 0, 0)}


def test_the_callers_connection_can_be_closed_afterwards_and_the_file_opened_again(
    tmp_path: Path,
) -> None:
    path = str(tmp_path / "warehouse.duckdb")
    with duckdb.connect(path) as connection:
        connection.execute("create table numbers as select 1 as n")
        with validator_over(connection) as validator:
            assert validator.validate(_suite(POSITIVE))["positive"].success
    # With another configuration: possible only when no connection to the first instance is left.
    with duckdb.connect(path, read_only=True) as connection:
        assert connection.execute("select n from numbers").fetchone() == (1,)


def test_nothing_is_written_and_nothing_is_sent(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with validator_over(connection) as validator:
        validator.validate(_suite(POSITIVE))
    assert list(tmp_path.iterdir()) == []
    assert os.environ["GX_ANALYTICS_ENABLED"] == "false"
