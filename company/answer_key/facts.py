"""The world as of one instant, in plain records, and the arithmetic that everybody needs."""

from __future__ import annotations

import csv
import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

Row = dict[str, Any]
CENT = Decimal("0.01")
MILLIONTH = Decimal("0.000001")


def half_away(value: Fraction | Decimal | int, unit: Decimal = CENT) -> Decimal:
    """The nearest multiple of `unit`, halves away from zero."""
    steps = Fraction(value) / Fraction(unit)
    whole = int(abs(steps) + Fraction(1, 2))
    return unit * (whole if steps >= 0 else -whole)


def rate(part: Decimal | int | None, whole: Decimal | int | None) -> Decimal | None:
    """part / whole to six places; None when either is unknown or the whole is 0."""
    if part is None or whole is None or whole == 0:
        return None
    return half_away(Fraction(part) / Fraction(whole), MILLIONTH)


def known_sum(values: Iterable[Decimal | None]) -> Decimal | None:
    """The sum of what is known; None when nothing is."""
    known = [value for value in values if value is not None]
    return sum(known, Decimal("0.00")) if known else None


def month_of(day: date) -> date:
    return day.replace(day=1)


def week_of(day: date) -> date:
    """Its Monday."""
    return day - timedelta(days=day.weekday())


def days_between(first: date, after_last: date) -> list[date]:
    """Every day of [first, after_last)."""
    return [first + timedelta(days=number) for number in range((after_last - first).days)]


def add_months(month: date, count: int) -> date:
    index = month.year * 12 + month.month - 1 + count
    return date(index // 12, index % 12 + 1, 1)


def months_between(first: date, last: date) -> int:
    return (last.year - first.year) * 12 + last.month - first.month


def instant(text: str | int | None) -> datetime | None:
    """A vendor's time in UTC: ISO 8601 in any of their spellings, or epoch seconds."""
    if text is None or text == "":
        return None
    if isinstance(text, int):
        return datetime.fromtimestamp(text, UTC)
    return datetime.fromisoformat(text).astimezone(UTC)


def sure_instant(text: str | int | None) -> datetime:
    value = instant(text)
    if value is None:
        raise ValueError("a time that the vendor always gives is missing")
    return value


def minor_units(amount: int | None) -> Decimal | None:
    return None if amount is None else Decimal(amount) * CENT


def money(value: Any) -> Decimal | None:
    return None if value is None else half_away(Decimal(str(value)))


def domain_of(address: str | None) -> str | None:
    """``https://www.Example.com/x`` -> ``example.com``."""
    if not address:
        return None
    bare = address.strip().lower().split("://")[-1].split("/")[0]
    return bare.removeprefix("www.") or None


@dataclass(frozen=True)
class Facts:
    """What is known: the vendors' objects by (resource, tenant), policy rows by table, files."""

    objects: dict[tuple[str, str], dict[str, Row]]
    policy: dict[str, list[Row]]
    payroll: list[Row]
    blockers: dict[str, dict[str, Row]]
    """Tenant -> id -> line of the list of blockers; each has its `changes` of code."""
    as_of_date: date
    as_of_at: datetime
    merged: dict[tuple[str, str], str]
    """(tenant, id of an account that was merged) -> the account that it was merged into."""
    deleted: dict[tuple[str, str], dict[str, Row]]
    """(resource, tenant) -> id -> what the vendor left of an object that was deleted."""

    @property
    def tenants(self) -> list[str]:
        return sorted({row["tenant"] for row in self.policy["tenant"]})

    def of(self, resource: str, tenant: str) -> dict[str, Row]:
        """id -> object, deleted ones left out."""
        return self.objects.get((resource, tenant), {})

    def valid(self, table: str, on: date, **match: str) -> list[Row]:
        """The policy rows of `table` valid on a day, with these values; none without the table."""
        return [
            row
            for row in self.policy.get(table, [])
            if row["valid_from"] <= on.isoformat()
            and (not row["valid_to"] or on.isoformat() < row["valid_to"])
            and all(row[name] == value for name, value in match.items())
        ]

    def setting(self, name: str, otherwise: str | None = None) -> str:
        """The value of a setting; `otherwise` is what holds without a row."""
        rows = self.valid("setting", self.as_of_date, name=name)
        return str(rows[0]["value"]) if rows or otherwise is None else otherwise

    def tenant(self, tenant: str) -> Row:
        return self.valid("tenant", self.as_of_date, tenant=tenant)[0]

    def currency(self, tenant: str) -> str:
        return str(self.tenant(tenant)["currency_code"])

    def local_date(self, at: datetime, tenant: str) -> date:
        return at.astimezone(ZoneInfo(self.tenant(tenant)["reporting_timezone"])).date()

    def from_local(self, text: str, tenant: str) -> datetime:
        """An instant that a file gives in the tenant's own time."""
        zone = ZoneInfo(self.tenant(tenant)["reporting_timezone"])
        return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)

    def local_month(self, at: datetime, tenant: str) -> date:
        return month_of(self.local_date(at, tenant))

    def fx(self, tenant: str, currency: str, on: date) -> tuple[Decimal | None, str | None]:
        """(rate to the tenant's currency, id of the rate); rate None when there is no row."""
        if currency == self.currency(tenant):
            return Decimal(1), None
        rows = self.valid(
            "fx_rate",
            on,
            rate_type="plan",
            from_currency=currency,
            to_currency=self.currency(tenant),
        )
        return (Decimal(rows[0]["rate"]), rows[0]["fx_rate_id"]) if rows else (None, None)

    def converted(
        self, amount: Decimal | None, tenant: str, currency: str | None, on: date
    ) -> Decimal | None:
        if amount is None or currency is None:
            return None
        factor, _ = self.fx(tenant, currency, on)
        return None if factor is None else half_away(Fraction(amount) * Fraction(factor))

    @property
    def as_of_month(self) -> date:
        return month_of(self.as_of_date)

    def is_partial(self, month: date) -> bool:
        last_day = add_months(month, 1) - timedelta(days=1)
        return month == self.as_of_month and self.as_of_date != last_day

    # --- the same few views of the vendors' objects for every family ---

    def opportunities(self, tenant: str) -> dict[str, Row]:
        return {
            key: row
            for key, row in self.of("opportunity", tenant).items()
            if sure_instant(row["CreatedDate"]) < self.as_of_at
        }

    def invoices(self, tenant: str) -> dict[str, Row]:
        """Invoices that count: issued, neither draft nor void; with amounts and dates."""
        counted: dict[str, Row] = {}
        for key, row in self.of("invoice", tenant).items():
            issued_at = instant(row["status_transitions"]["finalized_at"])
            if issued_at is None or issued_at >= self.as_of_at:
                continue
            if row["status"] in ("draft", "void"):
                continue
            net = minor_units(row["subtotal"])
            gross = minor_units(row["total"])
            currency = str(row["currency"]).upper()
            issued_on = self.local_date(issued_at, tenant)
            counted[key] = {
                "id": key,
                "customer": row["customer"],
                "reference": (row.get("metadata") or {}).get("opportunity_id") or None,
                "issued_at": issued_at,
                "issued_on": issued_on,
                "net": net,
                "gross": gross,
                "currency": currency,
                "net_in_tenant_currency": self.converted(net, tenant, currency, issued_on),
            }
        return counted

    def payments(self, tenant: str) -> dict[str, Row]:
        """Succeeded payments by id."""
        found: dict[str, Row] = {}
        for key, row in self.of("charge", tenant).items():
            paid_at = sure_instant(row["created"])
            if row["status"] == "succeeded" and paid_at < self.as_of_at:
                found[key] = {
                    "id": key,
                    "intent": row["payment_intent"],
                    "paid_at": paid_at,
                    "paid_on": self.local_date(paid_at, tenant),
                    "amount": minor_units(row["amount"]),
                    "currency": str(row["currency"]).upper(),
                }
        return found

    def refunds(self, tenant: str) -> dict[str, list[Row]]:
        """Payment id -> its succeeded refunds, first to last."""
        found: dict[str, list[Row]] = defaultdict(list)
        for key, row in self.of("refund", tenant).items():
            refunded_at = sure_instant(row["created"])
            if row["status"] == "succeeded" and refunded_at < self.as_of_at:
                found[row["charge"]].append(
                    {"id": key, "at": refunded_at, "amount": minor_units(row["amount"])}
                )
        for refunds in found.values():
            refunds.sort(key=lambda refund: (refund["at"], refund["id"]))
        return found

    def crm_account_of(self, tenant: str) -> dict[str, str]:
        """Finance customer id -> CRM account id, for the matched ones."""
        accounts = self.of("account", tenant)
        by_domain: dict[str, list[str]] = defaultdict(list)
        for key, row in accounts.items():
            domain = domain_of(row["Website"])
            if domain:
                by_domain[domain].append(key)
        matched: dict[str, str] = {}
        for key, row in self.of("customer", tenant).items():
            metadata = row.get("metadata") or {}
            reference = metadata.get("crm_account_id")
            # Whoever was merged into another account lives on there, by up to three merges.
            for _ in range(3):
                reference = self.merged.get((tenant, str(reference)), reference)
            same_domain = by_domain.get(domain_of(metadata.get("domain")) or "", [])
            if reference in accounts:
                matched[key] = str(reference)
            elif len(same_domain) == 1:
                matched[key] = same_domain[0]
        return matched

    def customer_id(self, finance_id: str | None, crm_account: dict[str, str]) -> str | None:
        """The customer behind a finance customer id; None for blank and catch-all ids."""
        if finance_id is None or finance_id.strip().lower() in ("", "0", "guest", "unknown"):
            return None
        return crm_account.get(finance_id, f"finance:{finance_id}")


def read_facts(world: Path, policy: Path, files: Path, *, seen_at: str, as_of_date: date) -> Facts:
    """Reads the world file, the policy folder and the delivered files."""
    tables = {path.stem: _read_csv(path) for path in sorted(policy.glob("*.csv"))}
    settings = {row["name"]: row["value"] for row in tables["setting"]}
    zone = ZoneInfo(settings["reporting_timezone"])
    as_of_at = datetime.combine(as_of_date + timedelta(days=1), time(), zone).astimezone(UTC)
    objects: dict[tuple[str, str], dict[str, Row]] = defaultdict(dict)
    gone: dict[tuple[str, str], dict[str, Row]] = defaultdict(dict)
    merged: dict[tuple[str, str], str] = {}
    connection = sqlite3.connect(f"file:{world}?mode=ro", uri=True)
    try:
        rows = connection.execute(
            "select tenant, resource, id, deleted, payload from object_version"
            # Those who ask for support are users as well, of another system.
            " where valid_at <= ? and (vendor, resource) <> ('zendesk', 'user') order by valid_at",
            (seen_at,),
        )
        for tenant, resource, key, deleted, payload in rows:
            held = objects[(resource, tenant)]
            if deleted:
                held.pop(key, None)
                left = json.loads(payload, parse_float=Decimal)
                gone[(resource, tenant)][key] = left
                master = left.get("MasterRecordId")
                if resource == "account" and master:
                    merged[tenant, key] = master
            else:
                held[key] = json.loads(payload, parse_float=Decimal)
    finally:
        connection.close()
    return Facts(
        dict(objects),
        tables,
        _read_payroll(files / "payroll", as_of_date),
        _read_blockers(files / "sales"),
        as_of_date,
        as_of_at,
        merged,
        dict(gone),
    )


def _read_csv(path: Path, delimiter: str = ",") -> list[Row]:
    with path.open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle, delimiter=delimiter))


def _read_payroll(folder: Path, as_of_date: date) -> list[Row]:
    lines: list[Row] = []
    for path in sorted(folder.glob("*/*.csv")):
        european = ";" in path.read_text(encoding="utf-8").splitlines()[0]
        for row in _read_csv(path, ";" if european else ","):
            if european:
                day, month, year = row["pay_date"].split(".")
                paid_on = date(int(year), int(month), int(day))
                gross = Decimal(row["gross"].replace(".", "").replace(",", "."))
            else:
                paid_on = date.fromisoformat(row["pay_date"])
                gross = Decimal(row["gross"])
            if paid_on <= as_of_date:
                lines.append(
                    {
                        "tenant": path.parent.name,
                        "employee_number": row["employee_no"],
                        "pay_date": paid_on,
                        "pay_code": row["pay_code"],
                        "gross": gross,
                        "currency": row["currency"],
                    }
                )
    return lines


def _read_blockers(folder: Path) -> dict[str, dict[str, Row]]:
    found: dict[str, dict[str, Row]] = {}
    for path in sorted(folder.glob("*/blockers.csv")):
        lines = {row["blocker_no"]: {**row, "changes": []} for row in _read_csv(path)}
        for change in _read_csv(path.with_name("blocker_changes.csv")):
            lines[change["blocker_no"]]["changes"].append(change)
        found[path.parent.name] = lines
    return found
