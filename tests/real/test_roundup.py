"""Roundup itself: its limit of calls, its times, and that what lands is what it holds."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import httpx
import pytest

import ingestion.roundup.client as client
from ingestion.clock import FixedClock
from ingestion.connections import Connection
from ingestion.errors import ContractError, FilterIgnoredError
from ingestion.extract import Window, ingest
from ingestion.http import HttpSettings
from ingestion.landing import Landing, Manifest
from scripts.real.roundup import Roundup, running_roundup


@dataclass
class Desk:
    """Somebody who works in Roundup, and the Closebook that reads it."""

    server: Roundup
    landing: Landing
    waits: list[float] = field(default_factory=list)

    def ask(self, method: str, path: str, body: Any = None, etag: str = "") -> Any:
        headers = {
            "Origin": self.server.base_url,
            "Referer": f"{self.server.base_url}/",
            "X-Requested-With": "rest",
            "Content-Type": "application/json",
            **({"If-Match": etag} if etag else {}),
        }
        with httpx.Client(auth=(self.server.login, self.server.password), trust_env=False) as http:
            url = f"{self.server.base_url}/rest/data{path}"
            reply = http.request(method, url, json=body, headers=headers)
        assert reply.is_success, f"{method} {path}: {reply.status_code} {reply.text}"
        return reply

    def make(self, name: str, **values: Any) -> str:
        made: str = self.ask("POST", f"/{name}", values).json()["data"]["id"]
        return made

    def issue(self, **values: Any) -> str:
        return self.make("issue", **{"title": "A question", "priority": "bug", **values})

    def change(self, item: str, **values: Any) -> None:
        """Changes an item (``issue/1``)."""
        etag = self.ask("GET", f"/{item}").headers["ETag"]
        self.ask("PATCH", f"/{item}", values, etag)

    def retire(self, item: str) -> None:
        self.change(item, **{"@op": "action", "@action_name": "retire"})

    def read(self, resource: str) -> Manifest:
        def sleep(seconds: float) -> None:
            self.waits.append(seconds)
            time.sleep(seconds)

        connection = Connection(
            "roundup", "aurora", self.server.base_url, self.server.login, self.server.password
        )
        clock = FixedClock(datetime.now(UTC) + timedelta(seconds=1))
        settings = HttpSettings(sleep=sleep)
        return ingest("roundup", "aurora", resource, connection, self.landing, clock, settings)

    def known(self, resource: str) -> dict[str, dict[str, Any]]:
        """The last landed version of each row, by id."""
        rows: dict[str, dict[str, Any]] = {}
        for load in self.landing.accepted():
            if load.resource == resource:
                found = duckdb.execute(
                    "select * from read_parquet(?, hive_partitioning = false) order by _row_number",
                    [str(self.landing.root / load.files[0].path)],
                )
                names = [column[0] for column in found.description]
                rows |= {
                    row["id"]: row
                    for row in (
                        dict(zip(names, values, strict=True)) for values in found.fetchall()
                    )
                }
        return rows


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with running_roundup(tmp_path / "tracker") as server:
        yield Desk(server, Landing(tmp_path / "landing"))


def test_what_landed_is_what_the_tracker_says_and_a_retired_issue_is_deleted(desk: Desk) -> None:
    desk.make("user", username="ann", address="Ann@Lakeside.Example", roles="User", password="x")
    for status in ("unread", "chatting", "resolved"):
        message = desk.make("msg", content="What does it cost?", author="ann")
        desk.issue(status=status, messages=[message])
    for resource in ("issue", "msg", "user"):
        assert desk.read(resource).is_backfill
    desk.change("issue/1", status="testing")
    desk.retire("issue/3")
    fourth = desk.issue(status="deferred", priority="critical")
    for resource in ("issue", "msg", "user"):
        assert desk.read(resource).rejected_rows == 0
    reply = desk.ask("GET", "/issue?@fields=status,priority,activity&@verbose=2").json()["data"]
    shown = {
        row["id"]: (
            row["status"]["name"],
            row["priority"]["name"],
            datetime.strptime(row["activity"], "%Y-%m-%d.%H:%M:%S").replace(tzinfo=UTC),
        )
        for row in reply["collection"]
    }
    issues = desk.known("issue")
    assert set(shown) == {"1", "2", fourth}
    assert shown == {
        id: (row["status"], row["priority"], row["updated_at"].replace(tzinfo=UTC))
        for id, row in issues.items()
        if not row["is_deleted"]
    }
    assert issues["3"]["is_deleted"]
    assert len(desk.known("msg")) == 3
    assert {row["domain"] for row in desk.known("user").values()} >= {"lakeside.example"}


def test_a_range_is_bounded_at_both_ends_by_the_tracker_itself(desk: Desk) -> None:
    edges = []
    for _ in range(3):
        edges.append(datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=1))
        time.sleep(2.5)
        desk.issue(status="unread")
    desk.read("issue")
    server = desk.server
    where = Connection("roundup", "aurora", server.base_url, server.login, server.password)
    window = Window(edges[1], edges[2], {})
    clock = FixedClock(datetime.now(UTC))
    load = ingest("roundup", "aurora", "issue", where, desk.landing, clock, None, window)
    assert (load.rows, load.extra["unchanged_rows"], load.extra["beyond_rows"]) == (0, 1, 0)


def test_its_limit_of_calls_is_met_and_waited_out_as_it_asks(tmp_path: Path) -> None:
    with running_roundup(tmp_path / "tracker", calls=2, seconds=4) as server:
        desk = Desk(server, Landing(tmp_path / "landing"))
        desk.issue(status="unread")
        replies = []
        with httpx.Client(auth=(server.login, server.password), trust_env=False) as http:
            while not replies or replies[-1].status_code != 429:
                replies.append(http.get(f"{server.base_url}/rest/data/issue"))
        assert replies[-1].headers["X-RateLimit-Remaining"] == "0"
        wish = float(replies[-1].headers["Retry-After"])
        assert desk.read("issue").rows == 1
        assert desk.waits and desk.waits[0] <= wish, "the vendor's wish, not our own back-off"
        assert all(wait == int(wait) for wait in desk.waits), "whole seconds: no jitter of ours"


def test_a_time_in_another_form_is_ignored_by_it_and_that_is_noticed(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.issue(status="unread")
    desk.read("issue")
    monkeypatch.setattr(client, "_written", lambda since: since)
    later = datetime.now(UTC) + timedelta(minutes=20)
    since = later.strftime("%Y-%m-%dT%H:%M:%SZ")
    monkeypatch.setattr("ingestion.extract._since", lambda *_: since)
    with pytest.raises(FilterIgnoredError, match=r"older than .* the vendor ignored the filter"):
        desk.read("issue")


def test_issues_of_one_second_and_one_that_changes_meanwhile_are_all_read(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "PAGE_SIZE", 3)
    made = [desk.issue(status="unread") for _ in range(20)]
    ask, asked = client._ask, []

    def disturbed(*arguments: Any, **named: Any) -> Any:
        asked.append(named)
        if len(asked) == 2:
            desk.change(f"issue/{made[0]}", status="chatting")
            desk.retire(f"issue/{made[1]}")
        return ask(*arguments, **named)

    monkeypatch.setattr(client, "_ask", disturbed)
    desk.read("issue")
    issues = desk.known("issue")
    assert set(made) == set(issues)
    assert issues[made[0]]["status"] == "chatting"
    assert [id for id in made if issues[id]["is_deleted"]] == [made[1]]


@pytest.mark.parametrize(("timezone", "error"), [("-5", ContractError), ("8", FilterIgnoredError)])
def test_a_user_in_another_zone_is_refused(
    desk: Desk, timezone: str, error: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.issue(status="unread")
    desk.read("issue")
    desk.change("user/1", timezone=timezone)
    since = (datetime.now(UTC) + timedelta(minutes=20)).strftime("%Y-%m-%dT%H:%M:%SZ")
    monkeypatch.setattr("ingestion.extract._since", lambda *_: since)
    with pytest.raises(error):
        desk.read("issue")
