"""A home of its own for every test, a clock that stands still, and a small warehouse file."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from ingestion.clock import FixedClock
from warehouse.home import Home
from warehouse.publish import Basis, PublishedTable


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home").ensure()


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(datetime(2026, 6, 30, 19, tzinfo=UTC))


TABLES = (
    PublishedTable("marts", "mart_won", "open", ("month",), "Won deals.", (("month", "A month."),)),
    PublishedTable("marts", "mart_pay", "restricted", ("employee_number",)),
    PublishedTable("quality", "quarantine", "open"),
)


def basis(number: int = 1, as_of_date: str = "2026-06-30") -> Basis:
    """A basis that differs by `number`."""
    return Basis(
        as_of_date, "2026-06-30 16:00:00", {"landing": number, "policy": 1, "decisions": 0}, "d"
    )


def fill_warehouse(home: Home, number: int = 1, rows: int = 1000, threads: int = 2) -> None:
    """Writes the three tables of `TABLES`; every row carries `number`."""
    home.database.unlink(missing_ok=True)
    with duckdb.connect(str(home.database), config={"threads": threads}) as connection:
        connection.execute("create schema marts; create schema quality;")
        connection.execute(
            "create table marts.mart_won as select (i * 7919) % 1000003 as month, "
            "cast(i as decimal(18, 2)) as won_amount, cast(? as integer) as number "
            "from range(?) as numbers(i)",
            [number, rows],
        )
        connection.execute(
            "create table marts.mart_pay as select 'E1' as employee_number, 9.5 as pay"
        )
        connection.execute("create table quality.quarantine (rule_id varchar)")
