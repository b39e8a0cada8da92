"""Bad files of every kind that was met, and what `intake` says to each.

``python -m tests.ingestion.bad_files`` takes each in and writes docs/bad-files.md.
"""

from __future__ import annotations

import csv
import io
import re
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
from openpyxl import Workbook

from ingestion.clock import FixedClock
from ingestion.errors import ConfigurationError
from ingestion.files.intake import intake
from ingestion.landing import Landing

PAGE = Path(__file__).parents[2] / "docs" / "bad-files.md"
NOW = FixedClock(datetime(2026, 7, 1, tzinfo=UTC))
NAMES = ("deal", "stage", "amount", "currency", "close", "created", "won")
GOOD: dict[str, str] = {
    "deal": "D1", "stage": "Won", "amount": "100.00", "currency": "EUR",
    "close": "2026-06-30", "created": "2026-06-01 09:00", "won": "yes",
}  # fmt: skip
MAPPING = """
tenant: aurora
timezone: Europe/Berlin
files:
  - file: "{name}"
    {options}
    entities:
      - entity: opportunity
        source_id: {source_id}
        columns:
          pipeline_id: {{constant: default}}
          stage_name: stage
          amount: amount
          currency_code: currency
          close_date: {close}
          created_at: created
          is_won: won
"""


def record(**changed: str) -> list[str]:
    return [(GOOD | changed)[name] for name in NAMES]


def delimited(*rows: list[str], header: list[str] | None = None, delimiter: str = ",") -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\n")
    writer.writerows([header if header is not None else list(NAMES), *rows])
    return text.getvalue().encode()


def workbook(*rows: list[Any], change: Callable[[Any], None] | None = None) -> bytes:
    book = Workbook()
    sheet = book.active
    for row in ([*NAMES], *rows):
        sheet.append(row)
    if change:
        change(sheet)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def parquet(select: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file.parquet"
        duckdb.execute(f"copy ({select}) to '{path}'")
        return path.read_bytes()


@dataclass(frozen=True, slots=True)
class BadFile:
    """One kind. `says` is what the reader must be told, word by word; `takes` the rows landed.

    `takes` is None when the file as a whole is refused.
    """

    kind: str
    content: bytes
    says: str
    takes: int | None = 1
    name: str = "deals.csv"
    options: str = "delimiter: ','"
    source_id: str = "deal"
    close: str = "close"


def _value(kind: str, field: str, value: str, says: str, **more: Any) -> BadFile:
    """A good row and one with a bad value."""
    return BadFile(kind, delimited(record(), record(deal="D2", **{field: value})), says, **more)


def _sheet(kind: str, says: str, *rows: list[Any], **more: Any) -> BadFile:
    change = more.pop("change", None)
    return BadFile(kind, workbook(*rows, change=change), says, name="deals.xlsx", **more)


def _formula(sheet: Any) -> None:
    sheet["C3"] = "=1+1"


def _merge(sheet: Any) -> None:
    sheet["B3"] = None
    sheet.merge_cells("B2:B3")


def _title(sheet: Any) -> None:
    sheet.insert_rows(1, 2)
    sheet["A1"] = "Deals of June"


TYPED = [
    "D1",
    "Won",
    100.0,
    "EUR",
    date(2026, 6, 30),
    datetime.fromisoformat("2026-06-01 09:00"),
    True,
]
NOT_DATE = "not a date as the mapping reads it"
NOT_TIME = "not a date or time as the mapping reads it"
NOT_AMOUNT = "not a number with at most two decimals as the mapping reads it"
DUPLICATE = "has the same id and other values; that one was kept"
JSON_GOOD = (
    '{"deal": "D1", "stage": "Won", "amount": 100.00, "currency": "EUR", "close": "2026-06-30", '
    '"created": "2026-06-01 09:00", "won": true}\n'
)

BAD_FILES: tuple[BadFile, ...] = (
    # The file as a whole
    BadFile("an empty file", b"", "the first line must name the columns; it is empty", None),
    BadFile("a file of blank lines", b"\n\n", "the first line must name the columns", None),
    BadFile("a header alone", delimited(), "opportunity 0", 0),
    BadFile("a header twice the same name", delimited(header=["deal", "deal"]),
            "every column needs a name of its own; ['deal']", None),
    BadFile("a column without a name", delimited(header=["deal", ""]),
            "every column needs a name of its own; one is empty", None),
    BadFile("a mapped column is missing", delimited(header=list(NAMES[:-1])),
            "names column 'won', which the file does not have", None),
    BadFile("a column is spelt otherwise", delimited(header=[*NAMES[:-1], "Won"]),
            "did you mean 'Won'?", None),
    BadFile("another delimiter", delimited(record(), delimiter=";"),
            'set `delimiter: ";"` for the file', None),
    BadFile("tabs for commas", delimited(record(), delimiter="\t"),
            'set `delimiter: "\\t"` for the file', None),
    BadFile("Latin-1 read as UTF-8", "deal,stage\nD1,Müller".encode("latin-1"),
            "line 2 is not utf-8", None),
    BadFile("UTF-16 read as UTF-8", "deal,stage\nD1,Won".encode("utf-16"), "is not utf-8", None),
    BadFile("UTF-16 without a mark read as UTF-8", "deal,stage\n".encode("utf-16-le"),
            "set `encoding: utf-16`", None),
    BadFile("bytes that are not GB 18030", delimited(record(), record(deal="D2")) + b"\xff\xff",
            "line 4 is not gb18030", None, options="encoding: gb18030"),
    BadFile("a byte order mark", "\ufeff".encode() + delimited(record()), "opportunity 1"),
    BadFile("Windows line ends", delimited(record()).replace(b"\n", b"\r\n"), "opportunity 1"),
    BadFile("no line end at the end", delimited(record()).rstrip(b"\n"), "opportunity 1"),
    BadFile("a web page with the name of a CSV", b"<!doctype html><title>Sign in</title>",
            "names column 'amount', which the file does not have", None),
    BadFile("a workbook with the name of a CSV", workbook(record()), "is not utf-8", None),
    BadFile("a title above the header", b"Deals of June\n\n" + delimited(record()),
            "opportunity 1", options="header_row: 3"),
    BadFile("a title above the header that the mapping does not know",
            b"Deals of June\n\n" + delimited(record()), "names column 'amount'", None),
    # Records
    BadFile("too many values", delimited(record(), [*record(deal="D2"), "x"]),
            "the row has more values than the header"),
    BadFile("too few values", delimited(record(), record(deal="D2")[:3]),
            "the row has fewer values than the header"),
    BadFile("a quote that never ends", delimited(record()) + b'D2,"Won,1,EUR,,,\n',
            "the row is not well-formed: unquoted value"),
    BadFile("a line break inside quotes", delimited(record(stage="Closed\nWon")), "opportunity 1"),
    BadFile("blank rows", delimited(record(), *[[""] * 7] * 1500), "1,500 blank rows left out"),
    BadFile("a row of totals", delimited(record(), ["Total", "", "100.00", "", "", "", ""]),
            "1 row of totals left out (row 2)"),
    BadFile("a row of totals in Chinese", delimited(record(), ["", "合计", "100.00", *[""] * 4]),
            "1 row of totals left out (row 2)"),
    BadFile("subtotals", delimited(record(), ["Subtotal:", "", "1", *[""] * 4], record(deal="D2")),
            "1 row of totals left out (row 2)", 2),
    BadFile("a customer whose name is Total", delimited(record(stage="Total")), "opportunity 1"),
    BadFile("a row without its id", delimited(record(), record(deal="")), "the row has no id"),
    BadFile("an id of blanks", delimited(record(), record(deal="  ")), "the row has no id"),
    BadFile("half of an id of two columns", delimited(record(), record(close="")),
            "the row has no id", source_id="{columns: [deal, close]}"),
    BadFile("equal rows", delimited(record(), record()), "1 equal duplicates dropped"),
    BadFile("two rows of one id", delimited(record(), record(amount="7")), DUPLICATE),
    BadFile("two rows of one id, one of them unreadable",
            delimited(record(), record(amount="seven")), DUPLICATE),
    BadFile("two rows of one id, both unreadable",
            delimited(record(amount="six"), record(amount="seven")),
            "row 2 has the same id; give each row an id of its own", 0),
    BadFile("a required value is missing", delimited(record(), record(deal="D2", created="")),
            "opportunity needs created_at, and no file gives it"),
    # Values
    _value("words for an amount", "amount", "twelve", NOT_AMOUNT),
    _value("an amount with its currency", "amount", "100.00 EUR", NOT_AMOUNT),
    _value("an amount with three decimals", "amount", "1.005", NOT_AMOUNT),
    _value("a decimal comma", "amount", "1.234,50", 'set `decimal: ","`'),
    _value("a decimal point where a comma is meant", "amount", "12.345.67", NOT_AMOUNT,
           takes=0, options='decimal: ","'),
    _value("thousands in wrong groups", "amount", "1,00,000.00", NOT_AMOUNT),
    _value("an amount in brackets", "amount", "(100.00)", NOT_AMOUNT),
    _value("an exponent", "amount", "1E+05", NOT_AMOUNT),
    _value("an amount too large for money", "amount", "1" * 20, NOT_AMOUNT),
    _value("not a number", "amount", "NaN", NOT_AMOUNT),
    _value("a day that does not exist", "close", "2026-02-30", NOT_DATE),
    _value("a date of another form", "close", "30.06.2026", NOT_DATE),
    _value("a date as a number of days", "close", "46203", NOT_DATE),
    _value("a date of two digits for the year", "close", "30.06.26", NOT_DATE,
           options="date_format: '%d.%m.%Y'"),
    _value("two forms of date in a column, both given", "close", "30.06.2026", "opportunity 2",
           takes=2, options="date_format: ['%Y/%m/%d', '%d.%m.%Y']"),
    _value("a date that two forms read differently", "close", "03/04/2026",
           "reads as 2026-03-04 and as 2026-04-03",
           options="date_format: ['%d/%m/%Y', '%m/%d/%Y']"),
    _value("a date where a time is meant", "created", "2026-06-01", "opportunity 2", takes=2),
    _value("a day of the form of dates where a time is meant", "created", "01.06.2026",
           '`date_format` is not used for it: set `time_format: "%d.%m.%Y"`',
           options="date_format: '%d.%m.%Y'"),
    _value("a time without minutes", "created", "2026-06-01 9", NOT_TIME),
    _value("an hour that does not exist", "created", "2026-06-01 25:00", NOT_TIME),
    _value("a time that the clocks skip", "created", "2026-03-29 02:30",
           "this time does not exist in Europe/Berlin"),
    _value("an unknown word for yes", "won", "ja", "not a yes or no as the mapping reads it"),
    # Workbooks
    _sheet("a workbook of typed cells", "opportunity 1", TYPED),
    _sheet("a workbook with blank rows", "1 blank rows left out", TYPED, [" "] * 7),
    _sheet("merged cells", "1 merged cells read as their first one", TYPED, ["D2", *TYPED[1:]],
           takes=2, change=_merge),
    _sheet("a title above the header of a sheet", "opportunity 1", TYPED, change=_title,
           options="header_row: 3"),
    _sheet("a spreadsheet error", "the cell holds a spreadsheet error", TYPED,
           ["D2", "#N/A", *TYPED[2:]]),
    _sheet("a formula that was never calculated", "the formula was never calculated", TYPED,
           ["D2", *TYPED[1:]], change=_formula),
    _sheet("a sheet that is not there", "no sheet 'June'; it has 'Sheet'", TYPED, takes=None,
           options="sheet: June"),
    _sheet("a row of totals in a sheet", "1 row of totals left out (row 3)", TYPED,
           ["Grand total", None, 100.0]),
    _sheet("text for a date in a sheet", NOT_DATE, TYPED, ["D2", *TYPED[1:4], "soon", *TYPED[5:]]),
    BadFile("CSV with the name of a workbook", delimited(record()), "not a workbook that can be",
            None, name="deals.xlsx"),
    # JSON lines and Parquet
    BadFile("a line that is not JSON", JSON_GOOD.encode() + b"{'deal': 1}\n",
            "the line is not a JSON object", name="deals.jsonl"),
    BadFile("a line cut in half", JSON_GOOD.encode() + JSON_GOOD[:40].encode(),
            "the line is not a JSON object", name="deals.jsonl"),
    BadFile("a JSON list for lines", b"[1, 2]\n", "the first line must name the columns", None,
            name="deals.jsonl"),
    BadFile("an object where a value is meant",
            JSON_GOOD.replace("100.00", '{"value": 1}').encode(), NOT_AMOUNT, 0,
            name="deals.jsonl"),
    BadFile("a long JSON fraction",
            JSON_GOOD.replace("100.00", "1234567890123456.78").encode(), "opportunity 1",
            name="deals.jsonl"),
    BadFile("CSV with the name of Parquet", delimited(record()), "not a Parquet file", None,
            name="deals.parquet"),
    BadFile("a Parquet file without a column", parquet("select 1 as deal"),
            "names column 'amount'", None, name="deals.parquet"),
    BadFile("a Parquet file with a double that is no amount",
            parquet("select 'D1' as deal, 'Won' as stage, 100.005::double as amount, "
                    "'EUR' as currency, date '2026-06-30' as close, "
                    "timestamp '2026-06-01 09:00' as created, true as won"),
            NOT_AMOUNT, 0, name="deals.parquet"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Answer:
    """What was said, and how many rows landed; `rows` is None when the file was refused whole."""

    text: str
    rows: int | None


def taken_in(bad: BadFile, folder: Path) -> Answer:
    """Takes the file in on an empty landing store and puts what was said into one text."""
    inbox = folder / "inbox"
    inbox.mkdir()
    (inbox / bad.name).write_bytes(bad.content)
    mapping = MAPPING.format(
        name=bad.name, options=bad.options, source_id=bad.source_id, close=bad.close
    )
    (inbox / "mapping.yml").write_text(mapping, encoding="utf-8")
    try:
        report = intake(inbox, None, Landing(folder / "landing"), NOW)
    except ConfigurationError as refused:
        return Answer(str(refused).replace(f"{inbox}/", "").replace(str(inbox), "inbox"), None)
    said = [file.line().replace("inbox/", "") for file in report.files]
    errors = inbox / f"{bad.name}.errors.csv"
    if errors.exists():
        with errors.open(encoding="utf-8", newline="") as lines:
            said += [
                f"row {line['row']}, {line['field'] or 'the row'}, {line['value']!r}: "
                f"{line['why']}; {line['fix']}"
                for line in csv.DictReader(lines)
            ]
    text = ". ".join(said).replace(f"{inbox}/", "")
    return Answer(text, sum(load.rows for load in report.loads))


def page() -> str:
    """docs/bad-files.md."""
    lines = [
        "# Bad files, and what they get",
        "",
        "Written by `python -m tests.ingestion.bad_files`, which takes each of these in; a test "
        "holds the page to it.",
        "",
        "| file | rows landed | what is said |",
        "|---|---|---|",
    ]
    for bad in BAD_FILES:
        with tempfile.TemporaryDirectory() as folder:
            answer = taken_in(bad, Path(folder))
        text = re.sub(r"\s+", " ", answer.text).replace("|", "\\|")
        lines.append(f"| {bad.kind} | {'none' if answer.rows is None else answer.rows} | {text} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    sys.stdout.write(f"{len(BAD_FILES)} kinds of bad file in {PAGE.name}\n")
