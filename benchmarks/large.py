"""A large company as landing files: the customers of a small one many times over.

What a vendor would take days to deliver is written as the loads that it would have come to: each
load of the small landing becomes one load of the large one, in the same order, with every customer,
lead, deal, invoice and ticket copied and all that they refer to copied with them, so that every
reference holds. Who sells is copied less often; products and policy are shared. Each copy lies some
seconds before the one before it, within an hour, so that few instants are the same.
"""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

from ingestion.landing import Landing, LoadFile, Manifest, sha256_of
from ingestion.resource import ColumnType
from ingestion.schema import columns_of, keep_schema
from ingestion.typed import PART, connect, literal, name_of


@dataclass(frozen=True, slots=True)
class Size:
    """How many times every rep is there, and how many times the customers of each."""

    reps: int
    customers: int

    @property
    def copies(self) -> int:
        """How many times every deal is there."""
        return self.reps * self.customers


SIZES = {"M": Size(12, 14), "M/10": Size(4, 4)}
"""M has a million opportunities, made from the demo company at scale S."""

SHARED = frozenset({"product"})
OF_REPS = frozenset({"user", "payroll_line"})
ACTIVITIES_EACH = 2
"""Activities are copied twice as often: the demo company is idle for its number of deals."""

_IDS = frozenset({
    "id", "account_id", "parent_id", "master_record_id", "converted_account_id",
    "converted_opportunity_id", "opportunity_id", "contact_id", "what_id", "who_id", "lead_id",
    "campaign_id", "customer", "payment_intent", "invoice", "charge", "subscription", "number",
    "quote_number", "contract_number", "crm_account_id", "external_id", "organization_id",
    "requester_id", "ticket_id", "email", "source_id", "opportunity_source_id", "record_source_id",
})  # fmt: skip
_IDS_OF_REPS = frozenset({
    "owner_id", "owner_source_id", "created_by_id", "manager_id", "employee_number", "document_id",
})  # fmt: skip
_NAMES = frozenset({"name", "company"})
_DOMAINS = frozenset({"website", "domain", "email_domain"})
_EPOCHS = frozenset({
    "created", "due_date", "finalized_at", "voided_at", "issued_at", "paid_at", "period_start",
    "period_end", "start_date", "cancel_at", "ended_at",
})  # fmt: skip
_EARLIER = "copy * 37 % 3600"
_MEMORY = "3GB"


def enlarge(small: Landing, large: Landing, size: Size, after: int = 0) -> None:
    """Commits to `large` what was committed to `small` after the commit `after`, enlarged."""
    for load in small.loads(after):
        _enlarge(small, load, large, size)


def _enlarge(small: Landing, load: Manifest, large: Landing, size: Size) -> None:
    columns = columns_of(small, load)
    with (
        large.open_load(load.source, load.tenant, load.resource) as opened,
        connect() as db,
    ):
        db.execute(f"set memory_limit = '{_MEMORY}'")
        db.execute(f"set temp_directory = {literal(str(opened.folder / 'spill'))}")
        values = ", ".join(
            f"{_value(load, opened.load_id, name, kind)} as {name_of(name)}"
            for name, kind in columns
        )
        files = ", ".join(literal(str(small.root / file.path)) for file in load.files)
        db.execute(
            f"""
            copy (
                select {values}
                from read_parquet([{files}], hive_partitioning = false) as row
                cross join (
                    select copy, copy % {size.reps} as rep, twin
                    from range({_copies(load, size)}) as copies (copy)
                    cross join range({_twins(load)}) as twins (twin)
                )
                order by row._row_number, copy, twin
            ) to {literal(str(opened.folder / PART))} (format parquet)
            """
        )
        shutil.rmtree(opened.folder / "spill", ignore_errors=True)
        rows = load.rows * _copies(load, size) * _twins(load)
        part = LoadFile(opened.relative(PART), rows, sha256_of(opened.folder / PART))
        opened.commit(
            replace(
                load,
                load_id=opened.load_id,
                rows=rows,
                files=(part,),
                pages=(),
                page_sha256=(),
                schema_version=keep_schema(large, columns),
            )
        )


def _copies(load: Manifest, size: Size) -> int:
    if load.resource in SHARED:
        return 1
    return size.reps if load.resource in OF_REPS else size.copies


def _twins(load: Manifest) -> int:
    return ACTIVITIES_EACH if load.resource == "task" else 1


def _value(load: Manifest, load_id: str, name: str, kind: ColumnType) -> str:
    """SQL for a column of a copied row."""
    column = f"row.{name_of(name)}"
    if name == "_load_id":
        return literal(load_id)
    if name == "_row_number":
        return "row_number() over (order by row._row_number, copy, twin)"
    if load.resource in SHARED:
        return column
    if name in _IDS_OF_REPS or (load.resource in OF_REPS and name in _IDS):
        return f"{column} || '.' || rep"
    if name == "id":
        return f"{column} || '.' || copy || repeat('b', twin::int)"
    if name in _IDS:
        return f"{column} || '.' || copy"
    if name in _NAMES:
        return f"{column} || ' ' || copy"
    if name in _DOMAINS:
        return f"replace({column}, '.example', '-' || copy || '.example')"
    if name in ("old_value", "new_value") and load.source == "salesforce":
        return (
            f"case when row.field <> 'Owner' then {column} "
            f"when {column} like '005%' then {column} || '.' || rep else {column} || ' ' || rep end"
        )
    if kind == "json":
        return _IDS_IN_JSON[load.source](column)
    if load.resource in OF_REPS:
        return column
    if kind == "timestamp":
        moved = f"{column} - to_seconds({_EARLIER})"
        return f"if(row._is_backfilled, {moved}, {column})" if name == "_recorded_at" else moved
    is_epoch = kind == "bigint" and name in _EPOCHS
    return f"{column} - {_EARLIER}" if is_epoch else column


_IDS_IN_JSON: Mapping[str, Callable[[str], str]] = {
    "stripe": lambda column: (
        f"""regexp_replace({column}, '"((il|in|ii|sub|si)_[A-Za-z0-9]+)"', """
        """'"\\1.' || copy || '"', 'g')"""
    ),
    "zendesk": lambda column: (
        f"""regexp_replace({column}, '"id":([0-9]+)', '"id":"\\1.' || copy || '"', 'g')"""
    ),
}


def enlarge_policy(small: Path, large: Path, size: Size) -> None:
    """Writes the policy folder of the large company: its reps, and quotas and targets to match."""
    large.mkdir(parents=True)
    for path in sorted(small.glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        with (large / path.name).open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, rows[0])
            writer.writeheader()
            for row in rows:
                writer.writerows(_policy_rows(path.stem, row, size))


def _policy_rows(table: str, row: dict[str, str], size: Size) -> list[dict[str, str]]:
    own = {"user_name", *(("scope_id", "target_id") if table == "target" else ())}
    of_rep = {
        name: value
        for name, value in row.items()
        if value and (name in own or name.endswith("employee_number"))
    }
    is_of_rep = row.get("scope_kind") == "rep" or bool(row.get("employee_number"))
    times = size.customers if is_of_rep else size.copies
    money = {
        name: str(Decimal(row[name]) * times)
        for name in ("quota_amount", "target_value", "baseline_value")
        if row.get(name)
    }
    if not is_of_rep:
        return [row | money]
    return [
        row | money | {name: f"{value}.{rep}" for name, value in of_rep.items()}
        for rep in range(size.reps)
    ]
