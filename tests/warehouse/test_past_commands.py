"""`closebook replay` and `closebook backfill`, as an operator types them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ingestion.landing import Landing
from tests.ingestion.vendor import Vendor, running_vendor
from warehouse.cli import EXIT_ERROR, invoke
from warehouse.home import Home

FEBRUARY = ("--from", "2026-02-01", "--until", "2026-03-01")


@pytest.fixture
def stripe(home: Home, monkeypatch: pytest.MonkeyPatch) -> Iterator[Vendor]:
    """A home that has read the refunds of one tenant once."""
    with running_vendor() as vendor:
        host = vendor.base_url.removeprefix("http://")
        monkeypatch.setenv("CLOSEBOOK_HOME", str(home.root))
        monkeypatch.setenv("CLOSEBOOK_NOW", "2026-07-01T03:00:00+08:00")
        monkeypatch.setenv("CLOSEBOOK_HASH_SALT", "a-salt-of-the-tests")
        monkeypatch.setenv("CLOSEBOOK_CONN_STRIPE__AURORA", f"http://x:sk_test_1@{host}")
        text = "sources: [{source: stripe, tenant: aurora}]\nrequests_per_host: {stripe: 1}\n"
        (home.root / "sources.yml").write_text(text, encoding="utf-8")
        vendor.on(
            "/v1/refunds", {"has_more": False, "data": [{"id": "re_1", "created": 1782000000}]}
        )
        invoke(["run"])
        yield vendor


def test_a_range_is_read_and_what_cannot_be_is_named(
    stripe: Vendor, home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    early = {"id": "re_0", "created": 1770500000}
    stripe.on("/v1/refunds", {"has_more": False, "data": [early]})
    assert invoke(["backfill", "stripe/aurora/refund", *FEBRUARY]) == 0
    said = capsys.readouterr().out
    assert "stripe/aurora/refund: 1 row (changed from 2026-02-01T00:00 to 2026-03-01" in said
    assert "1 row in 1 load; `closebook run --no-ingest` builds from them" in said
    assert invoke(["backfill", "stripe/aurora/charge", *FEBRUARY]) == EXIT_ERROR
    assert "it was never read" in capsys.readouterr().err


def test_a_replay_says_what_came_out_otherwise(
    stripe: Vendor, home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    assert invoke(["replay", "stripe/aurora/refund"]) == 0
    assert "1 load: 0 came out otherwise, 0 not replayable" in capsys.readouterr().out
    landing = Landing(home.landing)
    (load,) = landing.loads()
    landing.retire_pages(load, {"retired_at": "2026-08-05", "reason": "older than 30 days"})
    assert invoke(["replay", "stripe/aurora/refund", "--load", "1"]) == EXIT_ERROR
    assert "load 1 of 2026-06-30 is not replayable" in capsys.readouterr().out
    assert invoke(["replay", "zendesk"]) == EXIT_ERROR
    assert "nothing to replay: zendesk has not landed" in capsys.readouterr().err
    assert invoke(["replay", "zendesk", "--load", "9999"]) == EXIT_ERROR
    assert "recorded_at from fct_load_attempt` lists" in capsys.readouterr().err
