"""What is expected of a row from Roundup."""

from __future__ import annotations

from expectations.suites.raw.rules import RowRule, one_of

_CODED = "A value the models do not know would be counted as nothing."
_STATUSES = (
    "unread",
    "deferred",
    "chatting",
    "need-eg",
    "in-progress",
    "testing",
    "done-cbb",
    "resolved",
)


def issue() -> tuple[RowRule, ...]:
    return (
        one_of("status", _STATUSES, _CODED),
        one_of("priority", ("critical", "urgent", "bug", "feature", "wish"), _CODED),
    )


def msg() -> tuple[RowRule, ...]:
    return ()


def user() -> tuple[RowRule, ...]:
    return ()
