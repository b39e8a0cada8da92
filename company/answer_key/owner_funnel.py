"""How far cases came from each stage to the next, by whose they were."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from company.answer_key.changes import Owners
from company.answer_key.deals import NONE
from company.answer_key.facts import Facts, Row, known_sum, rate
from company.answer_key.funnel import COUNTED_KINDS, Entry, amount_of, last_counted_stages
from company.answer_key.measures import interval
from company.answer_key.places import UNKNOWN, place
from company.answer_key.targets import MONTHS, first_of

FEWEST_RANKED = 10
Grain = tuple[str, str, str, str, str, str, date, str, str]
GRAIN = (
    "tenant", "pipeline_id", "owner_basis", "scope_kind", "scope_id", "period_type", "period_start",
    "from_stage_id", "to_stage_id",
)  # fmt: skip


@dataclass(frozen=True)
class Member:
    """A case by its first entry into a stage, and the order of the stage it is followed to."""

    entry: Entry
    path: list[Entry]
    to_stage: str
    to_order: int

    @property
    def is_reached(self) -> bool:
        return any(e.kind in COUNTED_KINDS and e.stage_order >= self.to_order for e in self.path)

    @property
    def is_skipped(self) -> bool:
        return self.is_reached and all(e.stage_id != self.to_stage for e in self.path)

    @property
    def is_open(self) -> bool:
        return not self.is_reached and self.path[-1].kind in COUNTED_KINDS


def by_owner_month(facts: Facts, entries: list[Entry], owners: Owners) -> list[Row]:
    """`mart_funnel_by_owner_month`."""
    groups: dict[Grain, list[Member]] = defaultdict(list)
    for member in _members(facts, entries):
        entry = member.entry
        for basis, scope_kind, scope_id in _scopes(facts, entry, owners):
            for period_type in MONTHS:
                start = first_of(period_type, entry.entered_on)
                grain = (
                    entry.tenant, entry.pipeline_id, basis, scope_kind, scope_id, period_type,
                    start, entry.stage_id, member.to_stage,
                )  # fmt: skip
                groups[grain].append(member)
    rows = [
        {**dict(zip(GRAIN, grain, strict=True)), **_cell(facts, members)}
        for grain, members in groups.items()
    ]
    _rank(rows)
    return rows


def _members(facts: Facts, entries: list[Entry]) -> Iterator[Member]:
    cases: dict[tuple[str, str], list[Entry]] = defaultdict(list)
    for entry in entries:
        cases[entry.tenant, entry.case_id].append(entry)
    stages = last_counted_stages(facts)
    for path in cases.values():
        first: dict[str, Entry] = {}
        for entry in path:
            first.setdefault(entry.stage_id, entry)
        for entry in first.values():
            above = sorted(
                (order, stage_id)
                for stage_id, order in stages[entry.pipeline_id].items()
                if order > entry.stage_order and stage_id != entry.stage_id
            )
            if entry.kind in COUNTED_KINDS and above:
                order, stage_id = above[0]
                yield Member(entry, path, stage_id, order)


def _scopes(facts: Facts, entry: Entry, owners: Owners) -> Iterator[tuple[str, str, str]]:
    """(owner_basis, scope_kind, scope_id) of all that an entry counts for."""
    tenant, (kind, _, record_id) = entry.tenant, entry.case_id.partition(":")
    then = owners.at(tenant, entry.record_type, entry.record_id, entry.entered_at)
    now = owners.now(tenant, kind, record_id)
    for basis, owner, day in (("at_entry", then, entry.entered_on), ("now", now, facts.as_of_date)):
        team, region = place(facts, tenant, owner, day)
        yield basis, "owner", owner or NONE
        yield basis, "team", team
        yield basis, "region", region


def _cell(facts: Facts, members: list[Member]) -> Row:
    entered = len(members)
    reached = [member for member in members if member.is_reached]
    still_open = sum(member.is_open for member in members)
    low, high = interval(len(reached), entered)
    qualified = [member.entry for member in members if member.entry.is_qualified]
    unqualified = [member.entry for member in members if not member.entry.is_qualified]
    qualified_reached = sum(member.entry.is_qualified for member in reached)
    return {
        "entered_count": entered,
        "reached_count": len(reached),
        "skipped_count": sum(member.is_skipped for member in members),
        "open_count": still_open,
        "lost_count": entered - len(reached) - still_open,
        "conversion_rate": rate(len(reached), entered),
        "conversion_rate_low": low,
        "conversion_rate_high": high,
        "is_mature": still_open * 20 < entered,
        "qualified_entered_count": len(qualified),
        "unqualified_entered_count": len(unqualified),
        "qualified_reached_count": qualified_reached,
        "unqualified_reached_count": len(reached) - qualified_reached,
        "qualified_conversion_rate": rate(qualified_reached, len(qualified)),
        "qualified_entered_amount": known_sum(amount_of(facts, e, e.entered_on) for e in qualified),
        "unqualified_entered_amount": known_sum(
            amount_of(facts, e, e.entered_on) for e in unqualified
        ),
        "currency_code": facts.currency(members[0].entry.tenant),
    }


def _rank(rows: list[Row]) -> None:
    """Places those with enough cases behind each other, where only the scope differs."""
    peers: dict[tuple[object, ...], list[Row]] = defaultdict(list)
    for row in rows:
        is_ranked = row["entered_count"] >= FEWEST_RANKED and row["scope_id"] not in (NONE, UNKNOWN)
        row |= {"is_ranked": is_ranked, "rank_by_rate": None}
        if is_ranked:
            peers[tuple(row[name] for name in GRAIN if name != "scope_id")].append(row)
    for ranked in peers.values():
        ranked.sort(
            key=lambda row: (-row["conversion_rate"], -row["entered_count"], row["scope_id"])
        )
        for rank, row in enumerate(ranked, start=1):
            row["rank_by_rate"] = rank
