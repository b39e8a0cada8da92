"""The demo company's policy folder: one CSV a table, dated rows, fit for one seed and scale."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

from company.world.calendar import add_months, month_start
from company.world.people import Person, Roster, team_of
from company.world.process import (
    PIPELINES,
    RENAMED_STAGES,
    THIRD_VERSION,
    milestones,
    steps,
)
from company.world.renewals import RENEWAL
from company.world.targets import SEASON, targets
from company.world.tenants import (
    AURORA,
    ENTRY_RULES_ENFORCED_FROM,
    TENANTS,
    WORLD_START,
    Scale,
)
from company.world.workdays import special_days

POLICY_START = date(2023, 1, 1)
_RAMP_MONTHS = 3

PLAN_ID = "retro_cash_monthly"
COMPONENT_ID = "cash_collected_net"
TIERS = (
    (Decimal("0.80"), Decimal("1.00"), Decimal("0.010")),
    (Decimal("1.00"), Decimal("1.20"), Decimal("0.015")),
    (Decimal("1.20"), None, Decimal("0.020")),
)
"""(lower, upper, rate): at 80% of quota 1%, at 100% 1.5%, at 120% 2%."""

FX_RATES = {
    ("USD", "CNY"): {2023: "7.050000", 2024: "7.120000", 2025: "7.200000", 2026: "7.080000"},
    ("CNY", "USD"): {2023: "0.141844", 2024: "0.140449", 2025: "0.138889", 2026: "0.141243"},
}
SERVICE_LEVELS = (
    ("*", "*", "*", 48, "warning", "data_engineering"),
    ("files", "*", "payroll_line", 840, "warning", "finance"),
    ("files", "*", "blocker", 192, "warning", "sales_operations"),
    ("files", "*", "field_change", 192, "warning", "sales_operations"),
)
"""Vendors are read daily, and one missed run is caught up by the next; payroll comes monthly, the
list of the sales meeting weekly."""

COMMISSION_PAY_CODES = ("COMM", "COMMADJ")
OTHER_PAY_CODES = ("BASE", "BONUS", "ALLOW")


@dataclass(frozen=True, slots=True)
class Assignment:
    """A rep's time on the plan: [valid_from, valid_to)."""

    tenant: str
    employee_number: str
    valid_from: date
    valid_to: date | None

    def holds_on(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_to is None or day < self.valid_to)


@dataclass(frozen=True, slots=True)
class Quota:
    """A rep's monthly quota in whole units of the tenant's currency, for [valid_from, valid_to)."""

    tenant: str
    employee_number: str
    amount: int
    valid_from: date
    valid_to: date | None

    def holds_on(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_to is None or day < self.valid_to)


def assignments(roster: Roster) -> list[Assignment]:
    """Every rep is on the plan from hiring (at the earliest the world's start) to leaving."""
    return [
        Assignment(
            roster.tenant.name,
            rep.employee_number,
            max(rep.hired_on, WORLD_START),
            rep.ended_on,
        )
        for rep in roster.reps
    ]


def quotas(roster: Roster, scale: Scale) -> list[Quota]:
    """A rep's quotas: half for the first three months of a new hire, then one a calendar year.

    The first starts with the month of the assignment, so a period's first day always has one.
    """
    found = []
    for rep in roster.reps:
        for start, end, percent in _quota_spans(rep):
            seat_percent = 80 + 7 * (rep.number % 7)
            base = roster.tenant.quota * scale.quota_percent * seat_percent * percent // 1_000_000
            found.append(
                Quota(roster.tenant.name, rep.employee_number, base // 500 * 500, start, end)
            )
    return found


def _quota_spans(rep: Person) -> Iterator[tuple[date, date | None, int]]:
    """(first day, day after the last or None, percent of the seat's quota)."""
    start = month_start(max(rep.hired_on, WORLD_START))
    if rep.hired_on >= WORLD_START:
        ramped = add_months(start, _RAMP_MONTHS)
        if rep.ended_on and rep.ended_on <= ramped:
            yield start, rep.ended_on, 50
            return
        yield start, ramped, 50
        start = ramped
    while rep.ended_on is None or start < rep.ended_on:
        percent = 100 + 8 * (start.year - WORLD_START.year)
        year_end = date(start.year + 1, 1, 1)
        if start.year == 2026 and rep.ended_on is None:
            yield start, None, percent
            return
        yield start, min(year_end, rep.ended_on or year_end), percent
        start = year_end


_STAGES = (
    ("lead_acquired", "Lead acquired", "获取线索", 1, "open"),
    ("qualified", "Qualified", "线索确认", 2, "open"),
    ("discovery", "Discovery", "需求调研", 3, "open"),
    ("proposal", "Proposal and quote", "方案报价", 4, "open"),
    ("negotiation", "Negotiation", "商务谈判", 5, "open"),
    ("contract_signed", "Contract signed", "签订合同", 6, "won"),
    ("cash_collected", "Cash collected", "回款完成", 7, "collected"),
    ("closed_lost", "Closed lost", "丢单", 90, "lost"),
    ("disqualified", "Disqualified", "线索无效", 91, "disqualified"),
)
_STAGES_OF_RENEWALS = (
    ("renewal_due", "Renewal due", "待续约", 1, "open"),
    ("negotiation", "Negotiation", "商务谈判", 2, "open"),
    ("renewed", "Renewed", "已续约", 3, "won"),
    ("closed_lost", "Closed lost", "丢单", 90, "lost"),
)
STAGE_PROBABILITIES = {
    "lead_acquired": {POLICY_START: "0.05"},
    "qualified": {POLICY_START: "0.10", date(2025, 1, 1): "0.20"},
    "discovery": {POLICY_START: "0.25", date(2025, 1, 1): "0.30"},
    "proposal": {POLICY_START: "0.50"},
    "negotiation": {POLICY_START: "0.70", date(2025, 1, 1): "0.65"},
}
"""Stage -> first day -> how likely a deal there is won: what the house has decided, twice."""

TRAFFIC_LIGHTS = {
    "qualified": {POLICY_START: "red"},
    "discovery": {POLICY_START: "red"},
    "proposal": {POLICY_START: "red", date(2025, 1, 1): "yellow"},
    "negotiation": {POLICY_START: "yellow"},
    "contract_signed": {POLICY_START: "green"},
    "cash_collected": {POLICY_START: "green"},
}
"""Stage -> first day -> its light; a deal that is lost or disqualified has none."""

_STAGE_MAP = (
    ("lead", "New", "lead_acquired"),
    ("lead", "Working", "lead_acquired"),
    ("lead", "Qualified", "qualified"),
    ("lead", "Unqualified", "disqualified"),
    ("opportunity", "Qualification", "qualified"),
    ("opportunity", "Discovery", "discovery"),
    ("opportunity", "Proposal/Price Quote", "proposal"),
    ("opportunity", "Negotiation/Review", "negotiation"),
    ("opportunity", "Closed Won", "contract_signed"),
    ("opportunity", "Closed Lost", "closed_lost"),
)
_STAGE_MAP_OF_RENEWALS = (
    ("opportunity", "Renewal Due", "renewal_due"),
    ("opportunity", "Qualification", "renewal_due"),
    ("opportunity", "Negotiation/Review", "negotiation"),
    ("opportunity", "Closed Won", "renewed"),
    ("opportunity", "Closed Lost", "closed_lost"),
)


@dataclass(frozen=True, slots=True)
class EntryRule:
    """One entry rule, as its row says it."""

    rule_id: str
    stage_id: str
    predicate: str
    predicate_at_entry: str
    field: str
    description_en: str
    description_zh: str
    fix_en: str
    fix_zh: str
    pipeline_id: str = "default"


ENTRY_RULES = (
    EntryRule(
        "proposal_amount_positive",
        "proposal",
        "amount > 0",
        "amount_at_entry > 0",
        "amount",
        "A deal that is quoted has an amount above zero.",
        "报价阶段的商机必须填写大于零的金额。",
        "Enter the quoted amount on the opportunity.",
        "在商机上填写报价金额。",
    ),
    EntryRule(
        "proposal_close_date_present",
        "proposal",
        "close_date is not null",
        "close_date_at_entry is not null",
        "close_date",
        "A deal that is quoted has an expected close date.",
        "报价阶段的商机必须有预计成交日期。",
        "Agree a close date with the customer and enter it.",
        "与客户确认预计成交日期并填写。",
    ),
    EntryRule(
        "proposal_discovery_completed",
        "proposal",
        "coalesce(discovery_completed_at <= entered_at, false)",
        "coalesce(discovery_completed_at_at_entry <= entered_at, false)",
        "discovery_completed_at",
        "The customer confirmed the needs before the proposal was made.",
        "提交方案之前，客户已确认需求调研结果。",
        "Record when the customer confirmed the needs, or move the deal back to discovery.",
        "填写客户确认需求的时间，否则将商机退回需求调研阶段。",
    ),
    EntryRule(
        "negotiation_customer_committed",
        "negotiation",
        "coalesce(customer_committed_at <= entered_at, false)",
        "coalesce(customer_committed_at_at_entry <= entered_at, false)",
        "customer_committed_at",
        "The customer committed to buy before terms were negotiated.",
        "进入商务谈判之前，客户已作出采购承诺。",
        "Record the date of the customer's commitment, or move the deal back to proposal.",
        "填写客户承诺的日期，否则将商机退回方案报价阶段。",
    ),
    EntryRule(
        "negotiation_decision_maker_known",
        "negotiation",
        "decision_maker_count > 0",
        "decision_maker_count_at_entry > 0",
        "decision_maker_count",
        "A decision maker is known when terms are negotiated.",
        "商务谈判阶段必须已知决策人。",
        "Add the decision maker as a contact role of the opportunity.",
        "在商机的联系人角色中添加决策人。",
    ),
    EntryRule(
        "contract_signed_evidence",
        "contract_signed",
        "coalesce(contract_signed_at <= entered_at, false)",
        "coalesce(contract_signed_at_at_entry <= entered_at, false)",
        "contract_signed_at",
        "A deal counts as signed only with a contract signed by then.",
        "只有合同已签署的商机才能算作签约。",
        "Record the signature date from the contract, or reopen the deal.",
        "按合同填写签署日期，否则重新打开商机。",
    ),
    EntryRule(
        "contract_signed_after_creation",
        "contract_signed",
        "entered_at >= created_at",
        "entered_at >= created_at",
        "created_at",
        "A deal is won at or after the moment it began.",
        "商机的赢单时间不得早于其创建时间。",
        "Correct the date of the first contact or of the signature, whichever is wrong.",
        "核对首次接触日期与签约日期，更正其中错误的一个。",
        pipeline_id="*",
    ),
)
MAX_FAILED_RATE = "0.150000"
MAX_UNKNOWN_RATE = "0.100000"

_COLUMNS = {
    "tenant": "tenant display_name reporting_timezone currency_code",
    "setting": "name value",
    "process_stage": "pipeline_id stage_id stage_name_en stage_name_zh stage_order kind",
    "stage_map": "source_system tenant pipeline_id record_type source_stage stage_id",
    "stage_entry_rule": (
        "rule_id pipeline_id stage_id predicate predicate_at_entry field owner severity"
        " max_failed_rate max_unknown_rate enforced_from description_en description_zh"
        " fix_en fix_zh"
    ),
    "fx_rate": "fx_rate_id rate_type from_currency to_currency rate",
    "commission_plan": (
        "plan_id plan_name_en plan_name_zh period_type base approved_by approved_at"
    ),
    "plan_component": (
        "plan_id component_id tier_method boundary_operator refund_effect refund_period"
    ),
    "rate_tier": "component_id tier_number lower_attainment upper_attainment rate",
    "plan_assignment": "tenant employee_number plan_id",
    "quota": "tenant employee_number quota_amount currency_code",
    "pay_code": "pay_code is_commission",
    "pipeline": "pipeline_id pipeline_name_en pipeline_name_zh pipeline_type",
    "pipeline_map": "source_system tenant opportunity_type pipeline_id",
    "process_milestone": (
        "pipeline_id stage_id milestone_id milestone_order milestone_name_en milestone_name_zh"
        " evidence is_required weight"
    ),
    "process_step": (
        "pipeline_id milestone_id step_id step_order step_name_en step_name_zh activity_type"
        " is_required"
    ),
    "stage_probability": "pipeline_id stage_id probability_rate",
    "traffic_light": "pipeline_id stage_id light",
    "rep_assignment": "tenant employee_number team region manager_employee_number",
    "working_day": "tenant day is_working_day name",
    "target_season": "tenant month_number weight",
    "target": (
        "target_id tenant scope_kind scope_id metric_id period_type period_start target_value"
        " currency_code baseline_value growth_rate owner method version"
    ),
    "service_level": "source_system tenant resource max_age_hours severity owner",
    "access_grant": "user_name role tenant employee_number",
}
_Row = tuple[object, ...]


def policy_tables(rosters: list[Roster], scale: Scale) -> dict[str, str]:
    """The CSV text of each policy table, header first."""
    return {
        table: _csv(columns.split(), _rows(table, rosters, scale))
        for table, columns in _COLUMNS.items()
    }


def write_policy(folder: Path, rosters: list[Roster], scale: Scale) -> None:
    """Writes `<table>.csv` for every table into the folder, which is made when missing."""
    folder.mkdir(parents=True, exist_ok=True)
    for table, text in policy_tables(rosters, scale).items():
        (folder / f"{table}.csv").write_text(text, encoding="utf-8", newline="")


def _csv(columns: list[str], rows: Iterator[_Row]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*columns, "valid_from", "valid_to"])
    writer.writerows(rows)
    return text.getvalue()


def _rows(table: str, rosters: list[Roster], scale: Scale) -> Iterator[_Row]:
    """The rows of a table, `valid_from` and `valid_to` at the end."""
    if table == "plan_assignment":
        for roster in rosters:
            for held in assignments(roster):
                yield held.tenant, held.employee_number, PLAN_ID, held.valid_from, held.valid_to
    elif table == "quota":
        for roster in rosters:
            for quota in quotas(roster, scale):
                yield (
                    quota.tenant,
                    quota.employee_number,
                    f"{quota.amount}.00",
                    roster.tenant.currency,
                    quota.valid_from,
                    quota.valid_to,
                )
    elif table == "rep_assignment":
        for roster in rosters:
            yield from _place_rows(roster)
    elif table == "working_day":
        for special in special_days():
            works = "true" if special.is_working_day else "false"
            yield special.tenant, special.day, works, special.name, _announced_on(special.day), None
    elif table == "target":
        for roster in rosters:
            yield from _target_rows(roster, scale)
    elif table == "target_season":
        yield from _dated_rows(AURORA.name, SEASON)
    elif table == "stage_probability":
        yield from _dated_rows("default", STAGE_PROBABILITIES)
    elif table == "traffic_light":
        yield from _dated_rows("default", TRAFFIC_LIGHTS)
    elif table == "process_stage":
        yield from _stage_rows()
    elif table == "pipeline":
        yield from PIPELINES
    elif table == "process_milestone":
        yield from milestones()
    elif table == "process_step":
        yield from steps()
    elif table == "fx_rate":
        yield from _fx_rows()
    else:
        for row in _undated_rows(table, rosters):
            yield *row, POLICY_START, None


def _dated_rows(
    scope: str, values: Mapping[str, dict[date, str]] | Mapping[int, dict[date, str]]
) -> Iterator[_Row]:
    """One row a stage or month and value, each valid until the next one's first day."""
    for name, by_day in values.items():
        ends = [*list(by_day)[1:], None]
        for (start, value), end in zip(by_day.items(), ends, strict=True):
            yield scope, name, value, start, end


def _place_rows(roster: Roster) -> Iterator[_Row]:
    """Everybody's place from hiring to leaving; who moved region has two."""
    tenant = roster.tenant.name
    for person in roster.people:
        number, region = person.employee_number, person.region
        boss = person.manager_number and roster.people[person.manager_number - 1].employee_number
        until = person.moved_on or person.ended_on
        yield tenant, number, team_of(region), region, boss, person.hired_on, until
        if person.moved_on:
            region = person.moved_region
            boss = roster.manager(region).employee_number
            yield tenant, number, team_of(region), region, boss, person.moved_on, person.ended_on


def _target_rows(roster: Roster, scale: Scale) -> Iterator[_Row]:
    for target in targets(roster, scale):
        growth = target.growth_percent
        yield (
            target.target_id,
            target.tenant,
            target.scope_kind,
            target.scope_id,
            target.metric_id,
            target.period_type,
            target.period_start,
            None if target.value is None else f"{target.value}.00",
            target.currency,
            None if target.baseline is None else f"{target.baseline}.00",
            None if growth is None else f"{Decimal(growth) / 100:.2f}",
            target.owner,
            target.method,
            target.version,
            target.valid_from,
            target.valid_to,
        )


def _stage_rows() -> Iterator[_Row]:
    """Each stage; of one that was renamed the row with the old name, then that with the new one."""
    for stage_id, *names, order, kind in _STAGES:
        renamed = RENAMED_STAGES.get(stage_id)
        until = THIRD_VERSION if renamed else None
        yield "default", stage_id, *names, order, kind, POLICY_START, until
        if renamed:
            yield "default", stage_id, *renamed, order, kind, THIRD_VERSION, None
    for stage in _STAGES_OF_RENEWALS:
        yield "renewal", *stage, POLICY_START, None


def _announced_on(day: date) -> date:
    """A year's calendar is announced in the November before; policy begins with its first."""
    return max(date(day.year - 1, 11, 15), POLICY_START)


def _fx_rows() -> Iterator[_Row]:
    for (source, target), by_year in FX_RATES.items():
        for year, rate in by_year.items():
            name = f"plan-{year}-{source}-{target}"
            yield name, "plan", source, target, rate, date(year, 1, 1), date(year + 1, 1, 1)


def _undated_rows(table: str, rosters: list[Roster]) -> list[_Row]:
    """Rows that hold for the whole life of the demo company."""
    match table:
        case "tenant":
            return [(t.name, t.display_name, t.timezone, t.currency) for t in TENANTS]
        case "setting":
            return [
                ("reporting_timezone", "Asia/Shanghai"),
                ("payroll_lag_months", "1"),
                ("entry_block_window_days", "28"),
            ]
        case "stage_map":
            return [
                *(("salesforce", "*", "default", *row) for row in _STAGE_MAP),
                *(("salesforce", "*", "renewal", *row) for row in _STAGE_MAP_OF_RENEWALS),
            ]
        case "pipeline_map":
            return [("salesforce", "*", RENEWAL, "renewal")]
        case "stage_entry_rule":
            return [
                (
                    rule.rule_id,
                    rule.pipeline_id,
                    rule.stage_id,
                    rule.predicate,
                    rule.predicate_at_entry,
                    rule.field,
                    "sales_operations",
                    "critical",
                    MAX_FAILED_RATE,
                    MAX_UNKNOWN_RATE,
                    ENTRY_RULES_ENFORCED_FROM,
                    rule.description_en,
                    rule.description_zh,
                    rule.fix_en,
                    rule.fix_zh,
                )
                for rule in ENTRY_RULES
            ]
        case "commission_plan":
            return [
                (
                    PLAN_ID,
                    "Cash collected, monthly, retroactive tiers",
                    "按月回款全额累进提成",
                    "month",
                    "cash_net_of_tax",
                    "finance",
                    "2022-12-12 02:00:00",
                )
            ]
        case "plan_component":
            return [
                (PLAN_ID, COMPONENT_ID, "retroactive", "lower_inclusive", "rate_of_line", "event")
            ]
        case "rate_tier":
            return [
                (COMPONENT_ID, number, f"{lower:f}", f"{upper:f}" if upper else None, f"{rate:f}")
                for number, (lower, upper, rate) in enumerate(TIERS, start=1)
            ]
        case "pay_code":
            return [
                *((code, "true") for code in COMMISSION_PAY_CODES),
                *((code, "false") for code in OTHER_PAY_CODES),
            ]
        case "service_level":
            return list(SERVICE_LEVELS)
        case "access_grant":
            return _access_rows(rosters[0])
    raise KeyError(f"no rows are written for the policy table {table!r}")


def _access_rows(roster: Roster) -> list[_Row]:
    """One demo user a role; the manager and the rep are of the first tenant's first region."""
    manager = roster.manager(roster.tenant.regions[0])
    rep = next(p for p in roster.reps if p.manager_number == manager.number and not p.ended_on)
    tenant = roster.tenant.name
    return [
        ("admin", "admin", "*", None),
        ("finance", "finance", "*", None),
        ("analyst", "analyst", "*", None),
        ("manager", "manager", tenant, manager.employee_number),
        ("rep", "rep", tenant, rep.employee_number),
    ]
