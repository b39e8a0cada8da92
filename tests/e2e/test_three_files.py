"""Nothing but three files: what they allow is published, and what stays empty is told."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "three_files"
pytestmark = pytest.mark.e2e


@dataclass
class Published:
    """A home that `closebook run` has published from, and what it said."""

    home: Path
    said: str

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        path = self.home / "published" / "current" / "open" / "closebook.duckdb"
        with duckdb.connect(str(path), read_only=True) as connection:
            return connection.execute(sql).fetchall()


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Published]:
    home = tmp_path_factory.mktemp("three") / "home"
    shutil.copytree(EXAMPLE, home)
    (home / "sources.yml").write_text(
        "sources: []\nfiles:\n  - {folder: files, mapping: mapping.yml}\npolicy: policy_files\n",
        encoding="utf-8",
    )
    done = subprocess.run(
        [sys.executable, "-m", "warehouse", "run"],
        cwd=ROOT,
        env=os.environ
        | {"CLOSEBOOK_HOME": str(home), "CLOSEBOOK_NOW": "2026-06-01T12:00:00+00:00"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    yield Published(home, done.stdout)


def test_an_event_log_gives_the_funnel(published: Published) -> None:
    reached = published.rows(
        """
        select to_stage_id, cast(sum(reached_count) as int)
        from mart_funnel_stage_conversion_by_cohort_month
        where from_stage_id = 'contact' group by all order by all
        """
    )
    assert reached == [("offer", 10), ("won", 6)]


def test_invoices_with_the_day_they_were_settled_give_cash_and_retention(
    published: Published,
) -> None:
    ((invoiced, collected, tickets),) = published.rows(
        """
        select sum(invoiced_net_amount), sum(cash_collected_amount), sum(tickets_created_count)
        from mart_headline_by_month
        """
    )
    lines = (EXAMPLE / "files" / "invoices.csv").read_text(encoding="utf-8").splitlines()[1:]
    rows = [line.split(",") for line in lines]
    assert invoiced == sum(Decimal(row[4]) for row in rows)
    assert collected == sum(Decimal(row[6]) for row in rows if row[7])
    assert collected < sum(Decimal(row[6]) for row in rows), "one is not settled"
    assert tickets == 8
    assert published.rows(
        "select sum(active_count) filter (where month_number = 0) "
        "from mart_retention_triangle_by_first_invoice_month"
    ) == [(len({row[1] for row in rows}),)]


def test_every_invoice_is_linked_to_its_case_by_its_id(published: Published) -> None:
    linked = published.rows(
        "select match_rule, count(*) from bridge_opportunity_invoice group by 1"
    )
    assert [count for _, count in linked] == [6]


def test_what_stays_empty_is_told_with_what_it_lacks(published: Published) -> None:
    told = [line for line in published.said.splitlines() if " is empty: " in line]
    assert "mart_payroll_reconciliation is empty: no source has brought" in "\n".join(told)
    assert any("payroll_lines" in line for line in told)
    (plan,) = (line for line in told if line.startswith("mart_target_plan "))
    assert "policy has no rows in" in plan and "target.csv" in plan
    assert not any("csat_responses" in line for line in told), "nothing waits for it alone"
    assert not any(line.startswith("mart_funnel") for line in told)
