"""Folders of files, taken in through a mapping."""

from __future__ import annotations

import csv
import gzip
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ingestion.clock import FixedClock
from ingestion.errors import ConfigurationError
from ingestion.files.intake import IntakeReport, entity_columns, intake
from ingestion.files.mapping import (
    EntityMapping,
    FileMapping,
    Mapping,
    SourceId,
    Value,
    read_mapping,
)
from ingestion.files.store import name_in, opened
from ingestion.landing import Landing

SAMPLE = Path(__file__).parent / "data" / "funnel"


@dataclass
class Desk:
    """A folder on disk and the landing store that it is taken into."""

    folder: Path
    landing: Landing
    clock: FixedClock

    def write(self, name: str, text: str, encoding: str = "utf-8") -> Path:
        path = self.folder / name
        path.write_bytes(text.encode(encoding))
        return path

    def map(self, text: str) -> None:
        self.write("mapping.yml", text)

    def take_in(self, hours: float = 0) -> IntakeReport:
        now = FixedClock(self.clock.instant + timedelta(hours=hours))
        return intake(self.folder, None, self.landing, now)

    def known(self, entity: str, columns: str) -> list[tuple[Any, ...]]:
        """The latest version of each row that is not deleted, as the warehouse reads it."""
        parts = [
            f"select *, {load.commit_seq} as seq "
            f"from read_parquet('{self.landing.root / file.path}', hive_partitioning = false)"
            for load in self.landing.accepted()
            if load.resource == entity
            for file in load.files
        ]
        return duckdb.execute(
            f"""
            with landed as ({" union all by name ".join(parts)}),
            latest as (
                select * from landed
                qualify row_number() over (
                    partition by source_tenant, source_id order by seq desc, _row_number desc
                ) = 1
            )
            select {columns} from latest where not is_deleted order by source_id
            """
        ).fetchall()

    def errors(self, name: str) -> list[tuple[str, ...]]:
        """(row, field, value, why) of a file's error file."""
        with (self.folder / f"{name}.errors.csv").open(encoding="utf-8", newline="") as file:
            lines = list(csv.DictReader(file))
        assert all(line["fix"] for line in lines)
        return [(line["row"], line["field"], line["value"], line["why"]) for line in lines]


@pytest.fixture
def desk(tmp_path: Path, landing: Landing, clock: FixedClock) -> Desk:
    folder = tmp_path / "inbox"
    folder.mkdir()
    return Desk(folder, landing, clock)


@pytest.fixture
def funnel(desk: Desk) -> Desk:
    for path in SAMPLE.iterdir():
        shutil.copy(path, desk.folder)
    return desk


@pytest.fixture
def payroll(desk: Desk) -> Desk:
    """A register with semicolons, decimal commas and local dates."""
    desk.map(
        """
        tenant: aurora
        files:
          - file: payroll-*.csv
            delimiter: ";"
            decimal: ","
            date_format: "%d.%m.%Y"
            entities:
              - entity: payroll_line
                source_id: line_id
                columns:
                  employee_number: employee_no
                  pay_date: pay_date
                  pay_code: {column: code, values: {Prov: COMM, "-": null}}
                  gross_amount: gross
                  currency_code: {constant: CNY}
        """
    )
    return desk


HEADER = "employee_no;pay_date;code;gross;line_id\n"
PAID = "source_id, employee_number, pay_date::text, pay_code, gross_amount"


def test_two_files_feed_one_opportunity_and_each_its_own_events(funnel: Desk) -> None:
    funnel.take_in()
    assert funnel.known("opportunity", "source_id, stage_name, is_won, lead_source, amount") == [
        ("L1", "Closed Won", True, "social", Decimal("1234.50")),
        ("L2", "Closed Won", True, None, Decimal("0.00")),
        ("L3", "MQL", False, "unknown", None),
        ("L5", "MQL", False, "paid_search", None),
        ("L6", "MQL", False, "email", None),
        ("L8", "MQL", False, "organic, search", None),
    ]
    assert funnel.known("stage_event", "source_id, record_source_id, stage_name") == [
        (f"{lead}:{kind}", lead, {"mql": "MQL", "won": "Closed Won"}[kind])
        for lead, kind in [
            ("L1", "mql"), ("L1", "won"), ("L2", "mql"), ("L2", "won"), ("L3", "mql"),
            ("L5", "mql"), ("L6", "mql"), ("L8", "mql"), ("L8", "won"),
        ]
    ]  # fmt: skip


def test_local_times_land_in_utc_even_when_they_are_impossible_in_order(funnel: Desk) -> None:
    funnel.take_in()
    times = "source_id, created_at::text, closed_at::text, effective_at::text"
    by_id = {row[0]: row[1:] for row in funnel.known("opportunity", times)}
    # Sao Paulo kept summer time (UTC-2) in January 2018.
    assert by_id["L1"] == ("2018-01-05 02:00:00", "2018-02-01 12:00:00", "2018-02-01 12:00:00")
    assert by_id["L2"] == ("2018-01-06 02:00:00", "2018-01-01 11:00:00", "2018-01-01 11:00:00")
    assert by_id["L3"] == ("2018-01-07 02:00:00", None, "2018-01-07 02:00:00")


def test_every_refused_row_is_named_with_field_value_and_reason(funnel: Desk) -> None:
    report = funnel.take_in()
    conflict = "row 9 has the same id and other values; that one was kept"
    assert funnel.errors("leads.csv") == [
        ("4", "first_contact", "2018-02-30", "not a date or time as the mapping reads it"),
        ("5", "lead_id", "", "the row has no id"),
        ("8", "source_id", "L6", conflict),
        ("8", "source_id", "L6:mql", conflict),
        ("10", "", "L7,2018-01-12,display,extra", "the row has more values than the header"),
    ]
    assert funnel.errors("deals.csv") == [
        ("4", "created_at", "", "opportunity needs created_at, and no file gives it"),
        ("4", "pipeline_id", "", "opportunity needs pipeline_id, and no file gives it"),
        (
            "5",
            "revenue",
            "12,345",
            "not a number with at most two decimals as the mapping reads it",
        ),
    ]
    assert str(report).splitlines() == [
        "inbox/leads.csv: taken in, opportunity 6, stage_event 6, 2 equal duplicates dropped, "
        "4 refused",
        "inbox/deals.csv: taken in, opportunity 2, stage_event 3, 2 refused",
        f"6 rows to correct: 4 in {funnel.folder / 'leads.csv.errors.csv'}, "
        f"2 in {funnel.folder / 'deals.csv.errors.csv'}",
    ]
    rejected = {load.resource: load.rejected_rows for load in report.loads if "leads" in str(load)}
    assert rejected == {"opportunity": 4, "stage_event": 3}


def test_a_file_taken_in_twice_changes_nothing(funnel: Desk) -> None:
    funnel.take_in()
    seq = funnel.landing.last_seq()
    report = funnel.take_in(hours=1)
    assert [file.outcome for file in report.files] == ["unchanged", "unchanged"]
    assert report.loads == ()
    assert str(report).splitlines()[0] == "2 files unchanged"
    assert funnel.landing.last_seq() == seq


def test_an_unchanged_file_still_has_its_rows_to_correct(funnel: Desk) -> None:
    first = funnel.take_in()
    refused = funnel.errors("leads.csv")
    (funnel.folder / "leads.csv.errors.csv").unlink()
    again = funnel.take_in(hours=1)
    assert again.refused == first.refused == 6
    assert again.to_correct() == first.to_correct()
    assert funnel.errors("leads.csv") == refused


def test_a_row_that_lacked_a_value_lands_once_another_file_gives_it(funnel: Desk) -> None:
    funnel.take_in()
    lacking, *_ = funnel.errors("deals.csv")
    assert lacking[3] == "opportunity needs created_at, and no file gives it"
    deals = (funnel.folder / "deals.csv").read_text(encoding="utf-8").splitlines()
    missing = deals[int(lacking[0])].split(";")[0]
    leads = funnel.folder / "leads.csv"
    text = leads.read_text(encoding="utf-8")
    leads.write_text(text.rstrip("\n") + f"\n{missing},2018-01-12,display\n", encoding="utf-8")
    report = funnel.take_in(hours=1)
    assert [file.outcome for file in report.files] == ["taken in", "taken in"]
    assert [error[1] for error in funnel.errors("deals.csv")] == ["revenue"]
    assert missing in {row[0] for row in funnel.known("opportunity", "source_id")}
    seq = funnel.landing.last_seq()
    funnel.take_in(hours=2)
    assert funnel.landing.last_seq() == seq


def test_a_row_that_was_refused_and_then_left_out_is_gone(payroll: Desk) -> None:
    good, other = "E1;31.05.2026;Prov;100,00;A1\n", "E2;31.05.2026;Prov;50,00;A2\n"
    payroll.write("payroll-1.csv", HEADER + good + other)
    payroll.take_in()
    payroll.write("payroll-1.csv", HEADER + good.replace("100,00", "hundred") + other)
    assert payroll.take_in(hours=1).refused == 1
    assert [row[0] for row in payroll.known("payroll_line", PAID)] == ["A1", "A2"]
    payroll.write("payroll-1.csv", HEADER + other)
    payroll.take_in(hours=2)
    assert [row[0] for row in payroll.known("payroll_line", PAID)] == ["A2"]


def test_a_corrected_file_replaces_its_own_rows_and_no_others(payroll: Desk) -> None:
    payroll.write("payroll-2026-05.csv", HEADER + "E1;31.05.2026;Prov;100,00;A1\n")
    payroll.write(
        "payroll-2026-06.csv",
        HEADER + "E1;30.06.2026;Prov;1.200,50;B1\nE2;30.06.2026;Prov;-3,10;B2\n",
    )
    payroll.take_in()
    assert payroll.known("payroll_line", PAID) == [
        ("A1", "E1", "2026-05-31", "COMM", Decimal("100.00")),
        ("B1", "E1", "2026-06-30", "COMM", Decimal("1200.50")),
        ("B2", "E2", "2026-06-30", "COMM", Decimal("-3.10")),
    ]
    payroll.write("payroll-2026-06.csv", HEADER + "E1;30.06.2026;Prov;1.300,00;B1\n")
    report = payroll.take_in(hours=1)
    assert [file.outcome for file in report.files] == ["unchanged", "taken in"]
    assert payroll.known("payroll_line", PAID) == [
        ("A1", "E1", "2026-05-31", "COMM", Decimal("100.00")),
        ("B1", "E1", "2026-06-30", "COMM", Decimal("1300.00")),
    ]


def test_other_values_for_an_id_in_a_second_file_are_refused(payroll: Desk) -> None:
    """Whichever of the two comes first by name, and whichever was delivered first."""
    line = "E1;30.06.2026;Prov;{};B1\n".format
    older = payroll.write("payroll-june.csv", HEADER + line("100,00"))
    newer = "payroll-june-corrected.csv"
    payroll.write(newer, HEADER + line("999,00"))
    report = payroll.take_in()
    assert [gross for *_, gross in payroll.known("payroll_line", PAID)] == [Decimal("999.00")]
    assert report.refused == 1
    assert f"1 with other values in inbox/{newer}" in str(report)
    assert payroll.errors(older.name) == [
        (
            "1",
            "gross_amount",
            "100.00",
            "id B1 has gross_amount 100.00 in inbox/payroll-june.csv and 999.00 in "
            f"inbox/{newer}; the latter was kept",
        )
    ]
    assert payroll.take_in(hours=1).refused == 1
    payroll.write(older.name, HEADER + line("999,00"))
    assert payroll.take_in(hours=2).refused == 0


def test_a_correction_of_another_name_counts_once_the_older_file_is_away(payroll: Desk) -> None:
    line = "E1;30.06.2026;Prov;{};B1\n".format
    older = payroll.write("payroll-june.csv", HEADER + line("100,00"))
    payroll.take_in()
    payroll.write("payroll-june-corrected.csv", HEADER + line("999,00"))
    assert payroll.take_in(hours=1).refused == 1
    assert [gross for *_, gross in payroll.known("payroll_line", PAID)] == [Decimal("100.00")]
    older.unlink()
    assert payroll.take_in(hours=2).refused == 0
    assert [gross for *_, gross in payroll.known("payroll_line", PAID)] == [Decimal("999.00")]


def test_a_value_corrected_in_two_files_at_once_lands(payroll: Desk) -> None:
    line = "E1;30.06.2026;Prov;{};B1\n".format
    for gross in ("100,00", "200,00"):
        for name in ("payroll-1.csv", "payroll-2.csv"):
            payroll.write(name, HEADER + line(gross))
        assert payroll.take_in(hours=int(gross[0])).refused == 0
    assert [gross for *_, gross in payroll.known("payroll_line", PAID)] == [Decimal("200.00")]


def test_a_file_that_is_emptied_takes_its_rows_with_it(payroll: Desk) -> None:
    payroll.write("payroll-1.csv", HEADER + "E1;31.05.2026;Prov;100,00;A1\n")
    payroll.take_in()
    payroll.write("payroll-1.csv", HEADER)
    payroll.take_in(hours=1)
    assert payroll.known("payroll_line", PAID) == []


def test_the_report_tells_rows_taken_from_rows_removed(payroll: Desk) -> None:
    line = "E{0};31.05.2026;Prov;100,00;A{0}\n".format
    payroll.write("payroll-1.csv", HEADER + line(1) + line(2) + line(3))
    assert str(payroll.take_in()) == "inbox/payroll-1.csv: taken in, payroll_line 3"
    payroll.write("payroll-1.csv", HEADER + line(4))
    said = str(payroll.take_in(hours=1))
    assert said == "inbox/payroll-1.csv: taken in, payroll_line 1, 3 removed"
    payroll.write("payroll-1.csv", HEADER)
    assert str(payroll.take_in(hours=2)) == (
        "inbox/payroll-1.csv: emptied, every row that it had is gone, payroll_line 0, 1 removed"
    )


def test_the_report_tells_rows_that_other_files_still_hold(funnel: Desk) -> None:
    funnel.take_in()
    funnel.write("deals.csv", "lead_id;seller;won_at;revenue\n")
    report = funnel.take_in(hours=1)
    assert report.files[1].line() == (
        "inbox/deals.csv: emptied, every row that it had is gone, "
        "opportunity 0, 1 removed, 2 left to other files, stage_event 0, 3 removed"
    )


def test_a_file_that_is_moved_away_leaves_its_rows(payroll: Desk) -> None:
    first = payroll.write("payroll-1.csv", HEADER + "E1;31.05.2026;Prov;100,00;A1\n")
    payroll.take_in()
    first.unlink()
    payroll.write("payroll-2.csv", HEADER + "E1;30.06.2026;Prov;100,00;B1\n")
    payroll.take_in(hours=1)
    assert [row[0] for row in payroll.known("payroll_line", PAID)] == ["A1", "B1"]


def test_a_corrected_row_leaves_the_error_file_and_a_clean_file_removes_it(payroll: Desk) -> None:
    payroll.write("payroll-1.csv", HEADER + "E1;31/05/2026;Prov;100,00;A1\n")
    payroll.take_in()
    assert payroll.errors("payroll-1.csv") == [
        ("1", "pay_date", "31/05/2026", "not a date as the mapping reads it")
    ]
    payroll.write("payroll-1.csv", HEADER + "E1;31.05.2026;Prov;100,00;A1\n")
    payroll.take_in(hours=1)
    assert not (payroll.folder / "payroll-1.csv.errors.csv").exists()
    assert len(payroll.known("payroll_line", PAID)) == 1


def test_a_deal_that_is_withdrawn_gives_the_lead_its_own_values_back(funnel: Desk) -> None:
    funnel.take_in()
    deals = (funnel.folder / "deals.csv").read_text(encoding="utf-8").splitlines()
    funnel.write("deals.csv", "\n".join(line for line in deals if not line.startswith("L1")))
    funnel.take_in(hours=1)
    columns = "source_id, stage_name, is_won, amount"
    assert funnel.known("opportunity", columns)[0] == ("L1", "MQL", False, None)
    assert "L1:won" not in [row[0] for row in funnel.known("stage_event", "source_id")]


def test_a_corrected_lead_file_keeps_what_the_deals_say(funnel: Desk) -> None:
    funnel.take_in()
    leads = (funnel.folder / "leads.csv").read_text(encoding="utf-8-sig")
    funnel.write("leads.csv", leads.replace("L1,2018-01-05,social", "L1,2018-01-05,email"))
    funnel.take_in(hours=1)
    columns = "source_id, stage_name, lead_source, owner_source_id"
    assert funnel.known("opportunity", columns)[0] == ("L1", "Closed Won", "email", "S1")


def test_a_lead_that_arrives_after_its_deal_completes_it(funnel: Desk) -> None:
    funnel.take_in()
    leads = (funnel.folder / "leads.csv").read_text(encoding="utf-8-sig")
    funnel.write("leads.csv", leads + "L9,2018-01-20,email\n")
    funnel.take_in(hours=1)
    columns = "source_id, stage_name, lead_source, owner_source_id"
    assert funnel.known("opportunity", columns)[-1] == ("L9", "Closed Won", "email", "S9")


def test_a_changed_mapping_reads_the_same_file_again(payroll: Desk) -> None:
    payroll.write("payroll-1.csv", HEADER + "E1;31.05.2026;Prov;100,00;A1\n")
    payroll.take_in()
    mapping = (payroll.folder / "mapping.yml").read_text(encoding="utf-8")
    payroll.map(mapping.replace("constant: CNY", "constant: EUR"))
    payroll.take_in(hours=1)
    assert payroll.known("payroll_line", "currency_code") == [("EUR",)]


def test_a_load_that_the_gate_refused_is_taken_in_again(payroll: Desk) -> None:
    payroll.write("payroll-1.csv", HEADER + "E1;31.05.2026;Prov;100,00;A1\n")
    payroll.landing.reject(payroll.take_in().loads[0].commit_seq, {"why": "volume"})
    assert [file.outcome for file in payroll.take_in(hours=1).files] == ["taken in"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030", "cp1252"])
def test_files_are_read_in_their_own_encoding(desk: Desk, encoding: str) -> None:
    name = "Müller" if encoding == "cp1252" else "上海极光"
    desk.write("a.csv", f'"id","name"\r\n1," {name} "\r\n', encoding)
    desk.map(
        f"""
        tenant: t
        files:
          - file: a.csv
            encoding: {encoding}
            entities: [{{entity: rep, source_id: id, columns: {{name: name}}}}]
        """
    )
    desk.take_in()
    assert desk.known("rep", "source_id, name") == [("1", name)]


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("1234,50", "1234.50"),
        ("1.234.567,5", "1234567.50"),
        ("-0,01", "-0.01"),
        ("1.23,4", None),
        ("1,234", None),
        ("1,2,3", None),
        ("12 CNY", None),
        ("9999999999999999,99", "9999999999999999.99"),
        ("10000000000000000,00", None),
    ],
)
def test_a_decimal_comma_is_read_exactly_or_refused(
    payroll: Desk, text: str, amount: str | None
) -> None:
    payroll.write("payroll-1.csv", HEADER + f"E1;31.05.2026;Prov;{text};A1\n")
    payroll.take_in()
    if amount is None:
        assert [error[:3] for error in payroll.errors("payroll-1.csv")] == [("1", "gross", text)]
    else:
        assert payroll.known("payroll_line", "gross_amount") == [(Decimal(amount),)]


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2026-01-31 23:30:00", "2026-01-31 15:30:00"),
        ("2026-01-31T23:30", "2026-01-31 15:30:00"),
        ("2026-01-31", "2026-01-30 16:00:00"),
        ("2026-01-31T23:30:00Z", "2026-01-31 23:30:00"),
        ("2026-01-31 23:30:00+01:00", "2026-01-31 22:30:00"),
        ("31/01/2026", None),
        ("2026-13-01", None),
    ],
)
def test_a_time_with_an_offset_says_when_one_without_is_local(
    desk: Desk, text: str, utc: str | None
) -> None:
    desk.write("a.csv", f"id,at\n1,{text}\n")
    desk.map(
        """
        tenant: t
        timezone: Asia/Shanghai
        files:
          - file: a.csv
            entities:
              - {entity: activity, source_id: id, columns: {occurred_at: at}}
        """
    )
    desk.take_in()
    if utc is None:
        assert [error[:3] for error in desk.errors("a.csv")] == [("1", "at", text)]
    else:
        assert desk.known("activity", "occurred_at::text") == [(utc,)]


def fixes(desk: Desk, name: str) -> list[str]:
    with (desk.folder / f"{name}.errors.csv").open(encoding="utf-8", newline="") as file:
        return [line["fix"] for line in csv.DictReader(file)]


@pytest.mark.parametrize(
    ("options", "lines"),
    [
        ("", ["2026-03-08 01:59:59", "2026-03-08T02:30:00", "2026-03-08 03:00", "2026-03-08"]),
        (
            'time_format: "%d.%m.%Y %H:%M"',
            ["08.03.2026 01:59", "08.03.2026 02:30", "08.03.2026 03:00", "09.03.2026 00:00"],
        ),
    ],
)
def test_a_local_time_that_the_clocks_skip_is_refused(
    desk: Desk, options: str, lines: list[str]
) -> None:
    desk.map(
        f"""
        tenant: t
        timezone: America/New_York
        files:
          - file: a.csv
            {options}
            entities:
              - {{entity: activity, source_id: id, columns: {{occurred_at: at}}}}
        """
    )
    desk.write("a.csv", "id,at\n" + "".join(f"{n},{at}\n" for n, at in enumerate(lines)))
    desk.take_in()
    why = "this time does not exist in America/New_York: the clocks go forward over it"
    assert desk.errors("a.csv") == [("2", "at", lines[1], why)]
    assert "write the time that was meant" in fixes(desk, "a.csv")[0]
    assert [row[0] for row in desk.known("activity", "source_id")] == ["0", "2", "3"]


def test_a_date_whose_midnight_the_clocks_skip_is_its_first_instant(desk: Desk) -> None:
    desk.map(
        """
        tenant: t
        timezone: America/Sao_Paulo
        files:
          - file: a.csv
            entities: [{entity: activity, source_id: id, columns: {occurred_at: at}}]
          - file: b.csv
            time_format: "%d.%m.%Y"
            entities: [{entity: activity, source_id: id, columns: {occurred_at: at}}]
        """
    )
    desk.write("a.csv", "id,at\n1,2017-10-15\n")
    desk.write("b.csv", "id,at\n2,15.10.2017\n")
    desk.take_in()
    instant = "2017-10-15 03:00:00"
    assert desk.known("activity", "occurred_at::text") == [(instant,), (instant,)]


@pytest.mark.parametrize(
    ("decimal", "value", "says"),
    [
        (".", "12,5", 'set `decimal: ","`'),
        (",", "1,200.50", 'set `decimal: "."`'),
        (",", "12 CNY", None),
    ],
)
def test_the_other_decimal_sign_is_offered_where_it_would_help(
    desk: Desk, decimal: str, value: str, says: str | None
) -> None:
    desk.map(
        f"""
        tenant: t
        files:
          - file: a.csv
            delimiter: ";"
            decimal: "{decimal}"
            entities: [{{entity: opportunity_line, source_id: id, columns:
                         {{opportunity_source_id: deal, line_amount: amount}}}}]
        """
    )
    desk.write("a.csv", f"id;deal;amount\n1;2;{value}\n")
    desk.take_in()
    (fix,) = fixes(desk, "a.csv")
    assert says in fix if says else "set `decimal" not in fix


@pytest.mark.parametrize(("delimiter", "spelt"), [(";", ";"), ("\t", "\\t"), ("|", "|")])
def test_a_file_with_another_delimiter_is_told_which(
    desk: Desk, delimiter: str, spelt: str
) -> None:
    desk.map(
        "{tenant: t, files: [{file: a.csv, entities: "
        "[{entity: rep, source_id: id, columns: {name: name}}]}]}"
    )
    desk.write("a.csv", f"id{delimiter}name\n1{delimiter}x\n")
    with pytest.raises(ConfigurationError) as caught:
        desk.take_in()
    assert f'set `delimiter: "{spelt}"`' in str(caught.value)


def test_columns_that_the_mapping_does_not_use_are_named_once_a_file(payroll: Desk) -> None:
    payroll.write(
        "payroll-1.csv",
        "note;employee_no;pay_date;code;gross;line_id;x\n;E1;31.05.2026;Prov;1;A;\n",
    )
    assert str(payroll.take_in()).endswith("payroll_line 1, columns not mapped: note, x")


def test_rows_without_an_id_get_one_that_is_the_same_in_every_delivery(desk: Desk) -> None:
    desk.map(
        """
        tenant: t
        files:
          - file: a.csv
            entities:
              - entity: activity
                source_id: {generated: true}
                columns: {occurred_at: at, activity_type: kind}
        """
    )
    desk.write("a.csv", "at,kind\n2026-01-01,call\n2026-01-01,call\n2026-01-02,mail\n")
    desk.take_in()
    before = desk.known("activity", "source_id, activity_type")
    assert len(before) == 3
    desk.write(
        "a.csv", "at,kind\n2026-01-02,mail\n2026-01-03,new\n2026-01-01,call\n2026-01-01,call\n"
    )
    desk.take_in(hours=1)
    after = desk.known("activity", "source_id, activity_type")
    assert set(before) < set(after)
    assert len(after) == 4


def test_the_delivered_bytes_are_kept_and_the_columns_are_as_declared(payroll: Desk) -> None:
    path = payroll.write("payroll-1.csv", HEADER + "E1;31.05.2026;-;100,00;A1\n")
    content = path.read_bytes()
    [load] = payroll.take_in().loads
    assert gzip.decompress((payroll.landing.root / load.pages[0]).read_bytes()) == content
    part = str(payroll.landing.root / load.files[0].path)
    relation = duckdb.read_parquet(part, hive_partitioning=False)
    assert relation.columns == [name for name, _ in entity_columns("payroll_line")]


def test_rows_after_a_broken_one_keep_their_number(payroll: Desk) -> None:
    good, broken, wrong = "E1;31.05.2026;Prov;1,00;", "E1;31.05.2026", "E1;31.05.2026;Prov;x;"
    lines = [f"{good}A1", broken, f"{wrong}A3", f"{good}A4;more", f"{good}A5", f"{wrong}A6"]
    payroll.write("payroll-1.csv", HEADER + "\n".join(lines) + "\n")
    payroll.take_in()
    assert [(row, field) for row, field, *_ in payroll.errors("payroll-1.csv")] == [
        ("2", ""),
        ("3", "gross"),
        ("4", ""),
        ("6", "gross"),
    ]
    assert len(payroll.known("payroll_line", PAID)) == 2


def test_a_value_that_is_mapped_to_nothing_is_empty(payroll: Desk) -> None:
    payroll.write("payroll-1.csv", HEADER + "E1;31.05.2026;-;100,00;A1\n")
    payroll.take_in()
    assert payroll.errors("payroll-1.csv") == [
        ("1", "pay_code", "", "payroll_line needs pay_code, and no file gives it")
    ]


def test_nothing_of_a_file_lands_when_its_error_file_cannot_be_written(
    payroll: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    payroll.write("payroll-1.csv", HEADER + "E1;never;Prov;100,00;A1\n")
    # The tests may run as root, to whom every folder is writable.
    monkeypatch.setattr("ingestion.files.intake.os.access", lambda path, _: path != payroll.folder)
    with pytest.raises(ConfigurationError, match=r"payroll-1\.csv has rows to correct.*read-only"):
        payroll.take_in()
    assert payroll.landing.last_seq() == 0


MAPPING = (SAMPLE / "mapping.yml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("entity: opportunity", "entity: oportunity", "no entity 'oportunity'; did you mean 'opp"),
        ("lead_source:", "lead_sorce:", "no field 'lead_sorce'; did you mean 'lead_source'?"),
        ("lead_source: origin", "lead_source: orign", "which the file does not have; did you mean"),
        ("decimal:", "decimals:", "entry 2: unknown key 'decimals'; did you mean 'decimal'?"),
        ("tenant: sample", "", "'tenant' is missing"),
        ("tenant: sample", "tenant: ../up", "becomes a folder's name"),
        ("America/Sao_Paulo", "America/Sao_Paolo", "'America/Sao_Paolo' is not a zone"),
        ("file: leads.csv", "file: lead.csv", "has no file 'lead.csv'"),
        ("where: won_at is present", "where: won_at exists", "none of `column is present`"),
        ("{present: won_at}", "{present: won_at, constant: 1}", "exactly one of column, constant"),
        ("source_id: lead_id", "source_id: {suffix: x}", "source_id: give a column"),
        ("files:", "fils:", "unknown key 'fils'; did you mean 'files'?"),
    ],
)  # fmt: skip
def test_a_wrong_mapping_names_the_place_and_the_nearest_valid_name(
    funnel: Desk, old: str, new: str, says: str
) -> None:
    funnel.map(MAPPING.replace(old, new))
    if old == "file: leads.csv":
        (funnel.folder / "deals.csv").unlink()
    with pytest.raises(ConfigurationError) as caught:
        funnel.take_in()
    assert says in str(caught.value)
    assert str(funnel.folder) in str(caught.value)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "the first line must name the columns"),
        (b"a,a\n1,2\n", "every column needs a name of its own"),
        (b"lead_id,first_contact,origin\nL1,2018-01-01,\xff\xfe\n", "line 2 is not utf-8"),
    ],
)
def test_a_file_that_cannot_be_read_at_all_says_why(
    funnel: Desk, content: bytes, says: str
) -> None:
    (funnel.folder / "leads.csv").write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"leads\.csv") as caught:
        funnel.take_in()
    assert says in str(caught.value)
    assert funnel.landing.last_seq() == 0


def test_the_olist_mapping_is_a_valid_mapping() -> None:
    mapping = read_mapping(Path(__file__).parents[2] / "examples" / "olist" / "mapping.yml")
    assert mapping.tenant == "olist"
    assert len(mapping.files) == 2


def test_the_day_an_invoice_was_settled_is_shown_its_place(tmp_path: Path) -> None:
    path = tmp_path / "mapping.yml"
    text = (
        "{tenant: t, files: [{file: f.csv, entities: "
        "[{entity: invoice, source_id: id, columns: {$field: day}}]}]}"
    )
    for field, told in (("settled_at", True), ("isued_at", False)):
        path.write_text(text.replace("$field", field), encoding="utf-8")
        with pytest.raises(ConfigurationError, match="did you mean 'issued_at'") as refused:
            read_mapping(path)
        assert ("`paid_at` of `payment`" in str(refused.value)) is told


def test_two_folders_with_equal_file_names_stay_apart(
    tmp_path: Path, landing: Landing, clock: FixedClock, make: Callable[[Path, str], None]
) -> None:
    for name in ("north", "south"):
        make(tmp_path / name, name)
        intake(tmp_path / name, None, landing, clock)
    desk = Desk(tmp_path, landing, clock)
    assert desk.known("rep", "source_id") == [("north",), ("south",)]


@pytest.fixture
def make() -> Callable[[Path, str], None]:
    def write(folder: Path, id: str) -> None:
        folder.mkdir()
        (folder / "reps.csv").write_text(f"id\n{id}\n", encoding="utf-8")
        (folder / "mapping.yml").write_text(
            "{tenant: t, files: [{file: reps.csv, entities: "
            "[{entity: rep, source_id: id, columns: {name: id}}]}]}",
            encoding="utf-8",
        )

    return write


PAGE = Path(__file__).parents[2] / "docs" / "mapping.md"


def test_a_number_that_cannot_be_read_is_asked_for_in_words(desk: Desk) -> None:
    desk.map(
        """
        tenant: aurora
        files:
          - file: calls.csv
            decimal: ","
            entities:
              - entity: activity
                source_id: call
                columns: {occurred_at: at, duration_minutes: minutes}
              - entity: opportunity
                source_id: call
                columns:
                  pipeline_id: {constant: p}
                  stage_name: {constant: s}
                  created_at: at
                  probability_rate: chance
        """
    )
    desk.write("calls.csv", "call,at,minutes,chance\nC1,2026-06-01,half,likely\n")
    desk.take_in()
    assert desk.errors("calls.csv") == [
        ("1", "chance", "likely", "not a number with at most six decimals as the mapping reads it"),
        ("1", "minutes", "half", "not a whole number as the mapping reads it"),
    ]
    text = (desk.folder / "calls.csv.errors.csv").read_text(encoding="utf-8")
    assert "write it as in 30\n" in text
    assert "write it as in 1234,50, with at most 12 digits before the decimals" in text


def test_of_several_rows_of_one_id_the_first_or_last_in_time_is_kept(desk: Desk) -> None:
    """Rows of a log stand in any order; a later entry of the mapping wins, field by field."""
    desk.map(
        """
        tenant: aurora
        files:
          - file: log.csv
            time_format: "%d.%m.%Y"
            entities:
              - entity: opportunity
                source_id: case
                keep: {first: at}
                columns: {pipeline_id: {constant: p}, created_at: at, stage_name: did}
              - entity: opportunity
                source_id: case
                keep: {last: at}
                columns: {stage_name: did}
        """
    )
    desk.write("log.csv", "case,did,at\nA,won,03.02.2026\nA,asked,28.01.2026\n,lost,01.01.2026\n")
    report = desk.take_in()
    assert desk.known("opportunity", "source_id, stage_name, created_at::date::text") == [
        ("A", "won", "2026-01-28")
    ]
    assert report.refused == 1
    assert desk.errors("log.csv")[0][3] == "the row has no id"


def test_an_unreadable_time_by_which_rows_are_kept_is_the_only_fault(desk: Desk) -> None:
    desk.map(
        """
        tenant: aurora
        files:
          - file: log.csv
            entities:
              - entity: opportunity
                source_id: case
                keep: {first: at}
                columns: {pipeline_id: {constant: p}, created_at: at}
              - entity: opportunity
                source_id: case
                keep: {last: at}
                columns: {stage_name: did}
        """
    )
    desk.write("log.csv", "case,did,at\nA,asked,soon\nB,,2026-01-28\n")
    desk.take_in()
    assert desk.errors("log.csv") == [
        ("1", "at", "soon", "not a date or time as the mapping reads it"),
        ("2", "stage_name", "", "opportunity needs stage_name, and no file gives it"),
    ]


def test_the_example_of_the_page_is_taken_in_as_it_stands(desk: Desk) -> None:
    page = PAGE.read_text(encoding="utf-8")
    for name, kind in (("deals.csv", "csv"), ("mapping.yml", "yaml")):
        found = re.search(rf"`{name}`:\n\n```{kind}\n(.*?)```", page, re.DOTALL)
        assert found
        desk.write(name, found[1])
    assert str(desk.take_in()) == "inbox/deals.csv: taken in, opportunity 2, stage_event 3"
    columns = "source_id, stage_name, amount, is_won, closed_at::text, close_date::text"
    assert desk.known("opportunity", columns) == [
        ("D1", "Won", Decimal("12500.00"), True, "2026-06-28 08:00:00", "2026-06-28"),
        ("D2", "Negotiation", Decimal("8000.00"), False, None, None),
    ]


def test_the_page_explains_every_key_of_a_mapping() -> None:
    page = PAGE.read_text(encoding="utf-8").partition("## Entities")[0]
    named = {"path": "tenant", "pattern": "file", "fields": "columns"}
    for part in (Mapping, FileMapping, EntityMapping):
        keys = {named.get(field.name, field.name) for field in fields(part)}
        assert keys <= set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE))
    named = {"formats": "format"}
    for part in (Value, SourceId):
        assert {named.get(field.name, field.name) for field in fields(part)} <= set(
            re.findall(r"[{ ](\w+):", page)
        )


@pytest.mark.parametrize("key", ["in/box/../../../outside.csv", "in/box//etc/outside.csv"])
def test_a_key_of_an_object_store_never_becomes_a_file_outside_the_folder(key: str) -> None:
    with pytest.raises(ConfigurationError, match=r"s3://in/box: rename .*out of the folder"):
        name_in("s3://in/box", "in/box", key)


def test_an_address_with_a_key_in_it_is_refused_without_the_key() -> None:
    with (
        pytest.raises(ConfigurationError, match="the address holds a key") as raised,
        opened("s3://me:hunter2@deliveries/inbox", ".errors.csv"),
    ):
        pass
    assert "hunter2" not in str(raised.value)
