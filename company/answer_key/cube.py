"""What was sold, by region, product line and rep."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal

from company.answer_key.deals import ALL, NONE, Deal
from company.answer_key.facts import Facts, Row, add_months, known_sum, money, month_of, rate
from company.answer_key.places import place_of_employee
from company.answer_key.process import pipeline_type

NO_LINES = "(no lines)"
TARGET = "(target)"
NOTHING = Decimal("0.00")


def sales_cube(facts: Facts, deals: list[Deal], attained: list[Row]) -> list[Row]:
    """`mart_sales_cube_by_month`: what was sold, and what reps were to sell."""
    return [*_sales(facts, deals), *_targets(facts, attained)]


def _sales(facts: Facts, deals: list[Deal]) -> list[Row]:
    months: dict[tuple[str, date], dict[tuple[str, str, str, str], list[Row]]]
    months = defaultdict(lambda: defaultdict(list))
    for tenant in facts.tenants:
        lines = _lines(facts, tenant)
        for deal in deals:
            if deal.tenant == tenant and deal.outcome == "won" and deal.closed_on is not None:
                cells = months[(tenant, month_of(deal.closed_on))]
                kind, owner = pipeline_type(facts, deal.pipeline_id), deal.owner or NONE
                for line in _sold(facts, deal, deal.closed_on, lines[deal.source_id]):
                    cells[(kind, deal.region, line["product_line"], owner)].append(line)
    rows: list[Row] = []
    for (tenant, month), cells in months.items():
        total = known_sum(line["amount"] for lines_of in cells.values() for line in lines_of)
        for (kind, region, product_line, owner), sold in cells.items():
            net = known_sum(line["amount"] for line in sold)
            rows.append(
                {
                    "tenant": tenant,
                    "close_month": month,
                    "pipeline_type": kind,
                    "region": region,
                    "product_line": product_line,
                    "owner_source_id": owner,
                    "deal_count": len({line["deal"] for line in sold}),
                    "line_count": len(sold),
                    "net_amount": net,
                    "share_rate": rate(net, total),
                    "line_deal_difference_amount": sum(
                        (line["difference"] for line in sold), NOTHING
                    ),
                    "target_amount": None,
                    "vs_target_amount": None,
                    "currency_code": facts.currency(tenant),
                }
            )
    return rows


def _lines(facts: Facts, tenant: str) -> dict[str, list[tuple[str, Row]]]:
    """Deal -> its lines by id."""
    lines: dict[str, list[tuple[str, Row]]] = defaultdict(list)
    for key, row in sorted(facts.of("opportunity_line_item", tenant).items()):
        lines[row["OpportunityId"]].append((key, row))
    return lines


def _sold(facts: Facts, deal: Deal, day: date, lines: list[tuple[str, Row]]) -> list[Row]:
    worth = deal.worth(facts, day)
    if not lines:
        return [
            {
                "deal": deal.source_id,
                "product_line": NO_LINES,
                "amount": worth,
                "difference": NOTHING,
            }
        ]
    amounts = [
        facts.converted(money(row["TotalPrice"]), deal.tenant, row["CurrencyIsoCode"], day)
        for _, row in lines
    ]
    difference = (worth or NOTHING) - (known_sum(amounts) or NOTHING)
    return [
        {
            "deal": deal.source_id,
            "product_line": (row["Product2"] or {}).get("Family") or NONE,
            "amount": amount,
            "difference": difference if number == 0 else NOTHING,
        }
        for number, ((_, row), amount) in enumerate(zip(lines, amounts, strict=True))
    ]


def _targets(facts: Facts, attained: list[Row]) -> list[Row]:
    """A row for each rep and month with a target, put where the rep stood at its end."""
    latest: dict[tuple[str, str, date], Row] = {}
    for row in attained:
        kind = (row["scope_kind"], row["metric_id"], row["period_type"])
        if kind == ("rep", "won_amount", "month"):
            key = (row["tenant"], row["scope_id"], row["period_start"])
            if key not in latest or latest[key]["version"] < row["version"]:
                latest[key] = row
    cells: dict[tuple[str, date, str, str], list[Row]] = defaultdict(list)
    for (tenant, number, month), row in latest.items():
        if row["target_value"] is not None:
            day = min(add_months(month, 1) - timedelta(days=1), facts.as_of_date)
            users = facts.of("user", tenant).items()
            named = [key for key, user in users if user["EmployeeNumber"] == number]
            _, region = place_of_employee(facts, tenant, number, day)
            cells[tenant, month, region, min(named, default=NONE)].append(row)
    return [
        {
            "tenant": tenant,
            "close_month": month,
            "pipeline_type": ALL,
            "region": region,
            "product_line": TARGET,
            "owner_source_id": owner,
            "deal_count": 0,
            "line_count": 0,
            "net_amount": None,
            "share_rate": None,
            "line_deal_difference_amount": NOTHING,
            "target_amount": sum((row["target_value"] for row in rows), NOTHING),
            "vs_target_amount": known_sum(row["gap_value"] for row in rows),
            "currency_code": facts.currency(tenant),
        }
        for (tenant, month, region, owner), rows in cells.items()
    ]
