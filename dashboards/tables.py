"""Tables as a reader expects them: amounts to the cent, a dash for what is not known."""

from __future__ import annotations

from decimal import Decimal

import pandas as pd
from pandas.io.formats.style import Styler

UNKNOWN = "–"


def styled(frame: pd.DataFrame) -> Styler:
    """Amounts (`Decimal`) with two places and thousands separators, `UNKNOWN` for what is null."""
    amounts = [
        name
        for name in frame.columns
        if frame[name].map(lambda value: isinstance(value, Decimal)).any()
    ]
    return frame.style.format(dict.fromkeys(amounts, "{:,.2f}"), na_rep=UNKNOWN)
