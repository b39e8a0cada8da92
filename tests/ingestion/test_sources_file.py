"""One entry of sources.yml changes; everything that somebody wrote around it stays."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingestion.connections import configured_sources
from ingestion.errors import ConfigurationError
from ingestion.sources_file import entry_of, write_entry

WRITTEN = """\
# what this house reads
sources:
  - {source: stripe, tenant: aurora}  # the old account
  # the CRM
  - source: salesforce
    tenant: aurora
  # and support
  - {source: zendesk, tenant: aurora}

policy: company/policy  # dated rules
"""
NEW = {"source": "roundup", "tenant": "aurora", "connection": "airflow"}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "sources.yml").write_text(WRITTEN, encoding="utf-8")
    return tmp_path


def written(home: Path) -> str:
    return (home / "sources.yml").read_text(encoding="utf-8")


def test_an_entry_is_added_after_the_last_one(home: Path) -> None:
    write_entry(home, "roundup", "aurora", NEW)
    line = "  - {source: roundup, tenant: aurora, connection: airflow}\n"
    last = "  - {source: zendesk, tenant: aurora}\n"
    assert written(home) == WRITTEN.replace(last, last + line)
    assert entry_of(home, "roundup", "aurora") == NEW
    assert configured_sources(home).vendors[-1].kept_in == "airflow"


def test_an_entry_is_replaced_where_it_stands_and_its_comments_stay(home: Path) -> None:
    for source in ("stripe", "salesforce"):
        off = {"source": source, "tenant": "aurora", "enabled": False}
        write_entry(home, source, "aurora", off)
    assert written(home) == WRITTEN.replace(
        "{source: stripe, tenant: aurora}", "{source: stripe, tenant: aurora, enabled: false}"
    ).replace(
        "source: salesforce\n    tenant: aurora",
        "{source: salesforce, tenant: aurora, enabled: false}",
    )
    found = configured_sources(home)
    assert [vendor.source for vendor in found.vendors] == ["zendesk"]
    assert [vendor.source for vendor in found.disabled] == ["stripe", "salesforce"]


def test_an_entry_is_removed_with_its_line_alone(home: Path) -> None:
    write_entry(home, "zendesk", "aurora", None)
    assert written(home) == WRITTEN.replace("  - {source: zendesk, tenant: aurora}\n", "")
    for source in ("stripe", "salesforce"):
        write_entry(home, source, "aurora", None)
    assert configured_sources(home).vendors == ()
    assert "policy: company/policy  # dated rules" in written(home)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "policy: p",
        "sources:\npolicy: p\n",
        "sources: []\npolicy: p\n",
        "sources: [{source: stripe, tenant: aurora}]\npolicy: p\n",
        "sources:\n- source: stripe\n  tenant: aurora\npolicy: p",
        "sources:\n- {source: stripe, tenant: aurora}",
    ],
)
def test_however_the_list_is_written_an_entry_comes_and_goes(tmp_path: Path, text: str) -> None:
    path = tmp_path / "sources.yml"
    if text:
        path.write_text(text, encoding="utf-8")
    before = len(configured_sources(tmp_path).vendors) if text else 0
    write_entry(tmp_path, "roundup", "aurora", NEW)
    assert len(configured_sources(tmp_path).vendors) == before + 1
    assert configured_sources(tmp_path).policy == (tmp_path / "p" if "policy" in text else None)
    write_entry(tmp_path, "roundup", "aurora", None)
    assert len(configured_sources(tmp_path).vendors) == before


def test_a_list_that_cannot_be_changed_safely_is_left_as_it_is(tmp_path: Path) -> None:
    text = "one: &one {source: stripe, tenant: aurora}\nsources:\n  - *one\n"
    (tmp_path / "sources.yml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError, match="change it by hand"):
        write_entry(tmp_path, "stripe", "aurora", None)
    assert written(tmp_path) == text


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ("enabled: no thanks", "enabled must be true or false"),
        ("connection: vault", "one of environment, airflow"),
        ("enable: true", "did you mean 'enabled'"),
    ],
)
def test_what_an_entry_may_not_say_is_refused(tmp_path: Path, entry: str, says: str) -> None:
    text = f"sources: [{{source: stripe, tenant: aurora, {entry}}}]"
    (tmp_path / "sources.yml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=says):
        configured_sources(tmp_path)


def test_a_source_that_stands_twice_is_refused(tmp_path: Path) -> None:
    entry = "{source: stripe, tenant: aurora}"
    (tmp_path / "sources.yml").write_text(f"sources: [{entry}, {entry}]", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="entry 2: stripe of aurora stands twice"):
        configured_sources(tmp_path)
