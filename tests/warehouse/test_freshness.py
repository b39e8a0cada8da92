"""How old what each resource brought is: over the vendor servers, at instants that tests choose."""

from __future__ import annotations

import csv
import io
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from company.servers.running import Servers, running_servers
from expectations.contract import Freshness
from ingestion.clock import FixedClock
from ingestion.connections import Connection, configured_sources
from ingestion.errors import ConfigurationError, SeveralFailedError
from ingestion.extract import ingest, ingest_all
from ingestion.http import HttpSettings
from ingestion.landing import Landing
from ingestion.load_log import failures
from tests.company.small_world import CREDENTIALS, SmallWorld
from warehouse.cli import invoke
from warehouse.files import take_in_folder
from warehouse.freshness import Moment, freshness
from warehouse.home import Home
from warehouse.late import source_states
from warehouse.policy import land_policy

POLICY = Path(__file__).parents[2] / "company" / "policy"
SHANGHAI = ZoneInfo("Asia/Shanghai")
TUESDAY = datetime(2026, 6, 30, 3, tzinfo=UTC)
ONE_TRY = HttpSettings(attempts=1, sleep=lambda _: None)


@pytest.fixture
def world(tmp_path: Path) -> SmallWorld:
    made = SmallWorld(tmp_path / "world.sqlite")
    made.ticket(1)
    return made


@pytest.fixture
def servers(world: SmallWorld) -> Iterator[Servers]:
    with running_servers(world.path, TUESDAY.isoformat(), CREDENTIALS) as running:
        yield running


@pytest.fixture(autouse=True)
def sources(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLOSEBOOK_HASH_SALT", "a salt of tests")
    (home.root / "sources.yml").write_text(
        "sources: [{source: zendesk, tenant: aurora}]\n", "utf-8"
    )


def levels(home: Home, tmp_path: Path, when: datetime, *rows: str) -> None:
    """Lands the demo company's policy with these service levels."""
    folder = tmp_path / f"policy-{when:%d%H}"
    shutil.copytree(POLICY, folder)
    header = "source_system,tenant,resource,max_age_hours,severity,owner,valid_from,valid_to"
    (folder / "service_level.csv").write_text("\n".join([header, *rows, ""]), "utf-8")
    land_policy(folder, Landing(home.policy), Landing(home.decisions), FixedClock(when))


def read(
    home: Home, servers: Servers, when: datetime, *, answers: bool = True, only: str = ""
) -> None:
    """One run over all of Zendesk, or `only` one resource, at an instant; it may not answer."""
    servers.move_to(when.isoformat())
    url = servers.zendesk if answers else "http://127.0.0.1:9"

    def connect(source: str, tenant: str) -> Connection:
        return Connection(source, tenant, url, "", "token-aurora")

    if only:
        connection = connect("zendesk", "aurora")
        ingest("zendesk", "aurora", only, connection, Landing(home.landing), FixedClock(when))
        return
    ingest_all(
        configured_sources(home.root), Landing(home.landing), FixedClock(when), connect,
        lambda _: None, ONE_TRY,
    )  # fmt: skip


def at(home: Home, instant: datetime, resource: str = "ticket") -> Freshness:
    (found,) = (
        fresh
        for fresh in freshness(home, Moment(instant, SHANGHAI))
        if (fresh.source, fresh.tenant, fresh.resource) == ("zendesk", "aurora", resource)
    )
    return found


def test_a_source_that_is_down_since_tuesday_says_so_and_is_late_once_policy_says(
    home: Home, tmp_path: Path, servers: Servers
) -> None:
    levels(home, tmp_path, TUESDAY, "*,*,*,48,warning,data_engineering,2026-01-01,")
    read(home, servers, TUESDAY - timedelta(days=1))
    for hours in (0, 1, 24):
        with pytest.raises(SeveralFailedError):
            read(home, servers, TUESDAY + timedelta(hours=hours), answers=False)
    within = at(home, TUESDAY + timedelta(hours=24))
    assert (within.verdict, within.failed_attempts) == ("within", 2)
    late = at(home, TUESDAY + timedelta(hours=24, seconds=1))
    assert (late.verdict, late.max_age_hours, late.owner) == ("late", 48, "data_engineering")
    assert (late.last_loaded_at, late.failing_since) == (TUESDAY - timedelta(days=1), TUESDAY)
    assert (late.failed_attempts, late.failure_kind) == (3, "unreachable")
    read(home, servers, TUESDAY + timedelta(days=2))
    well = at(home, TUESDAY + timedelta(days=2, hours=1))
    assert (well.verdict, well.failing_since, well.failed_attempts) == ("within", None, 0)
    assert at(home, TUESDAY + timedelta(hours=24, seconds=1)) == late, "the past stays what it was"


def test_the_newest_event_is_the_vendors_and_never_later_than_its_load(
    home: Home, tmp_path: Path, servers: Servers, world: SmallWorld
) -> None:
    levels(home, tmp_path, TUESDAY)
    read(home, servers, TUESDAY)
    now = TUESDAY + timedelta(hours=1)
    assert at(home, now).newest_event_at == datetime(2026, 6, 1, 8, 1, tzinfo=UTC)
    world.ticket(2, at=TUESDAY, updated_at="2036-06-30T03:00:00Z")
    read(home, servers, TUESDAY + timedelta(minutes=1))
    assert at(home, now).newest_event_at == TUESDAY + timedelta(minutes=1)
    assert at(home, now, "organization").newest_event_at is None


def test_the_service_level_that_names_most_counts_on_its_days(
    home: Home, tmp_path: Path, servers: Servers
) -> None:
    levels(
        home, tmp_path, TUESDAY,
        "zendesk,*,*,24,warning,finance,2026-01-01,2026-07-02",
        "zendesk,*,*,12,critical,finance,2026-07-02,",
        "*,*,organization,6,warning,billing,2026-01-01,",
        "zendesk,aurora,ticket_event,3,critical,treasury,2026-01-01,",
    )  # fmt: skip
    read(home, servers, TUESDAY)
    before, after = (datetime(2026, 7, day, 16, tzinfo=UTC) for day in (1, 2))
    found = {r: at(home, before, r) for r in ("ticket", "organization", "ticket_event")}
    assert {r: (f.max_age_hours, f.severity, f.owner) for r, f in found.items()} == {
        "ticket": (24, "warning", "finance"),
        "organization": (6, "warning", "billing"),
        "ticket_event": (3, "critical", "treasury"),
    }
    assert at(home, after).max_age_hours == 12, "1 July ends at 16:00 UTC in Shanghai"


def test_what_was_never_loaded_and_what_nobody_judges(
    home: Home, tmp_path: Path, servers: Servers
) -> None:
    levels(home, tmp_path, TUESDAY, "files,aurora,payroll_line,840,warning,finance,2026-01-01,")
    every = {
        (f.source, f.resource): (f.verdict, f.is_in_stores)
        for f in freshness(home, Moment(TUESDAY + timedelta(hours=1), SHANGHAI))
    }
    assert every["files", "payroll_line"] == ("never_loaded", True)
    assert every["zendesk", "ticket"] == ("no_service_level", False)
    with pytest.raises(SeveralFailedError):
        read(home, servers, TUESDAY, answers=False)
    tried = at(home, TUESDAY + timedelta(hours=1))
    assert (tried.verdict, tried.is_in_stores) == ("no_service_level", True)
    assert not at(home, TUESDAY + timedelta(days=8)).is_in_stores, "tried once, a week ago"


def test_a_mistyped_folder_that_no_run_reads_is_late_to_nobody(home: Home, tmp_path: Path) -> None:
    levels(home, tmp_path, TUESDAY, "*,*,*,48,warning,finance,2026-01-01,")
    (tmp_path / "typo").mkdir()
    for folder in ("typo", "nowhere"):
        with pytest.raises(ConfigurationError):
            take_in_folder(str(tmp_path / folder), home, FixedClock(TUESDAY))
    assert not list(failures(Landing(home.landing)))
    assert not [state for state in source_states(home, FixedClock(TUESDAY)) if state.tenant == "*"]


def test_a_folder_that_cannot_be_taken_in_is_a_failure_of_its_company(
    home: Home, tmp_path: Path
) -> None:
    levels(home, tmp_path, TUESDAY, "*,*,*,48,warning,finance,2026-01-01,")
    folder = tmp_path / "inbox"
    (home.root / "sources.yml").write_text(
        f"files: [{{folder: {folder}, mapping: mapping.yml}}]\n", encoding="utf-8"
    )
    for attempt in ("missing", "no mapping", "no file"):
        if attempt == "no mapping":
            folder.mkdir()
        if attempt == "no file":
            (folder / "mapping.yml").write_text(
                "tenant: aurora\nfiles: [{file: a.csv, entities: [{entity: activity, "
                "source_id: id, columns: {occurred_at: at}}]}]\n",
                encoding="utf-8",
            )
        with pytest.raises(ConfigurationError):
            take_in_folder(str(folder), home, FixedClock(TUESDAY))
    assert [(f.tenant, f.resource, f.kind) for f in failures(Landing(home.landing))] == [
        ("*", "", "configuration"),
        ("*", "", "configuration"),
        ("aurora", "", "configuration"),
    ]
    (aurora,) = (
        fresh
        for fresh in freshness(home, Moment(TUESDAY + timedelta(hours=1), SHANGHAI))
        if (fresh.source, fresh.tenant) == ("files", "aurora")
    )
    assert (aurora.resource, aurora.verdict, aurora.failed_attempts) == ("*", "never_loaded", 1)
    states = source_states(home, FixedClock(TUESDAY))
    (advice,) = (
        state.advice() for state in states if (state.source, state.tenant) == ("files", "aurora")
    )
    assert "has no file 'a.csv'" in advice[1]
    assert "the message names it; `closebook intake FOLDER`" in advice[2]


def test_a_later_service_level_does_not_judge_the_past(
    home: Home, tmp_path: Path, servers: Servers
) -> None:
    levels(home, tmp_path, TUESDAY, "*,*,*,48,warning,data_engineering,2026-01-01,")
    read(home, servers, TUESDAY)
    levels(
        home, tmp_path, TUESDAY + timedelta(days=1),
        "*,*,*,48,warning,data_engineering,2026-01-01,2026-07-01",
        "*,*,*,1,critical,data_engineering,2026-07-01,",
    )  # fmt: skip
    assert at(home, TUESDAY + timedelta(hours=2)).max_age_hours == 48
    assert at(home, TUESDAY + timedelta(days=2)).verdict == "late"


def test_status_says_what_is_late_since_when_it_fails_and_what_to_do(
    home: Home,
    tmp_path: Path,
    servers: Servers,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("CLOSEBOOK_HOME", str(home.root))
    levels(home, tmp_path, TUESDAY, "*,*,*,48,warning,data_engineering,2026-01-01,")
    read(home, servers, TUESDAY)
    monkeypatch.setenv("CLOSEBOOK_NOW", (TUESDAY + timedelta(hours=5)).isoformat())
    assert invoke(["status"]) == 0
    said = _one_line(capsys)
    assert "zendesk aurora 2026-06-30 03:00 5 h 28 d within 1" in said
    assert "to do" not in said
    for days in (1, 3):
        with pytest.raises(SeveralFailedError):
            read(home, servers, TUESDAY + timedelta(days=days), answers=False)
    monkeypatch.setenv("CLOSEBOOK_NOW", (TUESDAY + timedelta(days=1, hours=1)).isoformat())
    assert invoke(["status"]) == 0
    assert "zendesk of aurora is failing: all of it" in _one_line(capsys)
    monkeypatch.setenv("CLOSEBOOK_NOW", (TUESDAY + timedelta(days=3, hours=1)).isoformat())
    assert invoke(["status"]) == 0
    said = _one_line(capsys)
    for text in (
        "zendesk of aurora is late: all of it (owner: data_engineering)",
        "failing since 2026-07-01 03:00 UTC, up to 2 attempts a resource; the last said:",
        "to do: nobody answers there",
        "`closebook doctor --source zendesk`",
        "docs/runbooks/late_source.md",
    ):
        assert text in said
    read(home, servers, TUESDAY + timedelta(days=3, hours=1), only="ticket")
    assert invoke(["status"]) == 0
    said = _one_line(capsys)
    assert "zendesk of aurora is late: organization, satisfaction_rating, ticket_event" in said


def _one_line(capsys: pytest.CaptureFixture[str]) -> str:
    return " ".join(capsys.readouterr().out.split())


def test_the_committed_service_levels_cover_every_source() -> None:
    text = (POLICY / "service_level.csv").read_text(encoding="utf-8")
    keys = {
        (row["source_system"], row["tenant"], row["resource"])
        for row in csv.DictReader(io.StringIO(text))
    }
    assert ("*", "*", "*") in keys
