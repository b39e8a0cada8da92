"""Months, weeks and days that were over when the last version was published say the same now."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from expectations.contract import Check, GateContext, PublishedVersion, Suite
from expectations.sql import literal

Period = Literal["month", "week", "day"]

# Table, its grain, what its rows are of and when that begins, and what must not change once it is
# over. A late correction at the source is legitimate: it is shown with its rows, it does not block.
_HELD: tuple[tuple[str, tuple[str, ...], Period, str, tuple[str, ...]], ...] = (
    (
        "mart_headline_by_month",
        ("tenant", "month"),
        "month",
        "month",
        (
            "leads_created_count",
            "opportunities_won_count",
            "opportunities_lost_count",
            "won_amount",
            "invoiced_net_amount",
            "cash_collected_amount",
            "tickets_created_count",
        ),
    ),
    (
        "mart_retention_triangle_by_first_invoice_month",
        ("tenant", "cohort_month", "month_number"),
        "month",
        "cohort_month + to_months(cast(month_number as integer))",
        ("cohort_size", "active_count", "invoiced_net_amount"),
    ),
    (
        "mart_pipeline_by_date_stage",
        ("tenant", "pipeline_id", "as_of_date", "stage_id"),
        "day",
        "as_of_date",
        (
            "open_count",
            "open_amount",
            "unknown_amount_count",
            "past_due_count",
            "past_due_amount",
        ),
    ),
    (
        "mart_pipeline_movement_by_week",
        ("tenant", "pipeline_id", "week_start_date", "movement"),
        "week",
        "week_start_date",
        ("deal_count", "amount"),
    ),
    (
        "mart_win_rate_by_close_month",
        ("tenant", "pipeline_id", "segment_kind", "segment_id", "close_month"),
        "month",
        "close_month",
        ("won_count", "lost_count", "disqualified_count", "won_amount"),
    ),
)


def roll_forward(context: GateContext) -> tuple[Suite, ...]:
    """One suite per table that the last version holds; none before the first version."""
    if context.published is None:
        return ()
    return tuple(
        _held(context.published, table, grain, period, begins, values)
        for table, grain, period, begins, values in _HELD
        if _parquet(context.published, table).exists()
    )


def _parquet(published: PublishedVersion, table: str) -> Path:
    return published.open_tables / f"{table}.parquet"


def _held(
    published: PublishedVersion,
    table: str,
    grain: tuple[str, ...],
    period: Period,
    begins: str,
    values: tuple[str, ...],
) -> Suite:
    closed = f"{begins} < date_trunc('{period}', {literal(published.as_of_date)})"
    columns = ", ".join((*grain, *values))
    join = " and ".join(f"before.{column} = now.{column}" for column in grain)
    key = ", ".join(f"coalesce(before.{column}, now.{column}) as {column}" for column in grain)
    changes = ", ".join(
        f"case when before.{column} is distinct from now.{column} then '{column} ' || "
        f"coalesce(cast(before.{column} as varchar), 'none') || ' -> ' || "
        f"coalesce(cast(now.{column} as varchar), 'none') end"
        for column in values
    )
    named = " || ' ' || ".join(f"cast({column} as varchar)" for column in grain)
    return Suite(
        name=f"marts.history.{table}",
        query=f"""
            select {key}, nullif(concat_ws('; ', {changes}), '') as changes
            from (
                select {columns} from read_parquet({literal(str(_parquet(published, table)))})
                where {closed}
            ) as before
            full join (select {columns} from marts.{table} where {closed}) as now on {join}
        """,
        grain=f"rows of closed {period}s",
        label=named,
        checks=(
            Check(
                name=f"closed_{period}s_unchanged",
                expectation="ExpectColumnValuesToBeNull",
                arguments={"column": "changes"},
                fault="changes is not null",
                why=f"A {period} that was reported must not change unseen.",
                owner="finance",
                severity="warning",
                threshold=(
                    f"none of the {period}s closed in {published.version}: late corrections happen "
                    "and are shown, not blocked"
                ),
                fix=f"name the correction behind each row to whoever reported the {period}",
                label=f"{named} || ': ' || changes",
            ),
        ),
        input_query=(
            f"select count(*) from read_parquet({literal(str(_parquet(published, table)))}) "
            f"where {closed}"
        ),
    )
