"""What the demo says at the end: headline numbers, gates, addresses."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dashboards.reader import Reader
from scripts.settings import Settings

HEADLINE = """
select tenant, month, opportunities_won_count + other_type_won_count as won_count,
    opportunities_won_count, won_amount, invoiced_net_amount,
    cash_collected_amount, currency_code
from mart_headline_by_month
where not is_partial
qualify row_number() over (partition by tenant order by month desc) = 1
order by tenant
"""


def published_manifest(home: Path) -> dict[str, Any] | None:
    """The manifest of the version that readers see; None when nothing is published."""
    try:
        text = (home / "published" / "current" / "manifest.json").read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    manifest: dict[str, Any] = json.loads(text)
    return manifest


def headline(home: Path) -> Iterator[str]:
    """One line a tenant: its last complete month."""
    answer = Reader(home / "published", "open").query(HEADLINE)
    for row in answer.rows():
        currency = row["currency_code"]
        yield (
            f"{row['tenant']:<10}{row['month']:%Y-%m}   "
            f"won {row['won_count']:>4} deals ({row['opportunities_won_count']} of new business), "
            f"{_money(row['won_amount'])} {currency}   "
            f"invoiced net {_money(row['invoiced_net_amount'])}   "
            f"collected gross {_money(row['cash_collected_amount'])}"
        )


def gates(manifest: dict[str, Any]) -> Iterator[str]:
    """One line a gate, and one about the quarantine."""
    for gate in manifest["gates"]:
        verdict = "passed" if gate["passed"] else "FAILED"
        yield (
            f"{gate['gate']:<12}{verdict}   {gate['checks']} checks, {gate['failed']} failed, "
            f"{gate['warned']} warned"
        )
    yield f"{'quarantine':<12}{manifest['quarantine_count']} rows"


def addresses(settings: Settings, password: str) -> Iterator[str]:
    """Where to look, and how to sign in; `password` is '' when it was shown before."""
    shown = f"password {password}, kept" if password else "password"
    for name, address in settings.addresses:
        sign_in = f"   user admin, {shown} in {settings.airflow_passwords}"
        yield f"{name:<10}{address}{sign_in if name == 'Airflow' else ''}"


def _money(amount: Any) -> str:
    return "unknown" if amount is None else f"{amount:,.2f}"
