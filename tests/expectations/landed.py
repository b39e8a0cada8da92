"""Landed loads to judge: rows of the declared columns, in Parquet, like ingestion writes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from expectations.contract import NewLoad
from warehouse.landed import KEYS, declared

Row = Mapping[str, Any]

RECORDED_AT = datetime(2026, 6, 30, 10, tzinfo=UTC)

_ARROW = {
    "string": pa.string(),
    "json": pa.string(),
    "bigint": pa.int64(),
    "int": pa.int32(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us"),
    "decimal(18,2)": pa.decimal128(18, 2),
    "decimal(18,6)": pa.decimal128(18, 6),
}

# A value that no rule objects to, by type and, where a rule wants more, by column.
_GOOD_TYPE: dict[str, Any] = {
    "string": "x",
    "json": "[]",
    "bigint": int(RECORDED_AT.timestamp()),
    "int": 1,
    "boolean": False,
    "date": date(2026, 1, 31),
    "timestamp": RECORDED_AT.replace(tzinfo=None),
    "decimal(18,2)": 1,
    "decimal(18,6)": 0,
}
_GOOD_COLUMN: dict[str, Any] = {
    "currency": "usd",
    "currency_code": "CNY",
    "currency_iso_code": "CNY",
    "account_role": "crm",
    "record_type": "lead",
    "priority": None,
    "amount": 1,
    "amount_paid": 1,
    "total_excluding_tax": 90,
    "total": 100,
    "untaxed_amount": 90,
    "total_amount": 100,
    "second_currency_code": "CNY",
    "net_amount": 90,
    "tax_amount": 10,
    "gross_amount": 100,
}
_GOOD: dict[tuple[str, str], Any] = {
    ("stripe.invoice", "status"): "open",
    ("stripe.charge", "status"): "succeeded",
    ("stripe.invoice_payment", "status"): "paid",
    ("stripe.refund", "status"): "succeeded",
    ("stripe.credit_note", "status"): "issued",
    ("stripe.subscription", "status"): "active",
    ("salesforce.contract", "status"): "Activated",
    ("salesforce.quote", "status"): "Presented",
    ("zendesk.user", "role"): "end-user",
    ("tryton.sale", "state"): "quotation",
    ("files.quote", "status"): "sent",
    ("files.contract", "status"): "active",
    ("files.subscription_period", "period_end_at"): datetime(2026, 7, 30),  # noqa: DTZ001  UTC
    ("tryton.move", "state"): "posted",
    ("zendesk.ticket", "status"): "open",
    ("zendesk.satisfaction_rating", "score"): "good",
    ("request_tracker.ticket", "status"): "open",
    ("request_tracker.ticket_event", "event_type"): "Status",
    ("roundup.issue", "status"): "chatting",
    ("tryton.opportunity", "state"): "lead",
    ("tryton.opportunity_revision", "state"): "lead",
    ("tryton.invoice", "type"): "out",
    ("tryton.invoice_line", "type"): "line",
    ("tryton.invoice", "state"): "posted",
    ("tryton.payment", "kind"): "receivable",
    ("tryton.payment", "state"): "succeeded",
    ("files.csat_response", "score"): "positive",
}


def columns_of(resource: str) -> tuple[tuple[str, str], ...]:
    """The declared columns of ``<source>.<resource>``, without those that every load has."""
    return tuple(
        (name, kind) for name, kind in dict(declared())[resource] if not name.startswith("_")
    )


@dataclass(frozen=True, slots=True)
class Loads:
    """Writes loads under a folder, each with its own id and commit."""

    folder: Path

    def write(
        self,
        seq: int,
        resource: str,
        lines: Sequence[Row],
        *,
        rejected: int = 0,
        drop: str = "",
        retype: Mapping[str, str] | None = None,
        **changes: Any,
    ) -> NewLoad:
        """One load of ``<source>.<resource>``: good rows with `lines` laid over them.

        `drop` leaves a column out, `retype` writes columns as another type.
        """
        source, name = resource.split(".")
        key = KEYS[resource]
        written = {
            column: (retype or {}).get(column, kind)
            for column, kind in columns_of(resource)
            if column != drop
        }
        complete = []
        for number, row in enumerate(lines, 1):
            good = {
                column: _GOOD.get((resource, column), _GOOD_COLUMN.get(column, _GOOD_TYPE[kind]))
                for column, kind in written.items()
            }
            complete.append({**good, key[-1]: f"k{number}", **row})
        load_id = f"load{seq}"
        arrays = {
            column: pa.array([row[column] for row in complete], type=_ARROW[kind])
            for column, kind in written.items()
        }
        count = len(complete)
        arrays |= {
            "_load_id": pa.array([load_id] * count, pa.string()),
            "_row_number": pa.array(range(1, count + 1), pa.int64()),
            "_page": pa.array([1] * count, pa.int32()),
            "_recorded_at": pa.array([_GOOD_TYPE["timestamp"]] * count, pa.timestamp("us")),
            "_is_backfilled": pa.array([False] * count, pa.bool_()),
            "_tenant": pa.array(["aurora"] * count, pa.string()),
        }
        path = self.folder / f"{load_id}.parquet"
        pq.write_table(pa.table(arrays), path)
        load = NewLoad(
            commit_seq=seq,
            load_id=load_id,
            source=source,
            tenant="aurora",
            resource=name,
            recorded_at=RECORDED_AT,
            rows=count,
            rejected_rows=rejected,
            files=(path,),
            rejects=self._rejects(load_id, rejected),
            key=key,
            columns=columns_of(resource),
        )
        return replace(load, **changes)

    def _rejects(self, load_id: str, count: int) -> tuple[Path, ...]:
        if not count:
            return ()
        path = self.folder / f"{load_id}-rejects.parquet"
        numbers = range(1, count + 1)
        pq.write_table(
            pa.table(
                {
                    "page": pa.array([1] * count, pa.int32()),
                    "row_number": pa.array(numbers, pa.int64()),
                    "field": ["Id"] * count,
                    "value": pa.array([None] * count, pa.string()),
                    "why": ["the key is missing"] * count,
                    "fix": ["export the record with its id"] * count,
                }
            ),
            path,
        )
        return (path,)
