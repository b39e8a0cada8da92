"""The money macros against exact fractions: every number they give, not one of them a double."""

from __future__ import annotations

import json
import os
from decimal import Decimal
from fractions import Fraction
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from warehouse.dbt_runner import PROJECT

SQL = """
select
    {{ rd_ratio('a', 'b', 'c') }} as ratio,
    {{ ratio_rate('a', 'c', 18) }} as rate,
    {{ rd_rate('a', 'r') }} as at_rate,
    {{ from_minor_units('n', "'cny'") }} as minor,
    {{ from_minor_units('n', "'jpy'") }} as whole
from numbers
order by position
"""
MODERATE = {"min_value": Decimal("-99999999.99"), "max_value": Decimal("99999999.99")}
AMOUNTS = st.decimals(**MODERATE, places=2)
SMALL = st.decimals(min_value=Decimal("-2.00"), max_value=Decimal("2.00"), places=2)
RATES = st.decimals(min_value=Decimal(0), max_value=Decimal(20), places=6)
MINOR = st.integers(-(10**12), 10**12)
ROWS = st.lists(
    st.tuples(AMOUNTS | SMALL, AMOUNTS | SMALL, AMOUNTS | SMALL, RATES, MINOR),
    min_size=1,
    max_size=50,
)


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The macros as DuckDB is given them."""
    from dbt.cli.main import dbtRunner

    target = tmp_path_factory.mktemp("money")
    os.environ["CLOSEBOOK_DATABASE"] = str(target / "warehouse.duckdb")
    variables = {
        "as_of_date": "2026-07-01", "as_of_at": "2026-07-01 16:00:00",
        "house_timezone": "Asia/Shanghai", "landed": {},
    }  # fmt: skip
    folders = ["--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT)]
    written = ["--target-path", str(target), "--log-path", str(target)]
    reply = dbtRunner().invoke(
        ["compile", "--quiet", "--inline", SQL, *folders, *written, "--vars", json.dumps(variables)]
    )
    assert reply.success, reply.exception
    (result,) = reply.result.results
    return str(result.node.compiled_code)


def half_away(value: Fraction, unit: Decimal) -> Decimal:
    """The nearest multiple of `unit`, halves away from zero."""
    steps = abs(value) / Fraction(unit)
    whole = int(steps + Fraction(1, 2))
    return unit * (whole if value >= 0 else -whole)


def compute(
    sql: str, rows: list[tuple[Decimal, Decimal, Decimal, Decimal, int]]
) -> list[tuple[Any, ...]]:
    names = ("a", "b", "c", "r", "n")
    kinds = (pa.decimal128(18, 2),) * 3 + (pa.decimal128(18, 6), pa.int64())
    columns = {
        name: pa.array([row[index] for row in rows], type=kind)
        for index, (name, kind) in enumerate(zip(names, kinds, strict=True))
    }
    numbers = pa.table({**columns, "position": pa.array(range(len(rows)))})
    with duckdb.connect() as connection:
        connection.register("numbers", numbers)
        return connection.execute(sql).fetchall()


@settings(max_examples=60, deadline=None)
@given(rows=ROWS)
def test_every_rounding_is_exact_and_half_away_from_zero(
    compiled: str,
    rows: list[tuple[Decimal, Decimal, Decimal, Decimal, int]],
) -> None:
    cent, millionth = Decimal("0.01"), Decimal("0.000001")
    rows = [row for row in rows if row[2] == 0 or abs(row[0] * row[1] / row[2]) < 10**12]
    for (a, b, c, r, n), got in zip(rows, compute(compiled, rows), strict=True):
        ratio = half_away(Fraction(a) * Fraction(b) / Fraction(c), cent) if c else None
        rate = half_away(Fraction(a) / Fraction(c), millionth) if c else None
        at_rate = half_away(Fraction(a) * Fraction(r), cent)
        assert got == (ratio, rate, at_rate, Decimal(n) * cent, Decimal(n))


@pytest.mark.parametrize(
    ("a", "b", "c", "expected"),
    [
        ("0.01", "1.00", "2.00", "0.01"),
        ("-0.01", "1.00", "2.00", "-0.01"),
        ("0.01", "1.00", "-2.00", "-0.01"),
        ("0.03", "1.00", "2.00", "0.02"),
        ("1.00", "1.00", "0.00", None),
        (
            "9999999999999999.99",
            "9999999999999999.99",
            "9999999999999999.99",
            "9999999999999999.99",
        ),
    ],
)
def test_a_half_cent_goes_away_from_zero(
    compiled: str, a: str, b: str, c: str, expected: str | None
) -> None:
    row = (Decimal(a), Decimal(b), Decimal(c), Decimal(0), 0)
    got = compute(compiled.replace("order by position", ""), [row])[0][0]
    assert got == (None if expected is None else Decimal(expected))
