"""The payroll register: one CSV a tenant and pay month, with base pay, commission and faults.

Most commission lines equal what is due for the month before. The planted faults are the differences
that the payroll comparison exists to find.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

from company.world.calendar import add_months, month_start
from company.world.payroll import Due
from company.world.people import Person, Roster
from company.world.streams import Rota, stream
from company.world.tenants import WORLD_END, WORLD_START, Tenant

_COLUMNS = ("employee_no", "pay_date", "pay_code", "gross", "currency", "line_id")
_PAY_DAY = 10


@dataclass(frozen=True, slots=True)
class PayLine:
    """One line of the register; `cents` may be negative (a reversal is taken back)."""

    employee_number: str
    pay_date: date
    pay_code: str
    cents: int
    currency: str


def register_lines(seed: int, roster: Roster, due: Due) -> list[PayLine]:
    """Every line from the first pay day to the world's end, in the order of the files."""
    rota = Rota()
    random = stream(seed, roster.tenant.name, "payroll")
    lines: list[PayLine] = []
    pay_month = add_months(WORLD_START, 1)
    while (pay_date := pay_month.replace(day=_PAY_DAY)) < WORLD_END:
        lines += _base_pay(roster, pay_date)
        period = add_months(pay_month, -1)
        amounts = {number: cents for (number, month), cents in due.items() if month == period}
        for number in sorted(amounts):
            if amounts[number]:
                line = PayLine(number, pay_date, "COMM", amounts[number], roster.tenant.currency)
                lines += _as_paid(rota, line)
        if rota.turn("unexpected employee", every=9, first=4):
            lines.append(_unexpected(random.randrange(500, 3000) * 100, roster, pay_date))
        pay_month = add_months(pay_month, 1)
    return lines


def _as_paid(rota: Rota, line: PayLine) -> Iterator[PayLine]:
    """How a due amount is paid: rightly, as two lines, a cent off, wrong, abroad, or not."""
    if rota.turn("missing line", every=41, first=7):
        return
    if rota.turn("amount off", every=29, first=5):
        yield replace(line, cents=line.cents + 12_345)
    elif rota.turn("a cent off", every=17, first=3):
        yield replace(line, cents=line.cents + 1)
    elif rota.turn("wrong currency", every=67, first=9):
        yield replace(line, currency="EUR" if line.currency == "USD" else "USD")
    elif rota.turn("two lines", every=13, first=2):
        yield replace(line, cents=line.cents - line.cents // 3)
        yield replace(line, cents=line.cents // 3, pay_code="COMMADJ")
    else:
        yield line


def _unexpected(cents: int, roster: Roster, pay_date: date) -> PayLine:
    """Commission to a regional manager, who is on no plan."""
    manager = roster.manager(roster.tenant.regions[pay_date.month % len(roster.tenant.regions)])
    return PayLine(manager.employee_number, pay_date, "COMM", cents, roster.tenant.currency)


def _base_pay(roster: Roster, pay_date: date) -> Iterator[PayLine]:
    """Base salary of everyone employed in the month before, an allowance, a bonus in January."""
    tenant = roster.tenant
    last_month = month_start(pay_date) - timedelta(days=1)
    for person in roster.people:
        if not person.works_on(last_month):
            continue
        for code, cents in _fixed_pay(tenant, person, pay_date):
            yield PayLine(person.employee_number, pay_date, code, cents, tenant.currency)


def _fixed_pay(tenant: Tenant, person: Person, pay_date: date) -> Iterator[tuple[str, int]]:
    base = {"head": 6, "manager": 4, "rep": 2}[person.role]
    salary = base * (700_000 if tenant.currency == "CNY" else 250_000) + person.number * 1_350
    yield "BASE", salary
    if person.number % 5 == 0:
        yield "ALLOW", salary // 20
    if pay_date.month == 1 and person.role != "rep":
        yield "BONUS", salary


def write_register(folder: Path, tenant: Tenant, lines: list[PayLine], until: date) -> None:
    """Writes `payroll-YYYY-MM.csv` for every pay day before `until`, and the intake mapping."""
    folder.mkdir(parents=True, exist_ok=True)
    by_month: dict[date, list[tuple[int, PayLine]]] = {}
    for number, line in enumerate(lines, start=1):
        if line.pay_date < until:
            by_month.setdefault(month_start(line.pay_date), []).append((number, line))
    for month, numbered in by_month.items():
        text = io.StringIO()
        writer = csv.writer(text, delimiter=tenant.payroll_delimiter, lineterminator="\n")
        writer.writerow(_COLUMNS)
        writer.writerows(_row(tenant, number, line) for number, line in numbered)
        name = f"payroll-{month:%Y-%m}.csv"
        (folder / name).write_text(text.getvalue(), encoding="utf-8", newline="")
    (folder / "mapping.yml").write_text(_mapping(tenant), encoding="utf-8", newline="")


def _row(tenant: Tenant, number: int, line: PayLine) -> tuple[str, ...]:
    sign = "-" if line.cents < 0 else ""
    gross = f"{sign}{abs(line.cents) // 100}.{abs(line.cents) % 100:02}"
    pay_date = line.pay_date.isoformat()
    if tenant.payroll_decimal_comma:
        gross, pay_date = gross.replace(".", ","), f"{line.pay_date:%d.%m.%Y}"
    line_id = f"PAY-{number:06}"
    return line.employee_number, pay_date, line.pay_code, gross, line.currency, line_id


def _mapping(tenant: Tenant) -> str:
    """The intake mapping of the tenant's register."""
    lines = [
        f"tenant: {tenant.name}",
        f"timezone: {tenant.timezone}",
        "files:",
        "  - file: payroll-*.csv",
        f'    delimiter: "{tenant.payroll_delimiter}"',
    ]
    if tenant.payroll_decimal_comma:
        lines += ['    decimal: ","', '    date_format: "%d.%m.%Y"']
    lines += [
        "    entities:",
        "      - entity: payroll_line",
        "        source_id: line_id",
        "        columns:",
        "          employee_number: employee_no",
        "          pay_date: pay_date",
        "          pay_code: pay_code",
        "          gross_amount: gross",
        "          currency_code: currency",
        "          document_id: line_id",
    ]
    return "\n".join(lines) + "\n"
