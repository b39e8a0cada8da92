"""`closebook process`: begun from what a vendor calls its stages, checked whole."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import duckdb
import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from ingestion.clock import FixedClock
from tests.ingestion.vendor import Vendor, running_vendor
from tests.warehouse.test_policy import DEMO_POLICY, LATER, House
from warehouse.cli import EXIT_ERROR, invoke
from warehouse.errors import PolicyError
from warehouse.home import Home
from warehouse.policy import check_process
from warehouse.policy_rows import PolicyProblem

Said = pytest.CaptureFixture[str]


@pytest.fixture
def house(tmp_path: Path, home: Home) -> House:
    folder = tmp_path / "policy"
    shutil.copytree(DEMO_POLICY, folder)
    return House(folder, home)


def found(house: House, clock: FixedClock) -> tuple[PolicyProblem, ...]:
    """What the check of the process says."""
    try:
        check_process(house.folder, house.home, clock)
    except PolicyError as refusal:
        problems: tuple[PolicyProblem, ...] = refusal.problems
        return problems
    return ()


def test_the_default_process_has_no_fault(house: House, clock: FixedClock) -> None:
    assert found(house, clock) == ()


def test_everything_wrong_is_said_at_once_with_file_line_field_value_and_fix(
    house: House, clock: FixedClock
) -> None:
    house.land(clock)
    house.edit("process_stage", "Discovery,需求调研,3,open", "Discovery,需求调研,three,opened")
    house.edit("stage_map", "lead,Working,lead_acquired", "lead,Working,?")
    house.edit("stage_map", "opportunity,Discovery,discovery", "opportunity,Discovery,discovered")
    house.edit("stage_entry_rule", "proposal,amount > 0,", "proposal,amount >,")
    house.edit("stage_entry_rule", "decision_maker_count > 0,", "makers > 0,")
    house.edit(
        "stage_probability", "default,lead_acquired,0.05,2023", "default,lead_acquired,5,2023"
    )
    overlap = house.append("stage_probability", "default,proposal,0.4,2026-08-01,")
    (house.folder / "process_steps.csv").write_text("a\n")
    problems = found(house, LATER)
    assert [(p.file, p.row, p.field, p.value) for p in problems] == [
        ("process_steps.csv", 0, "", ""),
        ("process_stage.csv", 4, "stage_order", "three"),
        ("process_stage.csv", 4, "kind", "opened"),
        ("stage_map.csv", 3, "stage_id", "?"),
        # The file can be read, so it is held to what landed as well.
        ("stage_map.csv", 3, "", ""),
        ("stage_map.csv", 7, "stage_id", "discovered"),
        ("stage_map.csv", 7, "", ""),
        ("stage_entry_rule.csv", 2, "predicate", "amount >"),
        ("stage_entry_rule.csv", 2, "", ""),
        ("stage_entry_rule.csv", 6, "predicate", "makers > 0"),
        ("stage_entry_rule.csv", 6, "", ""),
        ("stage_probability.csv", 2, "probability_rate", "5"),
        ("stage_probability.csv", overlap, "valid_from", "2026-08-01"),
    ]
    assert all(problem.why and problem.fix for problem in problems)
    assert "Write one of cash_collected, closed_lost" in problems[3].fix
    assert "allow_policy_change --subject stage_map" in problems[4].fix


def test_what_is_wrong_with_other_policy_is_for_the_check_of_all_of_it(
    house: House, clock: FixedClock
) -> None:
    house.edit("fx_rate", "7.050000", "seven")
    (house.folder / "pay_code.csv").unlink()
    assert found(house, clock) == ()
    assert len(house.problems(clock)) == 2


# What is appended to which table, or replaced in it -> line, field and why.
NEVER_RIGHT: dict[str, tuple[str, str, str, str]] = {
    "an order from nought": (
        "process_stage", "default,idea,Idea,想法,0,open,2023-01-01,", "stage_order", "from 1",
    ),
    "two stages in one place": (
        "process_stage", "default,demo,Demo,演示,4,open,2023-01-01,", "stage_order", "same order",
    ),
    "an open stage after the win": (
        "process_stage", "default,demo,Demo,演示,8,open,2023-01-01,", "stage_order", "comes before",
    ),
    "two ways to collect": (
        "process_stage", "default,paid,Paid,已付,8,collected,2023-01-01,", "kind", "count twice",
    ),
    "a name that nobody decided": (
        "stage_map", "salesforce,*,default,lead,Nurture,?,2023-01-01,", "stage_id", "nobody has",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", NEVER_RIGHT)
def test_landing_refuses_what_no_build_could_read_rightly(
    house: House, clock: FixedClock, case: str
) -> None:
    table, line, field, why = NEVER_RIGHT[case]
    number = house.append(table, line)
    problems = house.problems(clock)
    assert {(p.file, p.field) for p in problems} == {(f"{table}.csv", field)}
    assert number in {p.row for p in problems} or case == "an open stage after the win"
    assert all(why in p.why for p in problems)
    assert problems == found(house, clock), "one code, two doors"


def test_a_stage_of_another_pipeline_is_no_stage(house: House, clock: FixedClock) -> None:
    house.append("process_stage", "upsell,grown,Grown,增购,1,won,2023-01-01,")
    house.append("process_stage", "upsell,due,Due,到期,2,open,2023-01-01,2023-01-02")
    number = house.append("stage_map", "salesforce,*,upsell,opportunity,Due,discovery,2023-01-01,")
    problems = {(p.file, p.row): p for p in house.problems(clock)}
    assert "the pipeline upsell has no such stage" in problems["stage_map.csv", number].why
    assert problems["stage_map.csv", number].fix == "Write one of due, grown"


def test_a_pipeline_without_stages_is_told_to_get_some(house: House, clock: FixedClock) -> None:
    number = house.append("stage_map", "salesforce,*,upsell,opportunity,Due,?,2023-01-01,")
    problems = {(p.file, p.row): p for p in house.problems(clock)}
    fix = problems["stage_map.csv", number].fix
    assert fix == "pipeline 'upsell' has no stages: add them to process_stage.csv first"


def test_the_same_order_at_different_times_is_no_conflict(house: House, clock: FixedClock) -> None:
    house.append("process_stage", "default,pilot,Pilot,试点,3,open,2020-01-01,2023-01-01")
    assert house.land(clock).landed


@pytest.mark.parametrize(
    ("predicate", "why"),
    [
        ("amount + 1", "is DECIMAL(19,2), not true or false"),
        ("close_date > 5", "Cannot compare values of type DATE"),
    ],
)
def test_a_rule_is_tried_on_a_context_without_entries(
    house: House, clock: FixedClock, predicate: str, why: str
) -> None:
    house.edit("stage_entry_rule", "proposal,amount > 0,", f"proposal,{predicate},")
    (problem,) = house.problems(clock)
    assert (problem.row, problem.field, problem.value) == (2, "predicate", predicate)
    assert why in problem.why


GAPS: dict[str, tuple[str, str, str, str, str]] = {
    "a name without a row for a month": (
        "stage_map", "salesforce,*,default,lead,New,lead_acquired,2023-01-01,",
        "salesforce,*,default,lead,New,lead_acquired,2023-01-01,2025-01-01\n"
        "salesforce,*,default,lead,New,lead_acquired,2025-02-01,",
        "valid_from", "from 2025-01-01 to 2025-02-01 (exclusive) no row of this key",
    ),
    "a name mapped to a stage that was given up": (
        "process_stage", "default,discovery,Discovery,需求调研,3,open,2023-01-01,",
        "default,discovery,Discovery,需求调研,3,open,2023-01-01,2026-03-01",
        "valid_to", "discovery is no stage of default from 2026-03-01 on",
    ),
    "a name mapped before its stage began": (
        "stage_map", "salesforce,*,default,lead,New,lead_acquired,2023-01-01,",
        "salesforce,*,default,lead,New,lead_acquired,2022-01-01,",
        "valid_from", "no stage of default from 2022-01-01 to 2023-01-01",
    ),
    "a pipeline that cannot be won": (
        "process_stage", "contract_signed,Contract signed,签订合同,6,won",
        "contract_signed,Contract signed,签订合同,6,open", "kind", "no stage of kind won",
    ),
    "a rule that ends before it blocks": (
        "stage_entry_rule", "填写报价金额。,2023-01-01,", "填写报价金额。,2023-01-01,2026-06-05",
        "enforced_from", "never blocks",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", GAPS)
def test_the_check_says_what_would_land_and_surprise(
    house: House, clock: FixedClock, case: str
) -> None:
    table, old, new, field, why = GAPS[case]
    house.edit(table, old, new)
    problems = found(house, clock)
    assert field in {p.field for p in problems}
    assert all(why in p.why and p.row and p.fix for p in problems)
    house.land(clock)


def test_a_hole_that_a_wider_row_covers_is_none(house: House, clock: FixedClock) -> None:
    row = "salesforce,aurora,default,lead,New,qualified"
    house.append("stage_map", f"{row},2025-01-01,2025-02-01")
    house.append("stage_map", f"{row},2026-01-01,")
    assert found(house, clock) == ()


# --- closebook process init ---------------------------------------------------------------------

OF_NEW_BUSINESS = ["process", "init", "--source", "salesforce", "--pipeline", "default"]
STATUSES = ["New", "Working", "Qualified", "Nurture"]
STAGES = [
    ("Discovery", False, False), ("Verbal/yes", False, False), ("Won!", True, True),
    ("Closed Lost", True, False),
]  # fmt: skip


@pytest.fixture
def vendor(home: Home, monkeypatch: pytest.MonkeyPatch) -> Iterator[Vendor]:
    with running_vendor() as running:
        running.on("/services/oauth2/token", {"access_token": "t"})
        running.on("/services/data/v61.0/query", _answer)
        monkeypatch.setenv("CLOSEBOOK_HOME", str(home.root))
        monkeypatch.setenv("CLOSEBOOK_NOW", "2026-07-01T03:00:00+08:00")
        for tenant in ("AURORA", "BOREALIS"):
            address = running.base_url.replace("://", "://id:secret@")
            monkeypatch.setenv(f"CLOSEBOOK_CONN_SALESFORCE__{tenant}", address)
        yield running


def _answer(request: Request) -> Response:
    query = request.query_params["q"]
    assert query.endswith(" ORDER BY SortOrder")
    rows = (
        [{"ApiName": name} for name in STATUSES]
        if "FROM LeadStatus" in query
        else [{"ApiName": name, "IsClosed": ends, "IsWon": won} for name, ends, won in STAGES]
    )
    return JSONResponse({"done": True, "records": rows})


def _configure(home: Home, folder: Path, *tenants: str) -> None:
    entries = "".join(f"  - {{source: salesforce, tenant: {tenant}}}\n" for tenant in tenants)
    (home.root / "sources.yml").write_text(f"sources:\n{entries}policy: {folder}\n")


def _map(house: House) -> list[str]:
    return (house.folder / "stage_map.csv").read_text(encoding="utf-8").splitlines()


def test_init_begins_the_map_from_the_vendors_list_and_marks_what_nobody_can_tell(
    house: House, vendor: Vendor, capsys: Said
) -> None:
    _configure(house.home, house.folder, "aurora", "borealis")
    (house.folder / "stage_map.csv").unlink()
    assert invoke(OF_NEW_BUSINESS) == 0
    assert _map(house) == [
        "source_system,tenant,pipeline_id,record_type,source_stage,stage_id,valid_from,valid_to",
        "salesforce,*,default,lead,New,?,2023-01-01,",
        "salesforce,*,default,lead,Working,?,2023-01-01,",
        "salesforce,*,default,lead,Qualified,qualified,2023-01-01,",
        "salesforce,*,default,lead,Nurture,?,2023-01-01,",
        "salesforce,*,default,opportunity,Discovery,discovery,2023-01-01,",
        "salesforce,*,default,opportunity,Verbal/yes,?,2023-01-01,",
        "salesforce,*,default,opportunity,Won!,contract_signed,2023-01-01,",
        "salesforce,*,default,opportunity,Closed Lost,closed_lost,2023-01-01,",
    ]
    said = capsys.readouterr().out
    assert "salesforce of borealis: 8 names" in said
    assert "8 rows added, 0 names had one" in said and "4 of them nobody could tell" in said
    assert invoke(["process", "check"]) == EXIT_ERROR
    assert capsys.readouterr().err.count("nobody has decided which stage this is") == 4


def test_init_changes_no_row_that_is_there_and_has_nothing_to_add_the_second_time(
    house: House, vendor: Vendor, capsys: Said
) -> None:
    _configure(house.home, house.folder, "aurora", "borealis")
    path = house.folder / "stage_map.csv"
    mine = "salesforce,borealis,default,opportunity,Won!,cash_collected,2024-01-01,"
    before = "\ufeff" + path.read_text(encoding="utf-8").replace("\n", "\r\n") + mine
    path.write_bytes(before.encode())
    assert invoke([*OF_NEW_BUSINESS, "--from", "2026-07-01"]) == 0
    after = path.read_bytes().decode()
    assert after.startswith(before)
    assert after.removeprefix(before).split("\r\n") == [
        "",
        "salesforce,*,default,lead,Nurture,?,2026-07-01,",
        "salesforce,*,default,opportunity,Verbal/yes,?,2026-07-01,",
        "salesforce,aurora,default,opportunity,Won!,contract_signed,2026-07-01,",
        "",
    ]
    assert invoke(["process", "init", "--source", "salesforce"]) == 0
    assert path.read_bytes().decode() == after
    assert "0 rows added, 16 names had one" in capsys.readouterr().out


def test_init_takes_in_what_the_last_build_met_from_the_day_on_which_it_met_it(
    house: House, vendor: Vendor, clock: FixedClock, capsys: Said
) -> None:
    _configure(house.home, house.folder, "aurora")
    house.land(clock)
    with duckdb.connect(str(house.home.database)) as connection:
        connection.execute(
            """
            create schema intermediate;
            create table intermediate.int_stage_entries as from (values
                ('salesforce', 'aurora', 'default', 'opportunity', 'Verbal/yes', null,
                    date '2026-06-20'),
                ('salesforce', 'aurora', 'default', 'opportunity', 'Verbal/yes', null,
                    date '2026-06-18'),
                ('salesforce', 'borealis', 'default', 'lead', 'Recycled', null, date '2026-06-30'),
                ('salesforce', 'aurora', 'default', 'lead', 'New', 'lead_acquired',
                    date '2026-06-01'),
                ('files', 'olist', 'olist', 'opportunity', 'MQL', null, date '2017-06-14')
            ) as e(source_system, tenant, pipeline_id, record_type, stage_name, stage_id,
                   entered_date)
            """
        )
    before = _map(house)
    assert invoke(OF_NEW_BUSINESS) == 0
    assert _map(house)[len(before) :] == [
        "salesforce,*,default,lead,Nurture,?,2026-07-01,",
        "salesforce,*,default,opportunity,Verbal/yes,?,2026-06-18,",
        "salesforce,*,default,opportunity,Won!,contract_signed,2026-07-01,",
        "salesforce,borealis,default,lead,Recycled,?,2026-06-30,",
    ]
    assert invoke(["process", "init", "--source", "files"]) == 0
    assert _map(house)[-1] == "files,olist,olist,opportunity,MQL,?,2017-06-14,"


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("zendesk", "zendesk has no list of sales stages that can be asked for"),
        ("tryton", "closebook source add tryton TENANT"),
        ("salesforse", "did you mean 'salesforce'?"),
    ],
)
def test_init_says_what_it_cannot_ask(
    house: House, vendor: Vendor, capsys: Said, source: str, says: str
) -> None:
    _configure(house.home, house.folder, "aurora")
    before = _map(house)
    assert invoke(["process", "init", "--source", source]) == EXIT_ERROR
    assert says in capsys.readouterr().err
    assert _map(house) == before


def test_init_asks_which_pipeline_a_name_of_none_belongs_to(
    house: House, vendor: Vendor, capsys: Said
) -> None:
    _configure(house.home, house.folder, "aurora")
    before = _map(house)
    arguments = ["process", "init", "--source", "salesforce"]
    assert invoke(arguments) == EXIT_ERROR
    asks = "pipelines default, renewal: say with --pipeline which one Nurture, Verbal/yes, Won!"
    assert asks in capsys.readouterr().err
    assert _map(house) == before
    assert invoke([*arguments, "--pipeline", "renewal"]) == 0
    assert "salesforce,*,renewal,lead,New,?,2023-01-01," in _map(house)
    after = _map(house)
    assert invoke(arguments) == 0, "every name has a row in one of them"
    assert _map(house) == after


def test_init_without_stages_to_map_to_says_so(house: House, vendor: Vendor, capsys: Said) -> None:
    _configure(house.home, house.folder, "aurora")
    (house.folder / "process_stage.csv").unlink()
    assert invoke(["process", "init", "--source", "salesforce"]) == EXIT_ERROR
    assert "process_stage.csv: the file is missing" in capsys.readouterr().err


def test_a_policy_folder_must_be_named_somewhere(
    house: House, vendor: Vendor, capsys: Said
) -> None:
    fix = f"write `policy: policy_files` into {house.home.root / 'sources.yml'}"
    for command in (["process", "check"], ["process", "init", "--source", "files"]):
        assert invoke(command) == EXIT_ERROR
        assert fix in capsys.readouterr().err
    (house.home.root / "sources.yml").write_text("sources: []\n")
    assert invoke(["process", "check"]) == EXIT_ERROR
    assert fix in capsys.readouterr().err
    assert invoke(["process", "check", str(house.folder)]) == 0
    assert "14 in process_stage.csv" in capsys.readouterr().out


def test_first_days_of_undecided_names_are_the_pipelines(house: House, vendor: Vendor) -> None:
    house.edit("process_stage", "default,qualified,Qualified,线索确认,2,open,2023-01-01",
               "default,qualified,Qualified,线索确认,2,open,2024-05-01")  # fmt: skip
    _configure(house.home, house.folder, "aurora")
    (house.folder / "stage_map.csv").unlink()
    assert invoke(OF_NEW_BUSINESS) == 0
    days = {line.split(",")[4]: date.fromisoformat(line.split(",")[6]) for line in _map(house)[1:]}
    assert (days["New"], days["Qualified"]) == (date(2023, 1, 1), date(2024, 5, 1))


def test_a_name_that_had_no_stage_may_get_one_from_the_day_on_which_it_appeared(
    house: House, clock: FixedClock
) -> None:
    """Every build has stopped at it: there is no past that it would change."""
    house.land(clock)
    house.append("stage_map", "salesforce,*,default,opportunity,Demo,discovery,2024-03-01,")
    assert found(house, LATER) == ()


def test_a_name_that_had_a_stage_keeps_it_in_the_past(house: House, clock: FixedClock) -> None:
    house.edit("stage_map", "opportunity,Discovery,discovery,2023-01-01,",
               "opportunity,Discovery,discovery,2023-01-01,2026-01-01")  # fmt: skip
    house.land(clock)
    row = "salesforce,aurora,default,opportunity,Discovery,proposal"
    first = house.append("stage_map", f"{row},2026-01-01,2026-02-01")
    assert found(house, LATER) == ()
    house.append("stage_map", f"{row},2025-12-31,2026-01-01")
    (problem,) = found(house, LATER)
    assert (problem.row, "there was no row" in problem.why) == (first + 1, True)


def test_a_name_that_the_last_build_met_has_a_stage_on_the_days_on_which_it_met_it(
    house: House, clock: FixedClock
) -> None:
    """Whoever takes a row out, or ends it too early, learns it before the next build stops."""
    house.edit("stage_map", "opportunity,Discovery,discovery,2023-01-01,",
               "opportunity,Discovery,discovery,2023-01-01,2026-06-18")  # fmt: skip
    house.edit("stage_map", "salesforce,*,default,lead,Working,lead_acquired,2023-01-01,\n", "")
    with duckdb.connect(str(house.home.database)) as connection:
        connection.execute(
            """
            create schema intermediate;
            create table intermediate.int_stage_entries as from (values
                ('salesforce', 'aurora', 'default', 'opportunity', 'Discovery',
                    date '2026-06-17'),
                ('salesforce', 'borealis', 'default', 'opportunity', 'Discovery',
                    date '2026-06-18'),
                ('salesforce', 'aurora', 'default', 'opportunity', 'Qualification',
                    date '2023-01-01'),
                ('salesforce', 'aurora', 'default', 'lead', 'Working', date '2026-06-01'),
                ('salesforce', 'aurora', 'default', 'lead', null, date '2026-06-01')
            ) as e(source_system, tenant, pipeline_id, record_type, stage_name, entered_date)
            """
        )
    problems = found(house, clock)
    assert [(p.file, p.field, p.value) for p in problems] == [
        ("stage_map.csv", "source_stage", "Working"),
        ("stage_map.csv", "source_stage", "Discovery"),
    ]
    assert (
        "on 2026-06-01 it has no stage, and aurora of salesforce has 1 entries" in problems[0].why
    )
    assert "on 2026-06-18 it has no stage, and borealis" in problems[1].why
    assert "process init --source salesforce" in problems[1].fix
