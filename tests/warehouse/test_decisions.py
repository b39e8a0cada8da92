"""A decision is a row that nobody can change."""

from __future__ import annotations

from typing import Any

import pytest

from ingestion.clock import FixedClock
from ingestion.landing import Landing
from warehouse.decisions import DECISION_KINDS, KIND_MEANINGS, all_decisions, decide
from warehouse.errors import WarehouseError
from warehouse.home import Home


def test_decisions_come_back_as_they_were_taken_in_their_order(
    home: Home, clock: FixedClock
) -> None:
    store = Landing(home.decisions)
    taken = [
        decide(store, clock, kind="waiver", subject=f"opportunity:{number}", actor="ana",
               reason="der Kunde zahlt – 真的", payload={"amount": "12.30"}, subject_hash="ab" * 32)
        for number in range(3)
    ]  # fmt: skip
    assert all_decisions(store) == taken
    assert taken[0].decided_at == clock.now()
    assert len({decision.decision_id for decision in taken}) == 3


def test_a_decision_on_the_same_subject_stands_beside_the_first(
    home: Home, clock: FixedClock
) -> None:
    store = Landing(home.decisions)
    for reason in ("yes", "no"):
        decide(store, clock, kind="approval", subject="2026-06", actor="ana", reason=reason)
    assert [decision.reason for decision in all_decisions(store)] == ["yes", "no"]


@pytest.mark.parametrize("blank", ["subject", "actor", "reason"])
def test_a_decision_says_who_what_and_why(home: Home, clock: FixedClock, blank: str) -> None:
    said: dict[str, Any] = {"subject": "s", "actor": "a", "reason": "r"} | {blank: " "}
    with pytest.raises(WarehouseError, match=blank):
        decide(Landing(home.decisions), clock, kind="action", **said)
    assert all_decisions(Landing(home.decisions)) == []


def test_an_unknown_kind_is_refused_with_the_known_ones(home: Home, clock: FixedClock) -> None:
    with pytest.raises(WarehouseError, match="allow_policy_change"):
        decide(Landing(home.decisions), clock, kind="maybe", subject="s", actor="a", reason="r")


def test_every_kind_says_what_it_means() -> None:
    assert set(KIND_MEANINGS) == set(DECISION_KINDS)


@pytest.mark.parametrize("text", ["yes", "3f2a", "A" * 64, "0" * 63])
def test_a_hash_is_copied_whole_or_refused(home: Home, clock: FixedClock, text: str) -> None:
    with pytest.raises(WarehouseError, match="no SHA-256"):
        decide(
            Landing(home.decisions), clock,
            kind="action", subject="s", actor="a", reason="r", subject_hash=text,
        )  # fmt: skip


def test_leave_to_change_the_past_names_the_content_it_is_for(
    home: Home, clock: FixedClock
) -> None:
    with pytest.raises(WarehouseError, match="needs its hash"):
        decide(
            Landing(home.decisions), clock,
            kind="allow_policy_change", subject="quota", actor="a", reason="r",
        )  # fmt: skip
