"""What a commit leaves out is run by another one, and nothing is left out of no group."""

from __future__ import annotations

import pytest

from tests.sample import not_drawn

GROUPS = {("kills", 2): {"a", "b", "c", "d"}, ("days", 1): {"e", "f"}, ("alone", 3): {"g"}}


def test_of_each_group_so_many_are_kept_and_every_commit_draws_alike(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CLOSEBOOK_SAMPLE_SEED", "1")
    left_out = not_drawn(GROUPS)
    assert left_out == not_drawn(GROUPS), "each process of one run must leave out the same"
    assert [len(names & left_out) for names in GROUPS.values()] == [2, 1, 0]


def test_every_test_of_a_group_is_drawn_by_some_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    always_left_out = {"a", "b", "c", "d", "e", "f", "g"}
    for seed in range(40):
        monkeypatch.setenv("CLOSEBOOK_SAMPLE_SEED", str(seed))
        always_left_out &= not_drawn(GROUPS)
    assert always_left_out == set()
