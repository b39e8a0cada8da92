"""How tables are written out."""

from __future__ import annotations

from decimal import Decimal

import pandas as pd

from dashboards.tables import Total, styled, totals


def test_an_amount_beside_a_missing_one_is_to_the_cent_and_the_missing_one_a_dash() -> None:
    frame = pd.DataFrame({"payee": ["E1", "E2", None], "paid": [Decimal("1234.5"), None, None]})
    html = styled(frame).hide(axis="index").to_html()
    cells = [part.split("</td>")[0].rsplit(">")[-1] for part in html.split("<td")[1:]]
    assert cells == ["E1", "1,234.50", "E2", "–", "–", "–"]


def test_totals_are_exact_by_currency_and_count_the_rows_that_miss_an_amount() -> None:
    frame = pd.DataFrame(
        {
            "currency_code": ["USD", "CNY", "CNY", "CNY"],
            "paid": [Decimal("5.00"), Decimal("0.10"), Decimal("0.20"), None],
            "due": [Decimal("6.00"), Decimal("0.10"), None, None],
        }
    )
    assert totals(frame, ("paid", "due")) == [
        Total("CNY", {"paid": Decimal("0.30"), "due": Decimal("0.10")}, unknown=2),
        Total("USD", {"paid": Decimal("5.00"), "due": Decimal("6.00")}, unknown=0),
    ]
