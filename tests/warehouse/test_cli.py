"""`closebook` says what happened in one line, what to do, and ends with the right code."""

from __future__ import annotations

import resource
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import duckdb
import pytest
from starlette.responses import Response

from expectations.contract import CheckResult, Severity
from expectations.results import create_tables, write_results
from ingestion.catalog import connector_of
from ingestion.clock import FixedClock
from ingestion.landing import Landing
from tests.ingestion.vendor import running_vendor
from tests.warehouse.conftest import TABLES, basis, fill_warehouse
from warehouse.cli import EXIT_ERROR, EXIT_GATE, _explain, cli, invoke
from warehouse.decisions import BY_COMMAND, KIND_MEANINGS, all_decisions
from warehouse.errors import BuildFailedError
from warehouse.home import Home
from warehouse.policy_tables import POLICY_TABLES
from warehouse.publish import current_version, publish, record_attempt

PROJECT = Path(__file__).parents[2]
POLICY = str(PROJECT / "company" / "policy")

Said = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def environment(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLOSEBOOK_HOME", str(home.root))
    monkeypatch.setenv("CLOSEBOOK_NOW", "2026-07-01T03:00:00+08:00")
    monkeypatch.setenv("CLOSEBOOK_HASH_SALT", "a salt of tests")
    monkeypatch.setenv("COLUMNS", "200")


@pytest.fixture
def two_versions(home: Home, clock: FixedClock) -> Home:
    for number in (1, 2):
        fill_warehouse(home, number)
        publish(home, basis(number), TABLES, [], 3, clock)
    return home


def test_help_answers_within_half_a_second() -> None:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    said = subprocess.run(
        [sys.executable, "-m", "warehouse", "--help"],
        cwd=PROJECT, check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    # Processor time: the machine that runs this test may be busy with others.
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 0.5
    assert "Exit codes" in said


@pytest.mark.parametrize("command", sorted(cli.commands))
def test_every_command_explains_itself(command: str, capsys: Said) -> None:
    assert invoke([command, "--help"]) == 0
    assert len(capsys.readouterr().out.splitlines()) > 5


def test_the_help_of_decide_lists_every_kind(capsys: Said) -> None:
    invoke(["decide", "--help"])
    said = capsys.readouterr().out
    for kind, meaning in KIND_MEANINGS.items():
        if kind not in BY_COMMAND:
            assert kind in said and meaning in said


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["run"], "sources.yml does not exist"),
        (["run", "--no-ingest"], "nothing has landed"),
        (["run", "--as-of", "yesterday"], "%Y-%m-%d"),
        (["gate"], "closebook run"),
        (["gate", "raw"], "no build is planned"),
        (["publish"], "no build is planned"),
        (["policy", "land", "/nowhere"], "there is no such folder"),
        (["process", "check"], "write `policy: policy_files` into"),
        (["process", "check", "/nowhere"], "there is no such folder"),
        (["process", "init", "/nowhere", "--source", "salesforce"], "there is no such folder"),
        (["process", "init"], "--source"),
        (["intake", "/nowhere"], "/nowhere"),
        (
            ["backfill", "files", "--from", "2026-01-01", "--until", "2026-02-01"],
            "files are not read by a range: `closebook intake FOLDER`",
        ),
        (["versions", "rollback", "v000001-2026-06-30", "--reason", "x"], "there is no version"),
        (["decide", "maybe", "--subject", "s", "--reason", "r"], "allow_policy_change"),
        (["decide", "action", "--subject", "s", "--reason", "r", "--payload", "{"], "not JSON"),
        (["decide", "action", "--subject", "s", "--reason", "r", "--payload", "[]"], "object"),
        (["decide", "rollback", "--subject", "s", "--reason", "r"], "closebook versions rollback"),
        (["decide", "source", "--subject", "s", "--reason", "r"], "closebook source"),
        (["decide", "action", "--reason", "r"], "--subject"),
        (["nonsense"], "nonsense"),
    ],
)
def test_an_error_is_a_message_and_no_traceback(
    arguments: list[str], says: str, capsys: Said
) -> None:
    assert invoke(arguments) == EXIT_ERROR
    said = capsys.readouterr().err
    assert says in said
    assert "Traceback" not in said and "unexpected" not in said


@pytest.mark.parametrize(("severity", "code"), [("critical", EXIT_GATE), ("warning", 0)])
def test_gate_names_the_fix_and_ends_as_the_build_did(
    severity: Severity, code: int, home: Home, monkeypatch: pytest.MonkeyPatch, capsys: Said
) -> None:
    result = CheckResult(
        "marts", "headline", "cash_is_whole", severity, False, 5, 1, "1 of 5", "none",
        "the totals must hold", "finance", "land the missing invoice", "one line",
    )  # fmt: skip
    passed = replace(result, check_name="months", success=True, fix="nothing to do")
    with duckdb.connect(str(home.database)) as connection:
        create_tables(connection)
        write_results(connection, "marts", (result, passed))
    monkeypatch.setattr("warehouse.plan.load_plan", lambda _: SimpleNamespace(as_of_date="today"))
    assert invoke(["gate", "--all"]) == code
    said = capsys.readouterr().out
    assert "fix: land the missing invoice" in said and "nothing to do" not in said
    assert "2 checks, 1 not passed" in said


def test_a_clock_without_a_zone_is_refused(monkeypatch: pytest.MonkeyPatch, capsys: Said) -> None:
    monkeypatch.setenv("CLOSEBOOK_NOW", "2026-07-01")
    assert invoke(["status"]) == EXIT_ERROR
    assert "no time zone" in capsys.readouterr().err


def test_debug_shows_the_traceback(capsys: Said) -> None:
    assert invoke(["--debug", "publish"]) == EXIT_ERROR
    said = capsys.readouterr().err
    assert "Traceback" in said and "error: no build is planned" in said


def test_a_gate_has_an_exit_code_of_its_own(capsys: Said) -> None:
    assert _explain(BuildFailedError("raw", "one line a check", [])) == EXIT_GATE
    said = capsys.readouterr().err
    assert "the raw gate refused" in said and "one line a check" in said


def test_the_file_environment_gives_what_is_not_set(home: Home) -> None:
    (home.root / "environment").write_text(
        "# comment=1\nCLOSEBOOK_NOW=no time at all\nAIRFLOW__X=1\n", encoding="utf-8"
    )
    given = {"CLOSEBOOK_HOME": str(home.root), "PATH": ""}
    for more, code, text in (
        ({}, 1, "CLOSEBOOK_NOW='no time at all'"),
        ({"CLOSEBOOK_NOW": "2026-07-01T03:00:00+08:00"}, 0, "Nothing is published yet"),
    ):
        done = subprocess.run(
            [sys.executable, "-m", "warehouse", "status"],
            cwd=PROJECT, env=given | more, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == code
        assert text in done.stdout + done.stderr


def test_a_full_disk_is_named(capsys: Said) -> None:
    assert _explain(OSError(28, "No space left on device", "/var/x")) == EXIT_ERROR
    assert "No space left on device: /var/x" in capsys.readouterr().err


def test_status_says_that_the_clock_is_pinned(
    monkeypatch: pytest.MonkeyPatch, capsys: Said
) -> None:
    monkeypatch.setenv("CLOSEBOOK_NOW", "2026-07-01T03:00:00+08:00")
    assert invoke(["status"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "pinned by CLOSEBOOK_NOW to 2026-06-30 19:00 UTC: every age counts to then" in said
    monkeypatch.delenv("CLOSEBOOK_NOW")
    assert invoke(["status"]) == 0
    assert "pinned" not in capsys.readouterr().out


def test_status_before_anything_says_what_to_run(capsys: Said) -> None:
    assert invoke(["status"]) == 0
    assert "closebook run" in capsys.readouterr().out


def test_status_names_the_version_and_the_last_failure(
    two_versions: Home, clock: FixedClock, capsys: Said
) -> None:
    record_attempt(two_versions, as_of_date="2026-07-01", failed_gate="stage_entry",
                   message="stage 'Verbal' is not mapped (3 entries)", failed_checks=[],
                   clock=clock)  # fmt: skip
    assert invoke(["status"]) == 0
    said = capsys.readouterr().out
    for text in ("v000002-2026-06-30", "as of 2026-06-30", "3 rows in quarantine",
                 "stopped at the stage_entry gate", "'Verbal' is not mapped"):  # fmt: skip
        assert text in said


def test_versions_marks_the_one_that_readers_see(two_versions: Home, capsys: Said) -> None:
    assert invoke(["versions"]) == 0
    marked = [line for line in capsys.readouterr().out.splitlines() if "*" in line]
    assert len(marked) == 1 and "v000002-2026-06-30" in marked[0]


def test_rolling_back_moves_the_readers_and_leaves_a_decision(
    two_versions: Home, capsys: Said
) -> None:
    assert invoke(["versions", "rollback", "v000001-2026-06-30", "--reason", "wrong rate",
                   "--actor", "ana"]) == 0  # fmt: skip
    now = current_version(two_versions)
    assert now is not None and now.version == "v000001-2026-06-30"
    (decision,) = all_decisions(Landing(two_versions.decisions))
    assert (decision.kind, decision.actor, decision.reason) == ("rollback", "ana", "wrong rate")


def test_policy_is_checked_then_landed_then_unchanged(home: Home, capsys: Said) -> None:
    assert invoke(["policy", "check", POLICY]) == 0
    assert f"{len(POLICY_TABLES)} tables" in capsys.readouterr().out
    assert Landing(home.policy).last_seq() == 0
    assert invoke(["policy", "land", POLICY]) == 0
    assert f"{len(POLICY_TABLES)} tables landed, 0 unchanged" in capsys.readouterr().out
    assert invoke(["policy", "land", POLICY]) == 0
    assert f"0 tables landed, {len(POLICY_TABLES)} unchanged" in capsys.readouterr().out


def test_only_a_landing_says_that_nothing_was_landed(capsys: Said) -> None:
    for command, landed in (("check", False), ("land", True)):
        assert invoke(["policy", command, "/nowhere"]) == EXIT_ERROR
        said = capsys.readouterr().err
        assert "/nowhere holds 1 problem" in said and ("nothing was landed" in said) is landed


@pytest.mark.parametrize("command", [["policy", "land"], ["policy", "check"], ["intake"]])
def test_a_store_of_the_home_is_no_folder_of_csv_files(
    command: list[str], home: Home, capsys: Said
) -> None:
    assert invoke([*command, str(home.policy)]) == EXIT_ERROR
    said = capsys.readouterr().err
    assert "is where landed policy is kept" in said and f"{home.policy}_files" in said


def test_a_decision_says_under_which_id_it_stands(home: Home, capsys: Said) -> None:
    assert invoke(["decide", "waiver", "--subject", "opportunity:006", "--reason", "on paper",
                   "--actor", "ana", "--payload", '{"rule": "amount"}']) == 0  # fmt: skip
    (decision,) = all_decisions(Landing(home.decisions))
    assert decision.decision_id in capsys.readouterr().out
    assert decision.payload == {"rule": "amount"}
    assert invoke(["decisions", "--kind", "waiver"]) == 0
    said = capsys.readouterr().out
    assert "opportunity:006" in said and "on paper" in said and "ana" in said
    assert invoke(["decisions", "--kind", "approval"]) == 0
    assert "Nothing was decided yet" in capsys.readouterr().out
    assert invoke(["decisions", "--kind", "waver"]) == EXIT_ERROR


def test_doctor_names_each_fault_and_its_repair(home: Home, capsys: Said) -> None:
    (home.root / "sources.yml").write_text("sources: [{source: stripe, tenant: aurora}]\n")
    assert invoke(["doctor"]) == EXIT_ERROR
    said = capsys.readouterr().out
    assert "ok     duckdb: 2.0.0" in said
    assert "FAULT  stripe of aurora: no connection" in said
    assert "CLOSEBOOK_CONN_STRIPE__AURORA" in said
    assert said.rstrip().endswith("1 fault")


def test_doctor_misses_the_salt_of_hashes(
    home: Home, monkeypatch: pytest.MonkeyPatch, capsys: Said
) -> None:
    (home.root / "sources.yml").write_text("sources: []\n")
    assert invoke(["doctor"]) == 0
    assert "ok     CLOSEBOOK_HASH_SALT: set" in capsys.readouterr().out
    monkeypatch.delenv("CLOSEBOOK_HASH_SALT")
    assert invoke(["doctor"]) == EXIT_ERROR
    said = capsys.readouterr().out
    assert "FAULT  CLOSEBOOK_HASH_SALT: not set" in said and "never change it" in said


def test_doctor_asks_a_source_for_a_page_of_everything_and_lands_nothing(
    home: Home, capsys: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home.root / "sources.yml").write_text("sources: [{source: stripe, tenant: aurora}]\n")
    with running_vendor() as vendor:
        monkeypatch.setenv(
            "CLOSEBOOK_CONN_STRIPE__AURORA", vendor.base_url.replace("://", "://:sk_secret@")
        )
        for resource in connector_of("stripe").resources:
            path = resource.endpoint.format(invoice="x")
            vendor.on(path, {"has_more": False, "data": [{"id": "x"}] * 3})
        vendor.on("/v1/refunds", Response('{"error": "no right to read refunds"}', 403))
        assert invoke(["doctor", "--source", "stripe"]) == EXIT_ERROR
    said = capsys.readouterr().out
    assert "stripe of aurora: customer: 3 rows on the first page" in said
    assert "stripe of aurora: refund: not read" in said and "no right to read refunds" in said
    assert "1 fault" in said and "sk_secret" not in said
    assert Landing(home.landing).last_seq() == 0


def test_doctor_says_once_that_nobody_listens_or_lets_nobody_in(
    home: Home, monkeypatch: pytest.MonkeyPatch, capsys: Said
) -> None:
    (home.root / "sources.yml").write_text(
        "sources:\n- {source: stripe, tenant: aurora}\n- {source: stripe, tenant: borealis}\n"
        "- {source: stripe, tenant: closed, enabled: false}\n"
    )
    monkeypatch.setenv("CLOSEBOOK_CONN_STRIPE__AURORA", "http://:sk@127.0.0.1:1")
    assert invoke(["doctor", "--source", "stripe/aurora"]) == EXIT_ERROR
    said = capsys.readouterr().out
    assert "FAULT  stripe of aurora: 127.0.0.1:1 does not answer ([Errno" in said
    assert said.count("FAULT") == 1 and "borealis" not in said
    with running_vendor() as vendor:
        for resource in connector_of("stripe").resources:
            vendor.on(resource.endpoint.format(invoice="x"), Response("{}", 401))
        monkeypatch.setenv(
            "CLOSEBOOK_CONN_STRIPE__BOREALIS", vendor.base_url.replace("://", "://:sk@")
        )
        assert invoke(["doctor", "--source", "stripe/borealis"]) == EXIT_ERROR
    said = capsys.readouterr().out
    assert said.count("FAULT") == 1 and "stripe of borealis: cannot sign in" in said
    assert "answered 401" in said and "nothing of this load" not in said
    assert invoke(["doctor", "--source", "stripe/closed"]) == 0
    assert "stripe of closed: disabled, not tested" in capsys.readouterr().out


def test_doctor_says_how_to_configure_a_source(home: Home, capsys: Said) -> None:
    (home.root / "sources.yml").write_text("sources: []\n")
    assert invoke(["doctor", "--source", "zendesk"]) == EXIT_ERROR
    assert "add `- {source: zendesk" in capsys.readouterr().out
    assert invoke(["doctor", "--source", "zendesc"]) == EXIT_ERROR
    assert "did you mean 'zendesk'" in capsys.readouterr().err


def test_doctor_looks_at_the_folders_of_files(home: Home, capsys: Said) -> None:
    (home.root / "sources.yml").write_text("sources: []\n")
    assert invoke(["doctor", "--source", "files"]) == EXIT_ERROR
    assert "files: [{folder: <folder>" in capsys.readouterr().out
    (home.root / "deals").mkdir()
    (home.root / "sources.yml").write_text(
        "files:\n- {folder: deals, mapping: mapping.yml}\n- {folder: gone, mapping: mapping.yml}\n"
    )
    assert invoke(["doctor", "--source", "files"]) == EXIT_ERROR
    said = capsys.readouterr().out
    assert f"ok     {home.root / 'deals'}: there" in said
    assert f"FAULT  {home.root / 'gone'}: missing" in said and "1 fault" in said
    assert invoke(["doctor", "--source", "files/aurora"]) == EXIT_ERROR
    assert "`closebook doctor --source files` looks at their folders" in capsys.readouterr().err


def test_doctor_reaches_out_to_every_connection(
    home: Home, monkeypatch: pytest.MonkeyPatch, capsys: Said
) -> None:
    (home.root / "sources.yml").write_text("sources: [{source: stripe, tenant: aurora}]\n")
    monkeypatch.setenv("CLOSEBOOK_CONN_STRIPE__AURORA", "http://:secret@127.0.0.1:1")
    assert invoke(["doctor"]) == EXIT_ERROR
    said = capsys.readouterr().out
    assert "127.0.0.1:1 does not answer" in said
    assert "secret" not in said


@pytest.mark.parametrize("command", ["status", "verify", "versions", "gate", "decisions", "schema"])
def test_who_asks_about_a_home_that_is_none_is_told_where_it_was_looked_for(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Said
) -> None:
    monkeypatch.setenv("CLOSEBOOK_HOME", str(tmp_path / "elsewhere"))
    assert invoke([command]) == EXIT_ERROR
    assert f"{tmp_path / 'elsewhere'} is no home of Closebook" in capsys.readouterr().err
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("command", ["policy", "process"])
def test_a_check_makes_no_home_and_says_that_it_compared_with_no_past(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Said
) -> None:
    home = tmp_path / "elsewhere"
    monkeypatch.setenv("CLOSEBOOK_HOME", str(home))
    assert invoke([command, "check", POLICY]) == 0
    compared = f"nothing has landed in {home}: not compared with a past"
    assert compared in capsys.readouterr().out
    assert invoke(["doctor"]) in (0, EXIT_ERROR)
    assert not home.exists()
    assert invoke(["policy", "land", POLICY]) == 0
    assert invoke([command, "check", POLICY]) == 0
    assert compared not in capsys.readouterr().out


def test_status_says_who_is_building(home: Home, capsys: Said) -> None:
    with subprocess.Popen(["sleep", "60"]) as other:
        (home.warehouse / "build.lock").write_text(str(other.pid))
        assert invoke(["status"]) == 0
        assert f"Process {other.pid} is building" in capsys.readouterr().out
        other.kill()
    assert invoke(["status"]) == 0
    said = capsys.readouterr().out
    assert "is building" not in said and "closebook run" in said


def test_a_gate_may_be_named_with_a_hyphen(home: Home, capsys: Said) -> None:
    for name in ("stage-entry", "stage_entry"):
        assert invoke(["gate", name]) == EXIT_ERROR
        assert "Invalid value" not in capsys.readouterr().err
    assert invoke(["gate", "stage"]) != 0
    assert "is not one of" in capsys.readouterr().err


def test_a_table_that_goes_into_a_file_keeps_its_words(two_versions: Home, capsys: Said) -> None:
    assert invoke(["versions"]) == 0
    header = next(line for line in capsys.readouterr().out.splitlines() if "version" in line)
    for word in ("as of", "tables", "quarantine"):
        assert word in header
