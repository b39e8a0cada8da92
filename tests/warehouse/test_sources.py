"""A source is added, disabled, enabled and removed by one function, and nobody calls it late."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from starlette.responses import Response

from ingestion.catalog import connector_of
from ingestion.clock import FixedClock
from ingestion.connections import (
    ConfiguredSource,
    configured_sources,
    connection_from_environment,
    connections_of,
)
from ingestion.errors import ConfigurationError
from ingestion.landing import Landing
from tests.ingestion.vendor import Vendor, running_vendor
from tests.warehouse.keeping import land
from warehouse.cli import EXIT_ERROR, invoke
from warehouse.decisions import all_decisions
from warehouse.freshness import Moment, freshness
from warehouse.home import Home
from warehouse.policy import land_policy
from warehouse.sources import configure, switched_off

POLICY = Path(__file__).parents[2] / "company" / "policy"
STRIPE = [resource.endpoint for resource in connector_of("stripe").resources]

Said = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def environment(home: Home, clock: FixedClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLOSEBOOK_HOME", str(home.root))
    monkeypatch.setenv("CLOSEBOOK_NOW", clock.now().isoformat())
    monkeypatch.setenv("CLOSEBOOK_HASH_SALT", "a salt for tests")
    land_policy(POLICY, Landing(home.policy), Landing(home.decisions), clock)


@pytest.fixture
def stripe(monkeypatch: pytest.MonkeyPatch) -> Iterator[Vendor]:
    """A Stripe account without a single row, and the connection to it."""
    with running_vendor() as vendor:
        for path in STRIPE:
            vendor.on(path, {"has_more": False, "data": []})
        monkeypatch.setenv(
            "CLOSEBOOK_CONN_STRIPE__AURORA", vendor.base_url.replace("://", "://:sk_secret@")
        )
        yield vendor


def states(home: Home) -> tuple[list[str], list[str]]:
    """The sources that are read, and those that are disabled."""
    found = configured_sources(home.root)
    return [v.source for v in found.vendors], [v.source for v in found.disabled]


def test_a_source_comes_is_switched_off_and_on_and_goes(
    home: Home, stripe: Vendor, capsys: Said
) -> None:
    assert invoke(["source", "add", "stripe", "aurora", "--actor", "ana"]) == 0
    said = capsys.readouterr().out
    assert "stripe of aurora: customer: 0 rows on the first page" in said
    assert "ingest_stripe and `closebook run` read it" in said and "sk_secret" not in said
    assert states(home) == (["stripe"], [])
    assert invoke(["source", "disable", "stripe", "aurora", "--reason", "moved"]) == 0
    assert states(home) == ([], ["stripe"])
    assert invoke(["source", "list"]) == 0
    assert "stripe of aurora: disabled" in capsys.readouterr().out
    asked = len(stripe.asked)
    assert invoke(["run"]) == EXIT_ERROR
    assert "stripe/aurora: disabled, not read" in capsys.readouterr().out
    assert len(stripe.asked) == asked
    assert invoke(["source", "enable", "stripe", "aurora"]) == 0
    assert states(home) == (["stripe"], [])
    assert invoke(["source", "remove", "stripe", "aurora"]) == 0
    assert states(home) == ([], [])
    taken = [d for d in all_decisions(Landing(home.decisions)) if d.kind == "source"]
    assert [d.payload["action"] for d in taken] == ["add", "disable", "enable", "remove"]
    assert (taken[0].actor, taken[0].subject, taken[1].reason) == ("ana", "stripe/aurora", "moved")


def test_the_list_says_whose_connection_is_missing(
    home: Home, monkeypatch: pytest.MonkeyPatch, capsys: Said
) -> None:
    (home.root / "sources.yml").write_text(
        "sources:\n- {source: stripe, tenant: aurora}\n- {source: zendesk, tenant: aurora}\n"
        "- {source: tryton, tenant: aurora}\n"
    )
    monkeypatch.setenv("CLOSEBOOK_CONN_STRIPE__AURORA", "http://:sk@127.0.0.1:1")
    monkeypatch.setenv("CLOSEBOOK_CONN_TRYTON__AURORA", "nowhere")
    assert invoke(["source", "list"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "stripe of aurora: read, connection kept in the environment",
        "zendesk of aurora: read, connection missing: set CLOSEBOOK_CONN_ZENDESK__AURORA",
        "tryton of aurora: read, connection cannot be used: set CLOSEBOOK_CONN_TRYTON__AURORA",
    ]


def test_doing_it_again_changes_nothing_and_decides_nothing(home: Home, stripe: Vendor) -> None:
    for action in ("add", "add", "disable", "disable", "remove", "remove"):
        assert invoke(["source", action, "stripe", "aurora"]) == 0
    assert len(all_decisions(Landing(home.decisions))) == 3


def test_a_source_that_does_not_answer_is_not_added_and_not_enabled(
    home: Home, stripe: Vendor, capsys: Said
) -> None:
    stripe.on("/v1/invoices", Response('{"error": "no right to read invoices"}', 403))
    assert invoke(["source", "add", "stripe", "aurora"]) == EXIT_ERROR
    said = capsys.readouterr().err
    assert "nothing changed" in said and "no right to read invoices" in said
    assert "customer" not in said.replace("customers", ""), "what works is not listed as wrong"
    assert not (home.root / "sources.yml").exists()
    off = "sources:\n  - {source: stripe, tenant: aurora, enabled: false}\n"
    (home.root / "sources.yml").write_text(off, encoding="utf-8")
    assert invoke(["source", "enable", "stripe", "aurora"]) == EXIT_ERROR
    assert states(home) == ([], ["stripe"])
    assert all_decisions(Landing(home.decisions)) == []


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["add", "stripe", "aurora"], "set CLOSEBOOK_CONN_STRIPE__AURORA to http"),
        (["add", "strip", "aurora"], "did you mean 'stripe'"),
        (["add", "stripe", "auror"], "policy knows no tenant 'auror', only aurora, borealis"),
        *(
            ([action, "stripe", "aurora"], "stripe of aurora is not in")
            for action in ("enable", "disable", "remove")
        ),
    ],
)
def test_what_cannot_be_is_refused_and_says_why(
    home: Home, arguments: list[str], says: str, capsys: Said
) -> None:
    assert invoke(["source", *arguments]) == EXIT_ERROR
    assert says in capsys.readouterr().err
    assert not (home.root / "sources.yml").exists()
    assert all_decisions(Landing(home.decisions)) == []


def test_one_that_died_between_the_decision_and_the_file_is_done_by_the_next(
    home: Home, stripe: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert invoke(["source", "add", "stripe", "aurora"]) == 0

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("warehouse.sources.write_atomically", die)
        assert invoke(["source", "disable", "stripe", "aurora"]) == EXIT_ERROR
    assert states(home) == (["stripe"], [])
    assert invoke(["source", "disable", "stripe", "aurora"]) == 0
    assert states(home) == ([], ["stripe"])
    assert switched_off(Landing(home.decisions)) == {("stripe", "aurora")}


def test_a_disabled_source_is_not_late_and_one_that_is_read_again_is(
    home: Home, stripe: Vendor, clock: FixedClock, capsys: Said
) -> None:
    land(home, "2026-05-01T00:00:00+00:00")
    moment = Moment(clock.now().replace(month=7), ZoneInfo("UTC"))

    def late() -> set[str]:
        return {found.source for found in freshness(home, moment) if found.verdict == "late"}

    assert late() == {"stripe"}
    (home.root / "sources.yml").write_text(
        "sources:\n  - {source: stripe, tenant: aurora}\n", encoding="utf-8"
    )
    assert invoke(["source", "disable", "stripe", "aurora"]) == 0
    assert late() == set()
    capsys.readouterr()
    assert invoke(["status"]) == 0
    assert "stripe/aurora: disabled, not read" in capsys.readouterr().out
    before = Moment(clock.now(), ZoneInfo("UTC"))
    assert {found.source for found in freshness(home, before)} == {"stripe"}, "not decided yet"
    assert invoke(["source", "enable", "stripe", "aurora"]) == 0
    assert late() == {"stripe"}
    assert switched_off(Landing(home.decisions)) == set()


def test_a_connection_that_airflow_alone_keeps_is_said_to_be_there(
    home: Home, stripe: Vendor, clock: FixedClock, monkeypatch: pytest.MonkeyPatch, capsys: Said
) -> None:
    wanted = ConfiguredSource("stripe", "aurora", kept_in="airflow")
    configure(home, clock, "add", wanted, connection_from_environment, actor="ana")
    assert configured_sources(home.root).vendors == (wanted,)
    assert connections_of(configured_sources(home.root))("stripe", "aurora").password == "sk_secret"
    monkeypatch.delenv("CLOSEBOOK_CONN_STRIPE__AURORA")
    assert invoke(["run"]) == EXIT_ERROR
    said = capsys.readouterr()
    for text in ("kept in Airflow alone", "closebook_stripe_aurora", "trigger ingest_stripe"):
        assert text in said.out + said.err
    assert invoke(["doctor", "--source", "stripe"]) == EXIT_ERROR
    assert "kept in Airflow alone" in capsys.readouterr().out
    with pytest.raises(ConfigurationError, match="'pause' is no action"):
        configure(home, clock, "pause", wanted, connection_from_environment, actor="ana")
