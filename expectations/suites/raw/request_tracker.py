"""What is expected of a row from Request Tracker."""

from __future__ import annotations

from expectations.suites.raw.rules import RowRule, one_of

_CODED = "A value the models do not know would be counted as nothing."
_STATUSES = ("new", "open", "stalled", "resolved", "rejected", "deleted")


def ticket() -> tuple[RowRule, ...]:
    return (one_of("status", _STATUSES, _CODED),)


def ticket_event() -> tuple[RowRule, ...]:
    return (one_of("event_type", ("Create", "Status", "Correspond", "Comment", "AddLink"), _CODED),)
