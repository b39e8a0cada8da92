"""Every published number against the answer key, to the cent."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from company.world.build import build_world
from tests.e2e.installation import Installation, on_world
from tests.e2e.odd_world import make_odd
from tests.sample import drawn

_OF_LOADS = "is about loads, of which the world knows nothing"
NUMERIC_WITHOUT_KEY: dict[str, str] = {
    "mart_freshness_by_source_tenant_resource.failed_attempt_count": _OF_LOADS,
    "mart_freshness_by_source_tenant_resource.latency_seconds": _OF_LOADS,
    "mart_freshness_by_source_tenant_resource.load_age_seconds": _OF_LOADS,
    "mart_freshness_by_source_tenant_resource.max_age_hours": _OF_LOADS,
    "mart_schema_drift_by_tenant_resource_column.load_count": _OF_LOADS,
}
"""Numeric columns of marts that the key leaves out, each with the reason."""


@dataclass(frozen=True)
class World:
    """A world to compare on: its seed, its size, and whether what is rare is common in it."""

    seed: int
    scale: str = "tiny"
    is_odd: bool = False

    def __str__(self) -> str:
        return f"seed{self.seed}-{self.scale}{'-odd' * self.is_odd}"


TINY = [World(seed) for seed in (7, 11, 23, 42, *range(100, 104))]
ODD = World(23, is_odd=True)
LARGE = World(5, scale="S")


def _worlds() -> list[World]:
    if os.environ.get("CLOSEBOOK_PROVE"):
        return [*TINY, ODD, LARGE]
    return [drawn().choice([*TINY, ODD])]


@pytest.fixture(scope="module", params=_worlds(), ids=str)
def published(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    folder, asked = tmp_path_factory.mktemp("key"), request.param
    build_world(asked.seed, folder / "world", scale=asked.scale)
    if asked.is_odd:
        make_odd(folder / "world")
    with on_world(folder / "world", folder / "home") as made:
        result = made.run()
        assert result.outcome == "published", result.message
        yield made


@pytest.fixture(scope="module")
def answers(published: Installation) -> dict[str, list[dict[str, Any]]]:
    """What the key says, worked out once a world."""
    return published.answers()


@pytest.fixture(scope="module")
def tables(published: Installation) -> dict[str, list[dict[str, Any]]]:
    """What is published, read once a world."""
    return published.published()


def _comparable(value: Any) -> Any:
    """Instants without a zone, as the marts hold them; everything else as it is."""
    if isinstance(value, datetime) and value.tzinfo:
        return value.replace(tzinfo=None)
    return value


def _by_grain(rows: list[dict[str, Any]], grain: list[str]) -> dict[tuple[Any, ...], Any]:
    keyed = {tuple(_comparable(row[name]) for name in grain): row for row in rows}
    assert len(keyed) == len(rows), f"{grain} does not identify a row"
    return keyed


GRAINS = {
    "bridge_opportunity_invoice": ["tenant", "opportunity_source_id", "invoice_source_id"],
    "fct_payment_allocation": ["tenant", "payment_source_id", "invoice_source_id"],
    "mart_funnel_stage_conversion_by_cohort_month": [
        "tenant", "pipeline_id", "cohort_month", "from_stage_id", "to_stage_id",
    ],
    "mart_stage_entry_violation_by_rule_month": ["tenant", "pipeline_id", "rule_id", "entry_month"],
    "fct_stage_entry_check": [
        "tenant", "opportunity_source_id", "entry_source_id", "rule_id",
    ],
    "mart_stage_entry_violation_by_rule_owner_week": [
        "tenant", "pipeline_id", "rule_id", "stage_id", "owner_source_id", "week_start_date",
    ],
    "mart_retention_triangle_by_first_invoice_month": ["tenant", "cohort_month", "month_number"],
    "mart_commission_statement_line": [
        "tenant", "employee_number", "payment_source_id", "invoice_source_id", "line_type",
        "refund_source_id",
    ],
    "mart_commission_statement": ["tenant", "employee_number", "period_month"],
    "mart_payroll_reconciliation": ["tenant", "employee_number", "period_month", "currency_code"],
    "mart_headline_by_month": ["tenant", "month"],
    "fct_opportunity_interval": ["tenant", "opportunity_source_id", "valid_from_date"],
    "fct_stage_interval": ["tenant", "case_id", "stay_number"],
    "mart_stage_transition_by_month": [
        "tenant", "pipeline_id", "move_month", "from_stage_id", "to_stage_id", "move_kind",
    ],
    "mart_funnel_snapshot_by_stage": ["tenant", "pipeline_id", "stage_id"],
    "mart_funnel_by_owner_month": [
        "tenant", "pipeline_id", "owner_basis", "scope_kind", "scope_id", "period_type",
        "period_start", "from_stage_id", "to_stage_id",
    ],
    "mart_win_rate_by_close_month": [
        "tenant", "pipeline_id", "segment_kind", "segment_id", "close_month",
    ],
    "mart_win_rate_by_created_month": [
        "tenant", "pipeline_id", "segment_kind", "segment_id", "created_month",
    ],
    "mart_pipeline_by_date_stage": ["tenant", "pipeline_id", "as_of_date", "stage_id"],
    "mart_average_deal_by_close_month": ["tenant", "pipeline_id", "close_month", "new_or_repeat"],
    "mart_loss_reasons_by_close_month": [
        "tenant", "pipeline_id", "close_month", "loss_reason", "new_or_repeat",
    ],
    "mart_sales_cube_by_month": [
        "tenant", "close_month", "pipeline_type", "region", "product_line", "owner_source_id",
    ],
    "mart_leads_by_day_source_owner": [
        "tenant", "created_date", "lead_source", "owner_source_id",
    ],
    "mart_lead_average_by_month_source": ["tenant", "month", "lead_source"],
    "mart_cycle_time_by_close_month_stage": ["tenant", "pipeline_id", "close_month", "stage_id"],
    "mart_stage_benchmark_by_month": [
        "tenant", "pipeline_id", "stage_id", "segment_id", "benchmark_month",
    ],
    "mart_bottleneck_by_month": ["tenant", "pipeline_id", "move_month", "stage_id"],
    "mart_stale_deals": ["tenant", "opportunity_source_id"],
    "mart_pipeline_movement_by_week": ["tenant", "pipeline_id", "week_start_date", "movement"],
    "mart_weighted_pipeline_by_owner_stage": [
        "tenant", "pipeline_id", "owner_source_id", "stage_id",
    ],
    "mart_followups": ["tenant", "source_system", "activity_source_id"],
    "fct_account_light_interval": ["tenant", "account_source_id", "valid_from_date"],
    "mart_traffic_light_by_date_owner": ["tenant", "as_of_date", "owner_source_id"],
    "mart_blockers_by_week_owner_code": [
        "tenant", "week_start_date", "owner_source_id", "blocker_code",
    ],
    "mart_lead_qualification_by_week_source_owner": [
        "tenant", "week_start_date", "lead_source", "owner_source_id",
    ],
    "mart_target_quality": ["target_id", "version", "check_id"],
    "mart_target_plan": [
        "tenant", "scope_kind", "scope_id", "metric_id", "period_type", "period_start", "version",
    ],
    "mart_attainment_by_scope_month": [
        "tenant", "scope_kind", "scope_id", "metric_id", "period_type", "period_start", "version",
    ],
    "mart_region_attainment_by_month": ["tenant", "region", "month"],
    "mart_region_concentration_by_month": ["tenant", "month"],
    "mart_activity_requirement_by_rep_month": ["tenant", "employee_number", "month"],
    "dim_process_version": ["pipeline_id", "valid_from"],
    "fct_milestone": ["tenant", "opportunity_source_id", "stage_id", "milestone_id"],
    "mart_process_completion_by_stage_owner_month": [
        "tenant", "pipeline_id", "stage_id", "owner_source_id", "entered_month",
    ],
    "mart_next_step": ["tenant", "opportunity_source_id"],
    "mart_timeline_by_scope_clock_day": [
        "tenant", "clock", "metric_id", "scope_kind", "scope_id", "started_date", "clock_day",
    ],
}  # fmt: skip


@pytest.mark.e2e
@pytest.mark.parametrize("table", GRAINS)
def test_the_mart_equals_the_answer_key_to_the_cent(
    answers: dict[str, list[dict[str, Any]]], tables: dict[str, list[dict[str, Any]]], table: str
) -> None:
    expected = _by_grain(answers[table], GRAINS[table])
    actual = _by_grain(tables[table], GRAINS[table])
    assert expected, "the key has nothing to say: the world is too small"
    missing = sorted(map(str, expected.keys() - actual.keys()))
    extra = sorted(map(str, actual.keys() - expected.keys()))
    assert not missing, f"{len(missing)} rows missing, e.g. {missing[:3]}"
    assert not extra, f"{len(extra)} rows too many, e.g. {extra[:3]}"
    columns = [name for name in next(iter(expected.values())) if not name.startswith("_")]
    differing = [
        f"{key} {name}: expected {row[name]!r}, published {actual[key][name]!r}"
        for key, row in expected.items()
        for name in columns
        if _comparable(row[name]) != _comparable(actual[key][name])
    ]
    assert not differing, f"{len(differing)} values differ:\n" + "\n".join(differing[:20])


@pytest.mark.e2e
def test_every_numeric_column_of_a_mart_is_in_the_key_or_listed(
    answers: dict[str, list[dict[str, Any]]], tables: dict[str, list[dict[str, Any]]]
) -> None:
    uncovered = set()
    for table, rows in tables.items():
        if not table.startswith(("mart_", "fct_payment_allocation", "bridge_opp")):
            continue
        said = set(answers[table][0]) if table in answers else set()
        for row in rows:
            uncovered |= {
                f"{table}.{name}"
                for name, value in row.items()
                if isinstance(value, (int, Decimal)) and name not in said
                if not isinstance(value, bool) and not name.endswith("_key")
            }
    assert uncovered == set(NUMERIC_WITHOUT_KEY), (
        "add the column to company/answer_key, or to NUMERIC_WITHOUT_KEY with the reason"
    )


@pytest.mark.e2e
def test_the_lines_of_every_invoice_sum_to_it_and_credit_notes_are_no_invoices(
    published: Installation,
) -> None:
    with duckdb.connect(str(published.home.database), read_only=True) as connection:
        differing = connection.execute(
            """
            select invoice.source_tenant, invoice.source_id
            from intermediate.int_invoices__unioned as invoice
            left join intermediate.int_invoice_lines__unioned as line
                on invoice.source_system = line.source_system
                and invoice.source_tenant = line.source_tenant
                and invoice.source_id = line.invoice_source_id
            group by all having invoice.net_amount is distinct from sum(line.net_amount)
            """
        ).fetchall()
        (notes, known, also_invoices) = connection.execute(
            """
            select count(*), count(invoice.source_id), count(same.source_id)
            from intermediate.int_credit_notes__unioned as note
            left join intermediate.int_invoices__unioned as invoice
                on note.source_tenant = invoice.source_tenant
                and note.invoice_source_id = invoice.source_id
            left join intermediate.int_invoices__unioned as same
                on note.source_tenant = same.source_tenant and note.source_id = same.source_id
            """
        ).fetchall()[0]
    assert differing == []
    assert (notes > 0, known, also_invoices) == (True, notes, 0)


@pytest.mark.e2e
def test_the_world_has_payments_on_each_side_of_local_midnight(
    tables: dict[str, list[dict[str, Any]]],
) -> None:
    """The tenants' month ends are decided by a second, and both sides are in the world."""
    for tenant, before, after in (
        ("aurora", "15:59:59", "16:00:00"),
        ("borealis", "03:59:59", "04:00:00"),
    ):
        times = {
            f"{row['paid_at']:%H:%M:%S}"
            for row in tables["fct_payment_allocation"]
            if row["tenant"] == tenant
        }
        assert {before, after} <= times


def test_the_key_shares_no_code_with_what_it_checks() -> None:
    for path in (Path(__file__).parents[2] / "company" / "answer_key").glob("*.py"):
        text = path.read_text(encoding="utf-8")
        for package in ("ingestion", "warehouse", "expectations", "dbt", "duckdb", "company.world"):
            assert f"import {package}" not in text, f"{path.name} imports {package}"
            assert f"from {package}" not in text, f"{path.name} imports from {package}"
