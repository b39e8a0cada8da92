"""Tables as a reader expects them: amounts to the cent, a dash for what is not known."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import pandas as pd
from pandas.io.formats.style import Styler

UNKNOWN = "–"


@dataclass(frozen=True, slots=True)
class Total:
    """The sums of one currency by column; `unknown` rows miss at least one of the amounts."""

    currency_code: str
    sums: dict[str, Decimal]
    unknown: int


def totals(frame: pd.DataFrame, amounts: tuple[str, ...]) -> list[Total]:
    """Exact sums of `amounts` for each currency of `frame`, by currency code."""
    return [
        Total(
            str(currency),
            {
                name: sum((v for v in rows[name] if not pd.isna(v)), start=Decimal(0))
                for name in amounts
            },
            int(rows[list(amounts)].isna().any(axis="columns").sum()),
        )
        for currency, rows in frame.groupby("currency_code")
    ]


def styled(frame: pd.DataFrame) -> Styler:
    """Amounts (`Decimal`) with two places and thousands separators, `UNKNOWN` for what is null."""
    amounts = [
        name
        for name in frame.columns
        if frame[name].map(lambda value: isinstance(value, Decimal)).any()
    ]
    return frame.style.format(dict.fromkeys(amounts, "{:,.2f}"), na_rep=UNKNOWN)
