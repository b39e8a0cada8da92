"""How long deals take: their cycle by stage, the standards made of it, and what exceeds them."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal

from company.answer_key.deals import ALL, Deal
from company.answer_key.facts import (
    Facts,
    Row,
    add_months,
    month_of,
    months_between,
)
from company.answer_key.measures import days, percentile_days, seconds_between

CYCLE = "(cycle)"
UNATTRIBUTED = "(unattributed)"
FEWEST = 30
Spent = dict[str, list[int]]
"""Stage -> seconds of each of a deal's stays between its creation and its close, where any."""


def _spent(deal: Deal) -> Spent:
    spent: Spent = defaultdict(list)
    if deal.closed_at is not None:
        for stay in deal.path:
            start = max(stay.first.entered_at, deal.created_at)
            end = min(stay.left_at or deal.closed_at, deal.closed_at)
            if end > start:
                spent[stay.first.stage_id].append(seconds_between(start, end))
        cycle = seconds_between(deal.created_at, deal.closed_at)
        spent[CYCLE] = [cycle]
        attributed = sum(sum(stays) for stage, stays in spent.items() if stage != CYCLE)
        spent[UNATTRIBUTED] = [cycle - attributed]
    return spent


def cycle_times(facts: Facts, deals: list[Deal]) -> list[Row]:
    """`mart_cycle_time_by_close_month_stage`."""
    groups: dict[tuple[str, str, date], list[Deal]] = defaultdict(list)
    for deal in deals:
        if deal.outcome == "won" and deal.closed_on is not None:
            groups[(deal.tenant, deal.pipeline_id, month_of(deal.closed_on))].append(deal)
    rows: list[Row] = []
    means: dict[tuple[str, str, date], dict[str, Decimal | None]] = {}
    for month, won in groups.items():
        cells = _cycle_cells(won)
        _count_open(cells, facts, deals, month)
        means[month] = {stage: cell["mean_days"] for stage, cell in cells.items()}
        rows.extend(
            {
                "tenant": month[0],
                "pipeline_id": month[1],
                "close_month": month[2],
                "stage_id": stage,
                **cell,
            }
            for stage, cell in cells.items()
        )
    for row in rows:
        previous = (row["tenant"], row["pipeline_id"], add_months(row["close_month"], -1))
        row["change_in_mean_days"] = None
        if row["mean_days"] is not None and means.get(previous, {}).get(CYCLE) is not None:
            before = means[previous].get(row["stage_id"])
            row["change_in_mean_days"] = row["mean_days"] - (before or 0)
    return rows


def _cycle_cells(won: list[Deal]) -> dict[str, Row]:
    counted = [_spent(d) for d in won if d.closed_at is not None and d.closed_at >= d.created_at]
    stages = {stage for spent in counted for stage in spent} | {CYCLE, UNATTRIBUTED}
    cells: dict[str, Row] = {}
    for stage in stages:
        visits = [spent[stage] for spent in counted if stage == CYCLE or sum(spent[stage]) > 0]
        totals = [sum(stays) for stays in visits]
        cells[stage] = {
            "deal_count": len(counted),
            "visited_count": len(visits),
            "mean_days": days(sum(totals), len(counted)),
            "median_days": percentile_days(totals, 50),
            "p90_days": percentile_days(totals, 90),
            "mean_latest_days": days(sum(stays[-1] for stays in visits), len(visits)),
            "negative_count": len(won) - len(counted) if stage == CYCLE else 0,
        }
    return cells


def _count_open(
    cells: dict[str, Row], facts: Facts, deals: list[Deal], month: tuple[str, str, date]
) -> None:
    """Adds the deals that were open when the month ended, and those older than its p90."""
    last = min(add_months(month[2], 1) - timedelta(days=1), facts.as_of_date)
    p90 = cells[CYCLE]["p90_days"]
    ages = [
        (last - deal.created_on).days
        for deal in deals
        if (deal.tenant, deal.pipeline_id) == month[:2]
        and deal.created_on <= last
        and (deal.closed_on is None or deal.closed_on > last)
    ]
    for stage, cell in cells.items():
        is_cycle = stage == CYCLE
        over = sum(p90 is not None and age > p90 for age in ages)
        cell["open_count"] = len(ages) if is_cycle else None
        cell["open_over_p90_count"] = over if is_cycle else None


def benchmarks(facts: Facts, deals: list[Deal]) -> list[Row]:
    """`mart_stage_benchmark_by_month`."""
    closed: dict[tuple[str, str], list[tuple[date, Deal, Spent]]] = defaultdict(list)
    in_time = sorted(facts.policy["process_stage"], key=lambda row: row["valid_from"])
    kinds = {(row["pipeline_id"], row["stage_id"]): row["kind"] for row in in_time}
    for deal in deals:
        if deal.outcome in ("won", "lost") and deal.closed_on is not None:
            spent = _spent(deal) if deal.closed_at and deal.closed_at >= deal.created_at else {}
            month = month_of(deal.closed_on)
            closed[(deal.tenant, deal.pipeline_id)].append((month, deal, spent))
    rows: list[Row] = []
    for (tenant, pipeline_id), ends in closed.items():
        wins = [month for month, deal, _ in ends if deal.outcome == "won"]
        if not wins:
            continue
        first = add_months(min(wins), 1)
        for number in range(months_between(first, facts.as_of_month) + 1):
            month = add_months(first, number)
            recent = [
                (deal, spent)
                for closed_in, deal, spent in ends
                if 1 <= months_between(closed_in, month) <= 12
            ]
            visited = {stage for deal, spent in recent if deal.outcome == "won" for stage in spent}
            for stage in sorted(
                stage for stage in visited if kinds.get((pipeline_id, stage)) == "open"
            ):
                rows.extend(
                    {
                        "tenant": tenant,
                        "pipeline_id": pipeline_id,
                        "stage_id": stage,
                        "benchmark_month": month,
                        **cell,
                    }
                    for cell in _standards(
                        [(deal, sum(spent[stage])) for deal, spent in recent if stage in spent]
                    )
                )
    return rows


def _standards(visits: list[tuple[Deal, int]]) -> list[Row]:
    """One row a segment, of each deal that visited the stage and its seconds there."""
    seconds, of_closed = (
        {
            segment: [
                spent
                for deal, spent in visits
                if deal.outcome in outcomes and segment in (deal.new_or_repeat, ALL)
            ]
            for segment in ("new", "repeat", ALL)
        }
        for outcomes in (("won",), ("won", "lost"))
    )
    rows: list[Row] = []
    for segment, own in seconds.items():
        basis = segment if len(own) >= FEWEST else ALL
        rows.append(
            {
                "segment_id": segment,
                "deal_count": len(own),
                "closed_deal_count": len(of_closed[segment]),
                "closed_p50_days": percentile_days(of_closed[segment], 50),
                "closed_p90_days": percentile_days(of_closed[segment], 90),
                "basis_segment_id": basis,
                "basis_count": len(seconds[basis]),
                **{f"p{part}_days": percentile_days(own, part) for part in (50, 75, 90)},
                **{
                    f"standard_p{part}_days": percentile_days(seconds[basis], part)
                    for part in (50, 75, 90)
                },
            }
        )
    return rows
