"""The commission models as one function: rendered by dbt once, run on DuckDB in memory many times.

`Pipeline.run` takes worlds by name. Each world becomes a tenant with a plan of its own, so that a
law's two sides run in one pass, under the same ids; tenants never meet.
"""

from __future__ import annotations

import json
import os
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any, cast

import duckdb
import pyarrow as pa

from tests.dbt.commission.protocol import BoundaryOperator, Event, Line, Refund, Tier

PROJECT = Path(__file__).resolve().parents[3] / "dbt_project"
FOLDERS = (
    "path:models/intermediate/commission",
    "path:models/marts/commissions",
    "path:tests/commission",
)
AS_OF_DATE = date(2026, 6, 30)
MONTHS = (date(2026, 4, 1), date(2026, 5, 1), date(2026, 6, 1))
PLAN_START = date(2026, 4, 1)
CURRENCY = "CNY"

_AMOUNT, _RATE = pa.decimal128(18, 2), pa.decimal128(18, 6)
_TEXT, _DATE, _TIME = pa.string(), pa.date32(), pa.timestamp("us")
_VALIDITY = {"valid_from": _DATE, "valid_to": _DATE}

INPUTS: dict[str, dict[str, pa.DataType]] = {
    "fct_payment_allocation": {
        "payment_key": _TEXT,
        "tenant": _TEXT,
        "payment_source_id": _TEXT,
        "invoice_source_id": _TEXT,
        "opportunity_key": _TEXT,
        "opportunity_source_id": _TEXT,
        "paid_at": _TIME,
        "paid_date": _DATE,
        "gross_amount": _AMOUNT,
        "net_amount": _AMOUNT,
        "currency_code": _TEXT,
        "unlinked_reason": _TEXT,
    },
    "fct_opportunity": {
        "opportunity_key": _TEXT,
        "is_won": pa.bool_(),
        "owner_key_at_close": _TEXT,
    },
    "dim_rep": {"tenant": _TEXT, "rep_key": _TEXT, "employee_number": _TEXT, "name": _TEXT},
    "fct_refund": {
        "payment_key": _TEXT,
        "source_id": _TEXT,
        "is_succeeded": pa.bool_(),
        "amount": _AMOUNT,
        "refunded_at": _TIME,
        "refunded_month": _DATE,
    },
    "int_payroll_lines__unioned": {
        "source_tenant": _TEXT,
        "employee_number": _TEXT,
        "pay_date": _DATE,
        "pay_code": _TEXT,
        "gross_amount": _AMOUNT,
        "currency_code": _TEXT,
        "is_deleted": pa.bool_(),
    },
    "int_invoices__unioned": {"source_tenant": _TEXT, "source_id": _TEXT, "net_amount": _AMOUNT},
    "int_months": {"month": _DATE},
    "dim_tenant": {"tenant": _TEXT, "currency_code": _TEXT},
    "stg_policy__setting": {"name": _TEXT, "value": _TEXT, **_VALIDITY},
    "int_plan_rates": {
        "fx_rate_id": _TEXT,
        "from_currency": _TEXT,
        "to_currency": _TEXT,
        "rate": _RATE,
        **_VALIDITY,
    },
    "stg_policy__commission_plan": {
        "plan_id": _TEXT,
        "period_type": _TEXT,
        "base": _TEXT,
        **_VALIDITY,
    },
    "stg_policy__plan_component": {
        "plan_id": _TEXT,
        "component_id": _TEXT,
        "tier_method": _TEXT,
        "boundary_operator": _TEXT,
        "refund_effect": _TEXT,
        "refund_period": _TEXT,
        **_VALIDITY,
    },
    "stg_policy__rate_tier": {
        "component_id": _TEXT,
        "tier_number": pa.int32(),
        "lower_attainment": _RATE,
        "upper_attainment": _RATE,
        "rate": _RATE,
        **_VALIDITY,
    },
    "stg_policy__plan_assignment": {
        "tenant": _TEXT,
        "employee_number": _TEXT,
        "plan_id": _TEXT,
        **_VALIDITY,
    },
    "stg_policy__quota": {
        "tenant": _TEXT,
        "employee_number": _TEXT,
        "quota_amount": _AMOUNT,
        "currency_code": _TEXT,
        **_VALIDITY,
    },
    "stg_policy__pay_code": {"pay_code": _TEXT, "is_commission": pa.bool_(), **_VALIDITY},
}
"""What the models read: the tables above them, with the columns they use."""


@dataclass(frozen=True, slots=True)
class World:
    """One tenant's cash, refunds, quotas and plan. Rows arrive in the order given."""

    events: tuple[Event, ...]
    quotas: Mapping[tuple[str, date], Any]
    tiers: tuple[Tier, ...]
    boundary_operator: BoundaryOperator = "lower_inclusive"
    refunds: tuple[Refund, ...] = ()
    later_tiers: tuple[Tier, ...] = ()
    """Replace `tiers` from the last month on, when there are any."""
    tier_method: str = "retroactive"


@dataclass(frozen=True, slots=True)
class Statement:
    """What one world came to: its rows of the line mart and of the statement mart."""

    lines: list[Line]
    statements: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Pipeline:
    """The rendered models, in the order they depend on each other, as (relation, SQL)."""

    models: tuple[tuple[str, str], ...] = field(repr=False)
    inputs: Mapping[str, str] = field(repr=False)
    """Name of an input table -> its relation as the SQL writes it."""
    assertions: Mapping[str, str] = field(repr=False)
    """Name of a singular test -> the query that returns what breaks it."""
    connection: duckdb.DuckDBPyConnection = field(default_factory=duckdb.connect)

    def run(self, worlds: Mapping[str, World]) -> dict[str, Statement]:
        """Runs every model over these worlds; returns each world's lines and statements."""
        rows = _rows(worlds)
        for name, relation in self.inputs.items():
            columns = INPUTS[name]
            table = pa.table(
                {column: [row.get(column) for row in rows.get(name, ())] for column in columns},
                schema=pa.schema(list(columns.items())),
            )
            self.connection.register("arrived", table)
            self.connection.execute(f"create or replace table {relation} as from arrived")
            self.connection.unregister("arrived")
        for relation, sql in self.models:
            self.connection.execute(f"create or replace table {relation} as {sql}")
        lines = self.fetch("mart_commission_statement_line")
        statements = self.fetch("mart_commission_statement")
        return {
            tenant: Statement(
                lines=[cast(Line, row) for row in lines if row["tenant"] == tenant],
                statements=[row for row in statements if row["tenant"] == tenant],
            )
            for tenant in worlds
        }

    def fetch(self, model: str) -> list[dict[str, Any]]:
        """All rows of one model of the last run."""
        return self._rows_of(f"select * from {self._relations[model]}")

    def failing(self, assertion: str) -> list[dict[str, Any]]:
        """The rows of the last run that break one assertion."""
        return self._rows_of(self.assertions[assertion])

    def tamper(self, statement: str) -> None:
        """Changes the finished tables of the last run; tables go by their plain names."""
        words = re.sub(r"\w+", lambda word: self._relations.get(word[0], word[0]), statement)
        self.connection.execute(words)

    @property
    def _relations(self) -> dict[str, str]:
        built = {name.rsplit('"', 2)[1]: name for name, _ in self.models}
        return built | dict(self.inputs)

    def _rows_of(self, query: str) -> list[dict[str, Any]]:
        cursor = self.connection.execute(query)
        names = [column[0] for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def render(target: Path, project: Path = PROJECT) -> Pipeline:
    """Compiles the commission models once. `target` is where dbt may write.

    Raises RuntimeError when the project does not compile.
    """
    from dbt.cli.main import dbtRunner

    os.environ["CLOSEBOOK_DATABASE"] = str(target / "warehouse.duckdb")
    variables = {
        "as_of_date": AS_OF_DATE.isoformat(),
        "as_of_at": f"{AS_OF_DATE.isoformat()} 16:00:00",
        "house_timezone": "Asia/Shanghai",
        "landed": {},
    }
    options = {
        "--project-dir": project,
        "--profiles-dir": project,
        "--target-path": target,
        "--log-path": target,
        "--vars": json.dumps(variables),
    }
    reply = dbtRunner().invoke(
        [
            "--quiet",
            "--no-send-anonymous-usage-stats",
            "compile",
            *(str(part) for option in options.items() for part in option),
            "--select",
            *FOLDERS,
        ]
    )
    if not reply.success:
        raise RuntimeError(f"the commission models do not compile: {reply.exception}")
    nodes = json.loads((target / "manifest.json").read_text(encoding="utf-8"))["nodes"]
    code = {r.node.unique_id: r.node.compiled_code for r in reply.result.results}
    models = {name for name in code if nodes[name]["resource_type"] == "model"}
    # Generic tests of the folder come along; they have files of their own.
    asserted = {
        name
        for name in code
        if nodes[name]["resource_type"] == "test" and not nodes[name].get("test_metadata")
    }
    parents = {name: nodes[name]["depends_on"]["nodes"] for name in code}
    order = TopologicalSorter({name: parents[name] for name in models}).static_order()
    inputs = {parent for name in models | asserted for parent in parents[name]} - models
    pipeline = Pipeline(
        models=tuple(
            (nodes[name]["relation_name"], code[name]) for name in order if name in models
        ),
        inputs={nodes[name]["name"]: nodes[name]["relation_name"] for name in sorted(inputs)},
        assertions={nodes[name]["name"]: code[name] for name in sorted(asserted)},
    )
    pipeline.connection.execute("set threads = 1; attach ':memory:' as warehouse")
    for schema in {nodes[name]["schema"] for name in inputs | models}:
        pipeline.connection.execute(f"create schema if not exists warehouse.{schema}")
    return pipeline


def _rows(worlds: Mapping[str, World]) -> dict[str, list[dict[str, Any]]]:
    """The input tables that hold these worlds, each a tenant with a plan of its own."""
    always = {"valid_from": date(2020, 1, 1), "valid_to": None}
    rows: dict[str, list[dict[str, Any]]] = {name: [] for name in INPUTS}
    rows["int_months"] = [{"month": month} for month in MONTHS]
    rows["int_plan_rates"] = [
        {"from_currency": CURRENCY, "to_currency": CURRENCY, "rate": Decimal(1), **always}
    ]
    rows["stg_policy__setting"] = [{"name": "payroll_lag_months", "value": "1", **always}]
    for tenant, world in worlds.items():
        payees = sorted(
            {event["employee_number"] for event in world.events if event["employee_number"]}
            | {payee for payee, _ in world.quotas}
        )
        plan = {"plan_id": f"plan-{tenant}", **always}
        component = f"component-{tenant}"
        rows["dim_tenant"].append({"tenant": tenant, "currency_code": CURRENCY})
        rows["stg_policy__commission_plan"].append(
            {"period_type": "month", "base": "cash_net_of_tax", **plan}
        )
        rows["stg_policy__plan_component"].append(
            {
                "component_id": component,
                "tier_method": world.tier_method,
                "boundary_operator": world.boundary_operator,
                "refund_effect": "rate_of_line",
                "refund_period": "event",
                **plan,
            }
        )
        rows["stg_policy__rate_tier"] += _tiers(component, world)
        for payee in payees:
            rows["stg_policy__plan_assignment"].append(
                {"tenant": tenant, "employee_number": payee, **plan, "valid_from": PLAN_START}
            )
            rows["dim_rep"].append(
                {
                    "tenant": tenant,
                    "rep_key": f"{tenant}-{payee}",
                    "employee_number": payee,
                    "name": payee,
                }
            )
        for owner in (*payees, None):
            rows["fct_opportunity"].append(
                {
                    "opportunity_key": f"{tenant}-deal-{owner}",
                    "is_won": True,
                    "owner_key_at_close": owner and f"{tenant}-{owner}",
                }
            )
        rows["stg_policy__quota"] += [
            {
                "tenant": tenant,
                "employee_number": payee,
                "quota_amount": amount,
                "currency_code": CURRENCY,
                "valid_from": month,
                "valid_to": _next_month(month),
            }
            for (payee, month), amount in world.quotas.items()
        ]
        invoiced: dict[str, Decimal] = defaultdict(Decimal)
        for event in world.events:
            if event["invoice_source_id"]:
                invoiced[event["invoice_source_id"]] += event["commissionable_amount"] or 0
        rows["int_invoices__unioned"] += [
            {"source_tenant": tenant, "source_id": invoice, "net_amount": net}
            for invoice, net in invoiced.items()
        ]
        rows["fct_payment_allocation"] += [_allocation(tenant, event) for event in world.events]
        rows["fct_refund"] += [_refund(tenant, refund) for refund in world.refunds]
    return rows


def _tiers(component: str, world: World) -> Iterable[dict[str, Any]]:
    versions: Sequence[tuple[tuple[Tier, ...], date, date | None]] = (
        [(world.tiers, PLAN_START, MONTHS[-1]), (world.later_tiers, MONTHS[-1], None)]
        if world.later_tiers
        else [(world.tiers, PLAN_START, None)]
    )
    for tiers, valid_from, valid_to in versions:
        lowers = [tier["lower_attainment"] for tier in tiers]
        for tier in tiers:
            yield {
                "component_id": component,
                **tier,
                "upper_attainment": min(
                    (bound for bound in lowers if bound > tier["lower_attainment"]), default=None
                ),
                "valid_from": valid_from,
                "valid_to": valid_to,
            }


def _allocation(tenant: str, event: Event) -> dict[str, Any]:
    unapplied = event["invoice_source_id"] is None
    return {
        "payment_key": f"{tenant}-{event['payment_source_id']}",
        "tenant": tenant,
        "payment_source_id": event["payment_source_id"],
        "invoice_source_id": event["invoice_source_id"],
        "opportunity_key": None if unapplied else f"{tenant}-deal-{event['employee_number']}",
        "opportunity_source_id": None if unapplied else f"deal-{event['employee_number']}",
        "paid_at": event["paid_at"],
        "paid_date": event["paid_at"].date(),
        "gross_amount": event["gross_amount"],
        "net_amount": event["commissionable_amount"],
        "currency_code": CURRENCY,
        "unlinked_reason": "unapplied_cash" if unapplied else None,
    }


def _refund(tenant: str, refund: Refund) -> dict[str, Any]:
    return {
        "payment_key": f"{tenant}-{refund['payment_source_id']}",
        "source_id": refund["refund_source_id"],
        "is_succeeded": True,
        "amount": refund["amount"],
        "refunded_at": refund["refunded_at"],
        "refunded_month": refund["period_month"],
    }


def _next_month(month: date) -> date:
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)
