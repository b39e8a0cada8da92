"""Objects that change: a record is a first state and dated changes, folded into versions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from company.world.calendar import iso, salesforce_time

State = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Version:
    """One row of `object_version`: the whole object from `valid_at` (seconds, UTC) on."""

    vendor: str
    tenant: str
    resource: str
    id: str
    valid_at: int
    deleted: bool
    payload: State


@dataclass(frozen=True, slots=True)
class Step:
    """One change of a record: its state before (None at creation) and after."""

    at: int
    before: State | None
    after: State


class Record:
    """An object's life: created once, changed at instants, perhaps deleted.

    Changes may be added in any order. Those of one instant are one change, the later added winning;
    only those added by `change_again` are changes of their own within the same second. Nothing
    happens to a record after it is deleted.
    """

    def __init__(self, object_id: str, created_at: int, state: State) -> None:
        self.id = object_id
        self.created_at = created_at
        self.first_state = state
        self._changes: dict[int, State] = {}
        self._second_changes: dict[int, State] = {}
        self._deleted_at: int | None = None
        self._last_words: State = {}

    def change(self, at: int, **fields: object) -> None:
        """The fields take these values at the instant. Raises ValueError before creation."""
        self._add(self._changes, at, fields)

    def change_again(self, at: int, **fields: object) -> None:
        """As `change`, but as a second change in the same second."""
        self._add(self._second_changes, at, fields)

    def _add(self, changes: dict[int, State], at: int, fields: State) -> None:
        if at < self.created_at:
            raise ValueError(f"{self.id} is changed at {iso(at)}, before {iso(self.created_at)}")
        changes.setdefault(at, {}).update(fields)

    def delete(self, at: int, **fields: object) -> None:
        """The vendor deletes the object at the instant, leaving the fields on the tombstone."""
        if at <= self.created_at:
            raise ValueError(f"{self.id} is deleted at {iso(at)}, before it lived")
        self._deleted_at = at
        self._last_words = fields

    @property
    def deleted_at(self) -> int | None:
        return self._deleted_at

    def steps(self) -> Iterator[Step]:
        """The creation, then each change in time order, with the states around it."""
        state = {**self.first_state, **self._changes.get(self.created_at, {})}
        yield Step(self.created_at, None, state)
        for at in sorted({*self._changes, *self._second_changes}):
            if self._deleted_at is not None and at >= self._deleted_at:
                return
            for changes in (self._changes, self._second_changes):
                is_creation = at == self.created_at and changes is self._changes
                if at in changes and not is_creation:
                    before, state = state, {**state, **changes[at]}
                    yield Step(at, before, state)

    def states(self) -> Iterator[tuple[int, State]]:
        """(instant, state) for each instant at which the record changed: the last word of each."""
        last: Step | None = None
        for step in self.steps():
            if last is not None and step.at != last.at:
                yield last.at, last.after
            last = step
        if last is not None:
            yield last.at, last.after

    def tombstone(self, state: State) -> State:
        """The state that a deleted object is left in."""
        return {**state, **self._last_words, "IsDeleted": True}


def salesforce_versions(tenant: str, resource: str, record: Record) -> Iterator[Version]:
    """Versions stamped with SystemModstamp; a deletion is one more, with IsDeleted true."""
    state: State = {}
    for at, state in record.states():
        payload = _stamped(record.id, state, at)
        yield Version("salesforce", tenant, resource, record.id, at, False, payload)
    if record.deleted_at is not None:
        at = record.deleted_at
        payload = _stamped(record.id, record.tombstone(state), at)
        yield Version("salesforce", tenant, resource, record.id, at, True, payload)


def _stamped(record_id: str, state: State, at: int) -> State:
    stamp = salesforce_time(at)
    return {"Id": record_id, **state, "LastModifiedDate": stamp, "SystemModstamp": stamp}


def stripe_versions(tenant: str, resource: str, record: Record) -> Iterator[Version]:
    """Versions as they are: Stripe's objects carry no modification time."""
    for at, state in record.states():
        payload = {"id": record.id, **state}
        yield Version("stripe", tenant, resource, record.id, at, False, payload)


def zendesk_versions(tenant: str, resource: str, record: Record) -> Iterator[Version]:
    """Versions stamped with updated_at."""
    for at, state in record.states():
        payload = {"id": int(record.id), **state, "updated_at": iso(at)}
        yield Version("zendesk", tenant, resource, record.id, at, False, payload)


def money(cents: int | None) -> Decimal | None:
    """Minor units as a decimal of two places."""
    return None if cents is None else Decimal(cents).scaleb(-2)
