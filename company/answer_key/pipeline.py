"""The open pipeline of any past day, and how it moved from week to week."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal

from company.answer_key.facts import Facts, Row, days_between, known_sum, week_of
from company.answer_key.process import pipeline_of
from company.answer_key.states import Histories, History, Interval, State, day_ends, intervals

NOTHING = Decimal("0.00")
ENDED = ("won", "lost", "disqualified")


def deal_intervals(facts: Facts, histories: Histories) -> list[Interval]:
    return [
        interval
        for (tenant, deal), history in histories.items()
        for interval in intervals(facts, tenant, deal, history)
    ]


def interval_rows(facts: Facts, found: list[Interval]) -> list[Row]:
    """`fct_opportunity_interval`."""
    return [
        {
            "tenant": interval.tenant,
            "opportunity_source_id": interval.deal,
            "valid_from_date": interval.first_day,
            "valid_to_date": interval.next_day,
            "pipeline_id": interval.pipeline_id,
            "stage_id": interval.state.stage_id,
            "owner_source_id": interval.state.owner,
            "amount": interval.amount,
            "close_date": interval.state.close_date,
            "is_backfilled_history": interval.state.rests_on_record,
            "currency_code": facts.currency(interval.tenant),
        }
        for interval in found
    ]


def by_date_stage(facts: Facts, found: list[Interval]) -> list[Row]:
    """`mart_pipeline_by_date_stage`."""
    held: dict[tuple[str, str, date, str], list[Interval]] = defaultdict(list)
    for interval in found:
        after_last = interval.next_day or facts.as_of_date + timedelta(days=1)
        for day in days_between(interval.first_day, after_last):
            stage_id = interval.state.stage_id
            held[interval.tenant, interval.pipeline_id, day, stage_id].append(interval)
    rows = []
    for (tenant, pipeline_id, day, stage_id), there in held.items():
        past_due = [i for i in there if i.state.close_date and i.state.close_date < day]
        rows.append(
            {
                "tenant": tenant,
                "pipeline_id": pipeline_id,
                "as_of_date": day,
                "stage_id": stage_id,
                "open_count": len(there),
                "open_amount": known_sum(i.amount for i in there),
                "unknown_amount_count": sum(i.amount is None for i in there),
                "past_due_count": len(past_due),
                "past_due_amount": known_sum(i.amount for i in past_due),
                "currency_code": facts.currency(tenant),
            }
        )
    return rows


Moves = dict[tuple[date, str], list[Decimal]]
"""(Monday, movement) -> one amount for each deal that moved so."""


def movements(facts: Facts, found: list[Interval], histories: Histories) -> list[Row]:
    """`mart_pipeline_movement_by_week`."""
    of_deal: dict[tuple[str, str], list[Interval]] = defaultdict(list)
    for interval in found:
        of_deal[interval.tenant, interval.deal].append(interval)
    rows = []
    for tenant in facts.tenants:
        by_pipeline: dict[str, Moves] = defaultdict(lambda: defaultdict(list))
        for deal in facts.opportunities(tenant):
            moves = by_pipeline[pipeline_of(facts, tenant, deal)]
            history = histories[tenant, deal]
            if history.is_closed_before_created:
                continue
            runs = day_ends(facts, tenant, history)
            last = facts.as_of_date if runs[-1][1].is_open else runs[-1][0]
            for monday in days_between(week_of(runs[0][0]), last + timedelta(days=1))[::7]:
                _move(facts, tenant, history, runs, monday, of_deal[tenant, deal], moves)
        rows += [
            {
                "tenant": tenant,
                "pipeline_id": pipeline_id,
                "week_start_date": monday,
                "movement": movement,
                "deal_count": len(amounts),
                "amount": sum(amounts, NOTHING),
                "currency_code": facts.currency(tenant),
            }
            for pipeline_id, moves in by_pipeline.items()
            for (monday, movement), amounts in moves.items()
        ]
    return rows


def _move(
    facts: Facts,
    tenant: str,
    history: History,
    runs: list[tuple[date, State]],
    monday: date,
    own: list[Interval],
    moves: Moves,
) -> None:
    """What one deal did in one week."""
    end = min(monday + timedelta(days=6), facts.as_of_date)
    before = next((i for i in own if i.holds(monday - timedelta(days=1))), None)
    after = next((i for i in own if i.holds(end)), None)
    day, now = [(day, state) for day, state in runs if day <= end][-1]
    was_created = runs[0][0] >= monday
    if before:
        moves[monday, "opening"].append(before.amount or NOTHING)
    if after:
        moves[monday, "closing"].append(after.amount or NOTHING)
    if before and after:
        _change(before, after, monday, moves)
    elif before:
        moves[monday, _ended_as(history, now)].append(-(before.amount or NOTHING))
    elif was_created or any(monday <= i.first_day <= end for i in own):
        amount = facts.converted(now.amount, tenant, now.currency, day) or NOTHING
        moves[monday, "new" if was_created else "reopened"].append(amount)
        if not after:
            moves[monday, _ended_as(history, now)].append(-amount)


def _ended_as(history: History, state: State) -> str:
    """What a deal that is not open is closed as: by its stage, or by its record where that is."""
    if state.kind in ENDED:
        return state.kind
    return "won" if history.is_won else "lost"


def _change(before: Interval, after: Interval, monday: date, moves: Moves) -> None:
    """What a deal did that was open before the week and at its end."""
    gained = (after.amount or NOTHING) - (before.amount or NOTHING)
    if gained:
        moves[monday, "grown" if gained > 0 else "shrunk"].append(gained)
    old, new = before.state.close_date, after.state.close_date
    if old and new and old != new:
        lay_in_week = week_of(old) == monday
        moved = "pulled_in" if new < old else "slipped" if lay_in_week else "pushed"
        moves[monday, moved].append(NOTHING)
