"""Files, from the folder to the conformed tables of the warehouse."""

from __future__ import annotations

import re
import shutil
from decimal import Decimal
from pathlib import Path

import pytest
import yaml

from ingestion.clock import FixedClock
from ingestion.files.intake import intake
from ingestion.landing import Landing
from tests.dbt.story import Story, at
from tests.ingestion.test_intake import SAMPLE
from warehouse.home import Home
from warehouse.policy import land_policy

NOON = at("2026-06-29 04:00")
PAGE = Path(__file__).parents[2] / "docs" / "mapping.md"


def _second_example(folder: Path) -> Path:
    """Writes the files of the page's section on several entities of one file."""
    text = PAGE.read_text(encoding="utf-8")
    section = text.partition("## One file, several entities")[2].partition("\n## ")[0]
    for name, content in re.findall(r"`([\w.]+)`:\n\n```\w+\n(.*?)```", section, flags=re.S):
        (folder / name).write_text(content, encoding="utf-8")
    assert {path.name for path in folder.iterdir()} == {
        "orders.csv",
        "subscriptions.csv",
        "mapping.yml",
    }
    return folder


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    """The funnel taken in on 29 June; on 30 June the deal of L1 is withdrawn and L3 is gone.

    It belongs to a tenant of the policy, and feeds opportunities only: its stages are not mapped.
    """
    folder: Path = tmp_path_factory.mktemp("files") / "funnel"
    shutil.copytree(SAMPLE, folder)
    mapping = yaml.safe_load((folder / "mapping.yml").read_text(encoding="utf-8"))
    mapping["tenant"] = "aurora"
    for file in mapping["files"]:
        file["entities"] = [e for e in file["entities"] if e["entity"] == "opportunity"]
    (folder / "mapping.yml").write_text(yaml.safe_dump(mapping), encoding="utf-8")
    story = Story(Home(tmp_path_factory.mktemp("home")).ensure())
    story.land_policy("2026-06-28 00:00")
    landing = Landing(story.home.landing)
    intake(_second_example(tmp_path_factory.mktemp("orders")), None, landing, FixedClock(NOON))
    intake(folder, None, landing, FixedClock(at("2026-06-29 02:00")))
    for name, gone in (("leads.csv", "L3"), ("deals.csv", "L1")):
        lines = (folder / name).read_bytes().splitlines(keepends=True)
        (folder / name).write_bytes(b"".join(x for x in lines if not x.startswith(gone.encode())))
    intake(folder, None, landing, FixedClock(at("2026-06-30 02:00")))
    return story


def test_the_olist_example_comes_with_a_policy_that_lands(tmp_path: Path) -> None:
    policy = Path(__file__).parents[2] / "examples" / "olist" / "policy"
    clock = FixedClock(at("2018-12-01 12:00"))
    report = land_policy(policy, Landing(tmp_path / "p"), Landing(tmp_path / "d"), clock)
    stages = [load.rows for load in report.landed if load.resource == "process_stage"]
    assert stages == [2]


def opportunities(story: Story) -> list[tuple[object, ...]]:
    return story.query(
        "select source_id, stage_name, is_won, source_system, is_backfilled"
        " from intermediate.int_opportunities__unioned where not is_deleted order by 1"
    )


def test_what_a_corrected_file_no_longer_says_leaves_the_warehouse_and_only_that(
    story: Story,
) -> None:
    def row(lead: str, *, won: bool) -> tuple[object, ...]:
        return (lead, "Closed Won" if won else "MQL", won, "files", False)

    story.build("2026-06-30")
    assert opportunities(story) == [
        row("L1", won=False), row("L2", won=True),
        row("L5", won=False), row("L6", won=False), row("L8", won=False),
    ]  # fmt: skip


def test_order_lines_are_invoices_worth_their_lines_and_periods_are_contracts(
    story: Story,
) -> None:
    story.build("2026-06-30")
    invoices = story.query(
        "select source_id, account_source_id, net_amount, cast(issued_at as varchar)"
        " from intermediate.int_invoices__unioned order by 1"
    )
    assert invoices == [
        ("O1", "K7", Decimal("150.00"), "2026-06-02 16:00:00"),
        ("O2", "K9", Decimal("60.00"), "2026-06-04 16:00:00"),
    ]
    lines = story.query(
        "select source_id, invoice_source_id, product_source_id, net_amount"
        " from intermediate.int_invoice_lines__unioned order by 1"
    )
    assert lines == [
        ("O1:1", "O1", "CTRL-100", Decimal("120.00")),
        ("O1:2", "O1", "SVC-INST", Decimal("30.00")),
        ("O2:1", "O2", "CTRL-100", Decimal("60.00")),
    ]
    assert story.query(
        "select contract.source_id, contract.starts_at = min(period.period_start_at),"
        " sum(period.amount), count(*)"
        " from intermediate.int_contracts__unioned as contract"
        " inner join intermediate.int_subscription_periods__unioned as period"
        " on contract.source_id = period.contract_source_id"
        " group by contract.source_id, contract.starts_at"
    ) == [("S1", True, Decimal("105.00"), 2)]
