"""What stands in the way of deals: the list that each tenant's sales meeting keeps in a file.

The list holds each blocker as it is now; a second file says how codes were changed. Both are
written by hand, and are as lists kept by hand are.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from random import Random

from company.world.calendar import DAY, HOUR, in_office
from company.world.deals import Deal
from company.world.ids import salesforce_id
from company.world.owners import owner_at
from company.world.sales import Sales
from company.world.streams import Rota, chance, stream
from company.world.tenants import Tenant

_ACTIONS = {
    "need_mismatch": "workshop on the needs",
    "no_budget": "payment in instalments",
    "no_decision_maker": "introduced by a customer",
    "competitor": "comparison on site",
    "timing": "date agreed",
}
"""Code -> what resolves it."""

_COLUMNS = ("blocker_no", "deal", "code", "opened", "resolved", "action", "owner")
_CHANGE_COLUMNS = ("change_no", "blocker_no", "old", "new", "changed")


@dataclass(frozen=True, slots=True)
class Change:
    """A code that was replaced; codes may be blank."""

    at: int
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Blocker:
    """One line of the list; `code` is the first one. `deal` and `owner` are ids of the CRM."""

    deal: str
    code: str
    opened_at: int
    resolved_at: int | None
    action: str
    owner: str
    changes: tuple[Change, ...] = ()

    def code_at(self, instant: int) -> str:
        """The code that the list holds at an instant."""
        known = [change.new for change in self.changes if change.at < instant]
        return known[-1] if known else self.code


def blockers(seed: int, sales: Sales) -> list[Blocker]:
    """One or two on about half of the deals, and a few that should not be on the list."""
    maker = _Maker(sales, stream(seed, sales.tenant.name, "blockers"))
    found = [
        blocker
        for deal in sales.every_deal()
        for _ in range(maker.random.choice((0, 0, 0, 1, 1, 2)))
        for blocker in maker.of_deal(deal)
    ]
    return sorted([*found, *maker.mistakes(found)], key=lambda b: (b.opened_at, b.deal))


@dataclass(slots=True)
class _Maker:
    """Makes the blockers of one tenant, each oddity in its turn."""

    sales: Sales
    random: Random
    rota: Rota = field(default_factory=Rota)

    def of_deal(self, deal: Deal) -> Iterator[Blocker]:
        at = self._office(deal.created_at + self.random.randrange(25 * DAY))
        code = self._code()
        resolved_at, action = None, ""
        if chance(self.random, 80):
            resolved_at = self._office(at + self.random.randrange(DAY, 40 * DAY))
            action = _ACTIONS.get(code.strip(), "talked it over")
            if self.rota.turn("resolved without action", every=5, first=2):
                action = "  " if chance(self.random, 30) else ""
        has_owner = not self.rota.turn("without owner", every=6, first=2)
        owner = owner_at(deal.owners, at).id if has_owner else ""
        blocker = Blocker(deal.id, code, at, resolved_at, action, owner)
        if self.rota.turn("code changed", every=5, first=1):
            blocker = replace(blocker, changes=tuple(self._changes(blocker)))
        yield blocker
        if self.rota.turn("listed twice", every=15, first=4):
            yield replace(blocker, opened_at=at + HOUR, changes=())

    def _code(self) -> str:
        if self.rota.turn("blank", every=10, first=3):
            return self.random.choice(("", "", " "))
        code = self.random.choice(list(_ACTIONS))
        return f" {code} " if self.rota.turn("outer blanks", every=20, first=5) else code

    def _changes(self, blocker: Blocker) -> Iterator[Change]:
        """One change weeks later; then a second in the same second, or one back to blank."""
        at = self._office(blocker.opened_at + self.random.randrange(3 * DAY, 45 * DAY))
        first = self._other(blocker.code)
        yield Change(at, blocker.code, first)
        if self.rota.turn("changed in the same second", every=4, first=2):
            yield Change(at, first, self._other(first))
        elif self.rota.turn("blanked", every=4, first=3):
            yield Change(at + 9 * DAY, first, "")

    def _other(self, code: str) -> str:
        return self.random.choice([other for other in _ACTIONS if other != code.strip()])

    def mistakes(self, found: list[Blocker]) -> Iterator[Blocker]:
        """Of a deal that nobody knows, resolved before it came up, and of deals long over."""
        first = found[0]
        unknown = salesforce_id("opportunity", 61_000_000)
        for _ in range(3):
            blocker = self.random.choice(found)
            yield replace(blocker, deal=unknown, changes=())
            resolved_at = blocker.opened_at - 4 * DAY
            yield replace(blocker, resolved_at=resolved_at, action="slip of the pen", changes=())
        lost = [deal for deal in self.sales.deals if deal.ended_at and not deal.is_won]
        for deal in lost[:3]:
            at = self._office((deal.ended_at or 0) + 3 * DAY)
            yield replace(first, deal=deal.id, opened_at=at, resolved_at=None, changes=())

    def _office(self, at: int) -> int:
        return in_office(self.random, at, self.sales.tenant.zone)


def write_blockers(folder: Path, tenant: Tenant, found: list[Blocker], until: int) -> None:
    """Writes both lists as they are at an instant, and the intake mapping."""
    folder.mkdir(parents=True, exist_ok=True)
    numbered = [
        (f"B{number:05}", blocker)
        for number, blocker in enumerate(found, start=1)
        if blocker.opened_at < until
    ]
    rows = [_row(tenant, number, blocker, until) for number, blocker in numbered]
    changed = sorted(
        (
            (change, number)
            for number, blocker in numbered
            for change in blocker.changes
            if change.at < until
        ),
        key=lambda entry: entry[0].at,
    )
    changes = [
        (f"C{count:05}", number, change.old, change.new, _local(tenant, change.at))
        for count, (change, number) in enumerate(changed, start=1)
    ]
    _write(folder / "blockers.csv", _COLUMNS, rows)
    _write(folder / "blocker_changes.csv", _CHANGE_COLUMNS, changes)
    (folder / "mapping.yml").write_text(_mapping(tenant), encoding="utf-8", newline="")


def _row(tenant: Tenant, number: str, blocker: Blocker, until: int) -> tuple[str, ...]:
    resolved_at = blocker.resolved_at
    is_resolved = resolved_at is not None and resolved_at < until
    return (
        number,
        blocker.deal,
        blocker.code_at(until),
        _local(tenant, blocker.opened_at),
        _local(tenant, resolved_at) if resolved_at is not None and is_resolved else "",
        blocker.action if is_resolved else "",
        blocker.owner,
    )


def _local(tenant: Tenant, at: int) -> str:
    return datetime.fromtimestamp(at, tenant.zone).strftime("%Y-%m-%d %H:%M:%S")


def _write(path: Path, columns: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    path.write_text(text.getvalue(), encoding="utf-8", newline="")


def _mapping(tenant: Tenant) -> str:
    return f"""tenant: {tenant.name}
timezone: {tenant.timezone}
files:
  - file: blockers.csv
    entities:
      - entity: blocker
        source_id: blocker_no
        columns:
          opportunity_source_id: deal
          blocker_code: code
          opened_at: opened
          resolved_at: resolved
          action: action
          owner_source_id: owner
  - file: blocker_changes.csv
    entities:
      - entity: field_change
        source_id: change_no
        columns:
          record_type: {{constant: blocker}}
          record_source_id: blocker_no
          field_name: {{constant: code}}
          old_value: old
          new_value: new
          changed_at: changed
"""
