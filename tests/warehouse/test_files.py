"""A folder of files lands only for a tenant that policy knows; everything else is `intake`'s."""

from __future__ import annotations

from pathlib import Path

import pytest

from dags._folders import take_in
from ingestion.landing import Landing
from warehouse.cli import EXIT_ERROR, _clock, _ingest, invoke
from warehouse.home import Home

PROJECT = Path(__file__).parents[2]
POLICY = str(PROJECT / "company" / "policy")
MAPPING = """
tenant: aurora
files:
  - file: "*.csv"
    entities:
      - {entity: activity, source_id: id, columns: {occurred_at: at, activity_type: kind}}
"""

Said = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def environment(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLOSEBOOK_HOME", str(home.root))
    monkeypatch.setenv("CLOSEBOOK_NOW", "2026-07-01T03:00:00+08:00")


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    folder = tmp_path / "inbox"
    folder.mkdir()
    (folder / "calls.csv").write_text("id,at,kind\n1,2026-06-01,call\n", encoding="utf-8")
    (folder / "mapping.yml").write_text(MAPPING, encoding="utf-8")
    return folder


def of_tenant(inbox: Path, tenant: str) -> None:
    text = MAPPING.replace("aurora", tenant)
    (inbox / "mapping.yml").write_text(text, encoding="utf-8")


def test_a_tenant_that_policy_does_not_know_is_refused_before_anything_lands(
    home: Home, inbox: Path, capsys: Said
) -> None:
    assert invoke(["policy", "land", POLICY]) == 0
    of_tenant(inbox, "arora")
    assert invoke(["intake", str(inbox)]) == EXIT_ERROR
    said = capsys.readouterr().err
    for text in (str(inbox / "mapping.yml"), "'arora'", "only aurora, borealis", "tenant.csv",
                 "closebook policy land"):  # fmt: skip
        assert text in said
    assert Landing(home.landing).last_seq() == 0
    of_tenant(inbox, "aurora")
    assert invoke(["intake", str(inbox)]) == 0
    assert Landing(home.landing).last_seq() == 1


def test_before_any_policy_every_tenant_may_land(home: Home, inbox: Path) -> None:
    of_tenant(inbox, "arora")
    assert invoke(["intake", str(inbox)]) == 0
    assert Landing(home.landing).last_seq() == 1


def test_run_reports_the_tenant_and_lands_the_other_folders(
    home: Home, inbox: Path, capsys: Said
) -> None:
    other = inbox.parent / "other"
    other.mkdir()
    for path in inbox.iterdir():
        (other / path.name).write_bytes(path.read_bytes())
    of_tenant(inbox, "arora")
    (home.root / "sources.yml").write_text(
        f"policy: {POLICY}\nfiles:\n"
        f"  - {{folder: {inbox}, mapping: mapping.yml}}\n"
        f"  - {{folder: {other}, mapping: mapping.yml}}\n",
        encoding="utf-8",
    )
    (failure,) = _ingest(home, _clock())
    assert "policy knows no tenant 'arora'" in failure
    assert [load.tenant for load in Landing(home.landing).accepted()] == ["aurora"]


def test_the_task_of_the_dag_refuses_the_tenant_as_well(home: Home, inbox: Path) -> None:
    assert invoke(["policy", "land", POLICY]) == 0
    of_tenant(inbox, "arora")
    with pytest.raises(Exception, match="policy knows no tenant 'arora'"):
        take_in.function(str(inbox), "mapping.yml")
    assert Landing(home.landing).last_seq() == 0


def test_refused_rows_end_an_intake_with_an_error_and_the_others_land(
    home: Home, inbox: Path, capsys: Said
) -> None:
    (inbox / "calls.csv").write_text("id,at,kind\n1,never,call\n2,2026-06-01,call\n", "utf-8")
    assert invoke(["intake", str(inbox)]) == EXIT_ERROR
    assert capsys.readouterr().out.splitlines() == [
        "inbox/calls.csv: taken in, activity 1, 1 refused",
        f"1 row to correct: 1 in {inbox / 'calls.csv.errors.csv'}",
    ]
    (load,) = Landing(home.landing).accepted()
    assert (load.rows, load.rejected_rows) == (1, 1)


def test_a_folder_without_anything_new_is_one_line_of_a_run(
    home: Home, inbox: Path, capsys: Said
) -> None:
    for number in range(3):
        text = f"id,at,kind\n{number},2026-06-01,call\n"
        (inbox / f"calls-{number}.csv").write_text(text, "utf-8")
    (home.root / "sources.yml").write_text(
        f"files: [{{folder: {inbox}, mapping: mapping.yml}}]\n", encoding="utf-8"
    )
    _ingest(home, _clock())
    assert len(capsys.readouterr().out.splitlines()) == 4
    _ingest(home, _clock())
    assert capsys.readouterr().out == f"{inbox}: 4 files unchanged\n"
