"""Faults on demand: what a vendor does on a bad day, for a counted number of replies."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any, Literal, get_args

from company.servers.world import Stream, World

Row = dict[str, Any]

ReplyFault = Literal["status", "delay", "half_json", "html_page", "drop"]
RowFault = Literal["duplicate_rows", "drop_key", "set_field", "insert_row"]
OtherFault = Literal["ignore_filter", "expire_sessions"]
Kind = ReplyFault | RowFault | OtherFault
_REPLY, _ROWS, _OTHER = get_args(ReplyFault), get_args(RowFault), get_args(OtherFault)

TAIL = 10
"""Most rows that `duplicate_rows` can repeat from the page before."""


class FaultError(ValueError):
    """A fault that makes no sense as it was asked for; the message says what to change."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault. Empty `vendor`, `tenant`, `resource` or `path` (a part of the URL path) match all.

    The first `after` matching replies pass, the next `times` are spoiled (None: until cleared).

    ============== ===============================================================================
    kind           what happens
    ============== ===============================================================================
    status         the reply is `status` with the vendor's error body, or an HTML page (`html`);
                   `retry_after` (seconds) adds the header
    delay          the reply comes `seconds` later
    half_json      status 200, the body stops half-way
    html_page      status 200, an HTML page
    drop           the connection closes half-way through the body
    duplicate_rows a following page begins with the last `rows` rows of the page before
    drop_key       the first row of the page, or row `id`, has no key
    set_field      `field` (dots for nesting) of the first row, or row `id`, becomes `value`
    insert_row     after this reply the object `row` exists (moves the rows behind it)
    ignore_filter  the reply holds rows older than was asked for
    expire_sessions  every session of the vendor ends before this request (Salesforce)
    ============== ===============================================================================
    """

    kind: Kind
    vendor: str = ""
    tenant: str = ""
    resource: str = ""
    path: str = ""
    times: int | None = 1
    after: int = 0
    status: int = 500
    retry_after: int | None = None
    html: bool = False
    seconds: float = 1.0
    rows: int = 1
    id: str = ""
    field: str = ""
    value: Any = None
    row: Row | None = None

    @classmethod
    def from_json(cls, values: object) -> Fault:
        """A fault from its JSON object. Raises FaultError naming what is wrong."""
        if not isinstance(values, dict):
            raise FaultError(f"a fault is a JSON object, not {values!r}")
        known = [entry.name for entry in fields(cls)]
        for name in values:
            if name not in known:
                raise FaultError(f"a fault has no field {name!r}; it has {', '.join(known)}")
        kinds = (*_REPLY, *_ROWS, *_OTHER)
        if values.get("kind") not in kinds:
            raise FaultError(f"kind={values.get('kind')!r}; choose one of {', '.join(kinds)}")
        fault = cls(**values)
        if fault.kind == "set_field" and not fault.field:
            raise FaultError("kind=set_field needs `field`, and `value`")
        key = "Id" if fault.vendor == "salesforce" else "id"
        if fault.kind == "insert_row" and not (fault.resource and key in (fault.row or {})):
            raise FaultError(f"kind=insert_row needs `vendor`, `resource`, `row` with its {key}")
        if fault.kind == "duplicate_rows" and not 1 <= fault.rows <= TAIL:
            raise FaultError(f"kind=duplicate_rows needs `rows` from 1 to {TAIL}")
        return fault


@dataclass(slots=True)
class _Armed:
    fault: Fault
    seen: int = 0
    done: int = 0

    def matches(self, stream: Stream, path: str) -> bool:
        fault = self.fault
        return (
            fault.vendor in ("", stream.vendor)
            and fault.tenant in ("", stream.tenant)
            and fault.resource in ("", stream.resource)
            and fault.path in path
            and (fault.times is None or self.done < fault.times)
        )

    def strikes(self) -> bool:
        """Counts one matching reply; true when it is to be spoiled."""
        self.seen += 1
        if self.seen <= self.fault.after:
            return False
        self.done += 1
        return True


class FaultBook:
    """The faults that are armed, and the tail of the last page of each stream."""

    def __init__(self) -> None:
        self._armed: list[_Armed] = []
        self._tails: dict[Stream, list[Row]] = {}

    def add(self, fault: Fault) -> None:
        self._armed.append(_Armed(fault))

    def clear(self) -> None:
        self._armed.clear()

    def listed(self) -> list[dict[str, Any]]:
        """What is armed and how often each has struck."""
        return [
            {"kind": armed.fault.kind, "matched": armed.seen, "struck": armed.done}
            for armed in self._armed
        ]

    def strikes(self, kind: OtherFault, stream: Stream, path: str) -> bool:
        """True when a fault of this kind is to spoil this request."""
        return any(
            armed.strikes()
            for armed in self._armed
            if armed.fault.kind == kind and armed.matches(stream, path)
        )

    def reply_fault(self, stream: Stream, path: str) -> Fault | None:
        """The fault that replaces this reply; None when it goes out as it is."""
        for armed in self._armed:
            if armed.fault.kind in _REPLY and armed.matches(stream, path) and armed.strikes():
                return armed.fault
        return None

    def spoil_rows(
        self, rows: list[Row], key: str, stream: Stream, path: str, *, continues: bool, world: World
    ) -> None:
        """Changes `rows`, one page of `stream`, in place as the armed faults say.

        `continues` tells that the page follows another one. A fault that names a row counts only
        the pages that hold it.
        """
        tail = [copy.deepcopy(row) for row in rows[-TAIL:]]
        for armed in self._armed:
            fault = armed.fault
            if fault.kind not in _ROWS or not armed.matches(stream, path):
                continue
            if fault.kind == "duplicate_rows":
                if continues and self._tails.get(stream) and armed.strikes():
                    rows[:0] = self._tails[stream][-fault.rows :]
            elif fault.kind == "insert_row":
                if fault.row is not None and armed.strikes():
                    world.insert(stream, str(fault.row[key]), fault.row)
            else:
                row = next((row for row in rows if fault.id in ("", str(row.get(key)))), None)
                if row is not None and armed.strikes():
                    _CHANGES[fault.kind](row, key, fault)
        self._tails[stream] = tail


def _drop_key(row: Row, key: str, fault: Fault) -> None:
    row.pop(key, None)


def _set_field(row: Row, key: str, fault: Fault) -> None:
    *outer, last = fault.field.split(".")
    for name in outer:
        row = row.setdefault(name, {})
    row[last] = fault.value


_CHANGES: dict[str, Callable[[Row, str, Fault], None]] = {
    "drop_key": _drop_key,
    "set_field": _set_field,
}
