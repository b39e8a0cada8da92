"""Great Expectations over the DuckDB instance that the caller has open. Importing this costs
seconds: only `gate.run_gate` does, and only once.

Great Expectations knows no DuckDB. What its SQL engine does and DuckDB does not bear: it hands the
connection back before it fetches (DuckDB drops the result), it goes on after a failed query
(DuckDB refuses until the rollback), and it reads column types over a second connection while the
first has a transaction open. So: one connection is kept for queries, rolled back before each,
and every connection is a cursor of the caller's, that is the same database instance.
"""

from __future__ import annotations

import atexit
import os
import sys

# Before the import: it decides then whether to send usage statistics over the network.
os.environ["GX_ANALYTICS_ENABLED"] = "false"

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, cast

import duckdb
import great_expectations as gx
import great_expectations.expectations as catalogue
import sqlalchemy
from duckdb_engine import ConnectionWrapper
from great_expectations.data_context.types.base import (
    DataContextConfig,
    InMemoryStoreBackendDefaults,
    ProgressBarsConfig,
)
from great_expectations.datasource.fluent import SQLDatasource
from great_expectations.execution_engine import SqlAlchemyExecutionEngine

from expectations.contract import Check, Suite


class DuckDBExecutionEngine(SqlAlchemyExecutionEngine):  # type: ignore[misc]  # untyped base
    """Great Expectations' SQL engine, on one connection that outlives each result."""

    _connection: sqlalchemy.Connection | None

    @contextmanager
    def get_connection(self) -> Generator[sqlalchemy.Connection, None, None]:
        if self._connection is None:
            self._connection = self.engine.connect()
        # Ends what the last query left behind, a failure included, and its view of the data.
        self._connection.rollback()
        yield self._connection

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        self.engine.dispose()


_EngineType = type[DuckDBExecutionEngine]


class DuckDBDatasource(SQLDatasource):  # type: ignore[misc]  # untyped base
    """A SQL datasource that runs on `DuckDBExecutionEngine`."""

    type: Literal["duckdb"] = "duckdb"

    @property
    def execution_engine_type(self) -> _EngineType:
        return DuckDBExecutionEngine


@dataclass(frozen=True, slots=True)
class Observation:
    """What Great Expectations found for one check; `error` says why it could not be evaluated."""

    success: bool
    evaluated_count: int
    unexpected_count: int
    error: str = ""


class Validator:
    """Evaluates suites, each as one batch. Nothing is written to disk, nothing is sent."""

    def __init__(self, datasource: DuckDBDatasource) -> None:
        self._datasource = datasource

    def validate(self, suite: Suite) -> dict[str, Observation]:
        """Check name -> what was found. A check that raised is an unsuccessful observation."""
        asset = self._datasource.add_query_asset(name=suite.name, query=suite.query)
        batch = asset.add_batch_definition_whole_table("whole").get_batch()
        report = batch.validate(
            gx.ExpectationSuite(
                name=suite.name, expectations=[_expectation(check) for check in suite.checks]
            ),
            result_format="BASIC",
        )
        return {
            result.expectation_config.meta["check"]: _observe(result) for result in report.results
        }


@contextmanager
def validator_over(connection: duckdb.DuckDBPyConnection) -> Iterator[Validator]:
    """A `Validator` on the database instance of `connection`, for as long as the block lasts."""
    context = gx.get_context(
        mode="ephemeral",
        project_config=DataContextConfig(
            store_backend_defaults=InMemoryStoreBackendDefaults(init_temp_docs_sites=False),
            progress_bars=ProgressBarsConfig(globally=False),
            analytics_enabled=False,
        ),
    )
    # The method is named after DuckDBDatasource.type; Great Expectations adds it at run time.
    add_datasource = cast(Any, context.data_sources).add_duckdb
    datasource = add_datasource(
        name="warehouse",
        connection_string="duckdb://",
        kwargs={"creator": partial(_cursor_of, connection)},
    )
    try:
        yield Validator(datasource)
    finally:
        datasource.get_execution_engine().close()
        datasource.get_engine().dispose()
        # Great Expectations keeps the last context for ever; it must not keep the connection.
        context.data_sources.delete(datasource.name)


@atexit.register
def _release() -> None:
    """Lets go of DuckDB when the interpreter ends.

    Great Expectations is not unloaded then, and what it keeps alive keeps these modules alive:
    DuckDB's binding would write forty lines about leaks to stderr, below the user's own output.
    """
    for name, module in [*sys.modules.items()]:
        if name == __name__ or name.partition(".")[0] == "duckdb_engine":
            vars(module).clear()


def _cursor_of(connection: duckdb.DuckDBPyConnection) -> ConnectionWrapper:
    return ConnectionWrapper(connection.cursor())


def _expectation(check: Check) -> Any:
    kind = getattr(catalogue, check.expectation)
    return kind(**check.arguments, severity=check.severity, meta={"check": check.name})


def _observe(result: Any) -> Observation:
    """Reads one result of Great Expectations; what it could not evaluate is an error."""
    raised = _raised(result.exception_info or {})
    if raised:
        return Observation(False, 0, 0, raised)
    found = result.result
    return Observation(
        success=bool(result.success),
        evaluated_count=int(found["element_count"]) - int(found.get("missing_count", 0)),
        # None on an empty batch.
        unexpected_count=int(found["unexpected_count"] or 0),
    )


def _raised(info: dict[str, Any]) -> str:
    """The first line of the exception behind a result; empty when there was none.

    `exception_info` is either one exception or a mapping of metric -> exception.
    """
    for entry in (info, *info.values()):
        if isinstance(entry, dict) and entry.get("raised_exception"):
            return str(entry.get("exception_message") or "unknown error").strip().splitlines()[0]
    return ""
