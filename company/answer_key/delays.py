"""Where deals are lost or wait too long."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from company.answer_key.changes import changes_of
from company.answer_key.deals import ALL, Deal
from company.answer_key.facts import (
    MILLIONTH,
    Facts,
    Row,
    half_away,
    instant,
    known_sum,
    month_of,
    rate,
)
from company.answer_key.funnel import amount_of
from company.answer_key.measures import SECONDS_A_DAY, days, seconds_between
from company.answer_key.stays import ENDED_KINDS, Path, Stay

PUSHED_OFTEN = 3
Standard = Callable[[str, str, str, str, date], Row | None]
"""(tenant, pipeline, stage, segment, month) -> the row of the benchmark."""


def standards(benchmarks: list[Row]) -> Standard:
    grain = ("tenant", "pipeline_id", "stage_id", "segment_id", "benchmark_month")
    rows = {tuple(row[name] for name in grain): row for row in benchmarks}
    return lambda *key: rows.get(key)


def bottlenecks(
    facts: Facts, cases: dict[tuple[str, str], Path], deals: list[Deal], standard: Standard
) -> list[Row]:
    """`mart_bottleneck_by_month`."""
    segments = {(d.tenant, f"opportunity:{d.source_id}"): d.new_or_repeat for d in deals}
    months: dict[tuple[str, str, date], dict[str, list[tuple[Stay, str]]]]
    months = defaultdict(lambda: defaultdict(list))
    for (tenant, case_id), path in cases.items():
        for stay in path:
            if stay.after is not None and stay.first.kind == "open":
                grain = (tenant, stay.first.pipeline_id, month_of(stay.after.entered_on))
                left_by = (stay, segments.get((tenant, case_id), ALL))
                months[grain][stay.first.stage_id].append(left_by)
    rows: list[Row] = []
    for (tenant, pipeline_id, month), stages in months.items():
        cells = [
            {
                "tenant": tenant,
                "pipeline_id": pipeline_id,
                "move_month": month,
                "stage_id": stage_id,
                **_left(facts, left, standard),
                "currency_code": facts.currency(tenant),
            }
            for stage_id, left in sorted(stages.items(), key=_order)
        ]
        # Of equals the first: the stages are in their order.
        worst = max(cells, key=_loss)
        longest = max(cells, key=lambda c: c["excess_days"] or Decimal(0))
        for cell in cells:
            cell["is_largest_loss"] = cell is worst and cell["lost_count"] > 0
            cell["is_longest_excess"] = cell is longest and bool(cell["excess_days"])
        rows.extend(cells)
    return rows


def _order(stage: tuple[str, list[tuple[Stay, str]]]) -> int:
    """The lowest order that a stage had on entry of the stays left."""
    return min(stay.first.stage_order for stay, _ in stage[1])


def _loss(cell: Row) -> tuple[bool, bool, Decimal, int]:
    """Ranks losses: by amount, unknown ones last, then by their number."""
    amount, count = cell["lost_amount"], cell["lost_count"]
    return count > 0, amount is not None, amount or Decimal(0), count


def _left(facts: Facts, left: list[tuple[Stay, str]], standard: Standard) -> Row:
    lost = [stay for stay, _ in left if stay.after and stay.after.kind in ENDED_KINDS]
    qualified = [stay for stay in lost if stay.first.is_qualified]

    def amount(stays: list[Stay]) -> Decimal | None:
        return known_sum(
            amount_of(facts, stay.first, stay.after.entered_on) for stay in stays if stay.after
        )

    return {
        "left_count": len(left),
        "lost_count": len(lost),
        "lost_amount": amount(lost),
        "loss_rate": rate(len(lost), len(left)),
        "qualified_lost_count": len(qualified),
        "qualified_lost_amount": amount(qualified),
        "excess_days": _excess(left, standard),
    }


def _excess(left: list[tuple[Stay, str]], standard: Standard) -> Decimal | None:
    over: list[Fraction] = []
    for stay, segment in left:
        if stay.after is None or stay.seconds is None:
            continue
        entry, month = stay.first, month_of(stay.after.entered_on)
        held = standard(entry.tenant, entry.pipeline_id, entry.stage_id, segment, month)
        if held is not None:
            stayed = Fraction(stay.seconds, SECONDS_A_DAY)
            over.append(max(Fraction(0), stayed - Fraction(held["standard_p50_days"])))
    return half_away(sum(over, Fraction(0)), MILLIONTH) if over else None


def stale_deals(facts: Facts, deals: list[Deal], standard: Standard) -> list[Row]:
    """`mart_stale_deals`."""
    done, planned = _activities(facts)
    today = facts.as_of_date.isoformat()
    rows: list[Row] = []
    pushes = {tenant: changes_of(facts, tenant, "CloseDate") for tenant in facts.tenants}
    silent_for = timedelta(days=int(facts.setting("stale_silent_days", "30")))
    for deal in deals:
        if deal.outcome != "open":
            continue
        key = (deal.tenant, deal.source_id)
        latest = deal.path[-1].first if deal.path else None
        in_stage = seconds_between(latest.entered_at, facts.as_of_at) if latest else None
        held = latest and standard(
            deal.tenant, deal.pipeline_id, latest.stage_id, deal.new_or_repeat, facts.as_of_month
        )
        p90 = held["standard_p90_days"] if held else None
        last = done.get(key)
        silence = seconds_between(last, facts.as_of_at) if last else None
        pushed = sum(
            row["OldValue"] is not None and (row["NewValue"] or "") > row["OldValue"]
            for _, _, row in pushes[deal.tenant][deal.source_id]
        )
        stayed = None if in_stage is None else Fraction(in_stage, SECONDS_A_DAY)
        is_older = p90 is not None and stayed is not None and stayed > Fraction(p90)
        is_silent = key not in planned and (last is None or last < facts.as_of_at - silent_for)
        is_pushed_often = pushed >= PUSHED_OFTEN
        is_past = deal.close_date is not None and deal.close_date < today
        rows.append(
            {
                "tenant": deal.tenant,
                "opportunity_source_id": deal.source_id,
                "pipeline_id": deal.pipeline_id,
                "owner_source_id": deal.owner,
                "stage_id": latest.stage_id if latest else None,
                "stage_entered_at": latest.entered_at if latest else None,
                "days_in_stage": days(in_stage),
                "standard_p90_days": p90,
                "last_activity_at": last,
                "days_since_activity": days(silence),
                "push_count": pushed,
                "is_older_than_p90": is_older,
                "is_silent": is_silent,
                "is_pushed_often": is_pushed_often,
                "is_past_close_date": is_past,
                "rule_count": sum((is_older, is_silent, is_pushed_often, is_past)),
                "is_stale": (is_older and is_silent) or is_pushed_often,
                "amount": deal.worth(facts, facts.as_of_date),
                "is_qualified": deal.is_qualified,
                "currency_code": facts.currency(deal.tenant),
            }
        )
    return rows


def _activities(facts: Facts) -> tuple[dict[tuple[str, str], datetime], set[tuple[str, str]]]:
    """(deal -> its latest completed activity, deals with one planned after the as-of date)."""
    done: dict[tuple[str, str], datetime] = {}
    planned: set[tuple[str, str]] = set()
    today = facts.as_of_date.isoformat()
    for tenant in facts.tenants:
        for row in facts.of("task", tenant).values():
            deal = (tenant, row["WhatId"])
            at = instant(row["CompletedDateTime"])
            if row["Status"] == "Completed" and at is not None and at < facts.as_of_at:
                done[deal] = max(at, done.get(deal, at))
            elif row["Status"] != "Completed" and (row["ActivityDate"] or "") > today:
                planned.add(deal)
    return done, planned
