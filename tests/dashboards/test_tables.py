"""How tables are written out."""

from __future__ import annotations

from decimal import Decimal

import pandas as pd

from dashboards.tables import styled


def test_an_amount_beside_a_missing_one_is_to_the_cent_and_the_missing_one_a_dash() -> None:
    frame = pd.DataFrame({"payee": ["E1", "E2", None], "paid": [Decimal("1234.5"), None, None]})
    html = styled(frame).hide(axis="index").to_html()
    cells = [part.split("</td>")[0].rsplit(">")[-1] for part in html.split("<td")[1:]]
    assert cells == ["E1", "1,234.50", "E2", "–", "–", "–"]
