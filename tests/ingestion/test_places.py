"""A load may stand in the place of an earlier one: who reads the store sees one load a place."""

from __future__ import annotations

import threading
import time

from ingestion.landing import Landing, Manifest
from ingestion.state import position

AT = "2026-07-01T03:00:00+00:00"


def commit(
    landing: Landing, *, replaces: int | None = None, cursor: str | None = None, **extra: object
) -> Manifest:
    with landing.open_load("stripe", "aurora", "refund") as load:
        return load.commit(
            Manifest(
                load_id=load.load_id,
                source="stripe",
                tenant="aurora",
                resource="refund",
                recorded_at=AT,
                rows=0,
                files=(),
                cursor=cursor,
                replaces=replaces,
                extra=extra,
            )
        )


def standing(landing: Landing, until: int | None = None) -> list[tuple[int, int]]:
    return [(load.place, load.commit_seq) for load in landing.accepted(until)]


def test_what_was_committed_last_in_a_place_stands_there(landing: Landing) -> None:
    commit(landing)
    commit(landing)
    commit(landing, replaces=1)
    assert standing(landing) == [(1, 3), (2, 2)]
    commit(landing, replaces=1)
    assert standing(landing) == [(1, 4), (2, 2)]


def test_a_build_sees_the_places_as_they_were_at_its_watermark(landing: Landing) -> None:
    commit(landing)
    commit(landing, replaces=1)
    assert standing(landing, until=1) == [(1, 1)]


def test_when_what_stands_in_a_place_is_refused_what_stood_there_before_stands_again(
    landing: Landing,
) -> None:
    commit(landing)
    commit(landing, replaces=1)
    landing.reject(2, {"reason": "x"})
    assert standing(landing) == [(1, 1)]


def test_a_refused_load_that_was_typed_anew_stands_again(landing: Landing) -> None:
    commit(landing)
    landing.reject(1, {"reason": "x"})
    assert standing(landing) == []
    commit(landing, replaces=1)
    assert standing(landing) == [(1, 2)]


def test_nothing_brings_back_what_stood_in_a_place_before_an_erasure(landing: Landing) -> None:
    commit(landing)
    commit(landing, replaces=1, erased={})
    landing.reject(2, {"reason": "x"})
    assert standing(landing) == []


def test_neither_a_replay_nor_a_filled_range_says_where_to_go_on(landing: Landing) -> None:
    commit(landing, cursor="100")
    commit(landing, replaces=1, cursor="50")
    commit(landing, cursor="70", range={})
    before = position(landing, "stripe", "aurora", "refund")
    assert before is not None
    assert (before.commit_seq, before.cursor) == (1, "100")


def test_two_that_commit_to_one_resource_take_turns(landing: Landing) -> None:
    order: list[str] = []

    def second() -> None:
        with landing.turn("stripe", "aurora", "refund"):
            order.append("second")

    with landing.turn("stripe", "aurora", "refund"):
        thread = threading.Thread(target=second)
        thread.start()
        with landing.turn("stripe", "aurora", "charge"):
            time.sleep(0.05)
        order.append("first")
    thread.join()
    assert order == ["first", "second"]
