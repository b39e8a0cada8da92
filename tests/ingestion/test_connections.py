"""Where connections and configured sources come from."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingestion.connections import (
    ConfiguredSource,
    configured_sources,
    connection_from_environment,
)
from ingestion.errors import ConfigurationError

VARIABLE = "CLOSEBOOK_CONN_STRIPE__AURORA"


def test_a_connection_is_a_url_with_encoded_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "http://app%40x:p%2Fw%3A1@127.0.0.1:8102/?x=1")
    connection = connection_from_environment("stripe", "aurora")
    assert connection.base_url == "http://127.0.0.1:8102"
    assert (connection.login, connection.password) == ("app@x", "p/w:1")
    assert connection.name == "stripe/aurora"


def test_a_path_begins_every_request(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "http://app:key@127.0.0.1:8102/crm/")
    connection = connection_from_environment("stripe", "aurora")
    assert connection.base_url == "http://127.0.0.1:8102/crm"


def test_an_ipv6_host_keeps_its_brackets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "https://:key@[::1]:8102")
    assert connection_from_environment("stripe", "aurora").base_url == "https://[::1]:8102"


def test_a_password_never_shows_in_a_repr(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "http://app:topsecret@127.0.0.1:8102")
    assert "topsecret" not in repr(connection_from_environment("stripe", "aurora"))


def test_a_missing_connection_names_the_variable_and_its_shape() -> None:
    with pytest.raises(ConfigurationError, match=r"set CLOSEBOOK_CONN_ZENDESK__NORTH_SEA to http"):
        connection_from_environment("zendesk", "north-sea")


@pytest.mark.parametrize(
    "value", ["topsecret", "ftp://a:topsecret@h", "http://a:topsecret@h:port", "http://"]
)
def test_a_malformed_connection_is_refused_without_being_repeated(
    monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv(VARIABLE, value)
    with pytest.raises(ConfigurationError, match=VARIABLE) as caught:
        connection_from_environment("stripe", "aurora")
    assert "topsecret" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_sources_yml_lists_vendors_and_folders(tmp_path: Path) -> None:
    (tmp_path / "sources.yml").write_text(
        "sources:\n  - {source: stripe, tenant: aurora}\n"
        "files:\n  - {folder: files/payroll, mapping: mapping.yml}\n"
        "  - {folder: /absolute, mapping: /elsewhere/m.yml}\n"
        "  - {folder: 's3://bucket/inbox', mapping: mapping.yml}\n",
        encoding="utf-8",
    )
    sources = configured_sources(tmp_path)
    assert sources.vendors == (ConfiguredSource("stripe", "aurora"),)
    assert [(entry.folder, entry.mapping) for entry in sources.files] == [
        (f"{tmp_path}/files/payroll", "mapping.yml"),
        ("/absolute", "/elsewhere/m.yml"),
        ("s3://bucket/inbox", "mapping.yml"),
    ]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("source: []", "unknown key 'source'; did you mean 'sources'?"),
        ("sources: [{source: stripe}]", "sources, entry 1: 'tenant' is missing"),
        ("sources: [{source: stripe, tenent: a}]", "unknown key 'tenent'; did you mean 'tenant'?"),
        ("sources: [{source: stripe, tenant: 7}]", "tenant must be text, got 7"),
        ("sources: [stripe]", "expected ['source', 'tenant'], got 'stripe'"),
        ("sources: {source: stripe}", "sources must be a list"),
        ("sources: [", "is not YAML"),
        ("- stripe", "expected the keys"),
        ("policy: policy", "is where landed policy is kept; put your CSV files elsewhere, e.g."),
        ("policy: ./policy/of_2026", "is where landed policy is kept"),
        ("files: [{folder: landing, mapping: m.yml}]", "is where what has landed is kept"),
    ],
)
def test_a_wrong_sources_yml_names_the_place(tmp_path: Path, content: str, says: str) -> None:
    (tmp_path / "sources.yml").write_text(content, encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        configured_sources(tmp_path)
    assert says in str(caught.value)
    assert str(tmp_path / "sources.yml") in str(caught.value)


def test_without_sources_yml_the_message_shows_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"sources.yml does not exist: write"):
        configured_sources(tmp_path)
