"""What is expected of a row from Zendesk."""

from __future__ import annotations

from expectations.suites.raw.rules import RowRule, one_of

_CODED = "A value the models do not know would be counted as nothing."


def organization() -> tuple[RowRule, ...]:
    return ()


def user() -> tuple[RowRule, ...]:
    return (one_of("role", ("end-user", "agent", "admin"), _CODED),)


def ticket() -> tuple[RowRule, ...]:
    return (
        one_of("status", ("new", "open", "pending", "hold", "solved", "closed", "deleted"), _CODED),
        one_of("priority", ("low", "normal", "high", "urgent"), _CODED),
    )


def ticket_event() -> tuple[RowRule, ...]:
    return ()


def satisfaction_rating() -> tuple[RowRule, ...]:
    return (
        one_of(
            "score",
            (
                "offered",
                "unoffered",
                "good",
                "bad",
                "neutral",
                "good_with_comment",
                "bad_with_comment",
                "good_without_comment",
                "bad_without_comment",
                "received",
                "received_with_comment",
                "received_without_comment",
            ),
            _CODED,
        ),
    )
