"""Shares of entries by value, and over all rules: what no single rule's count shows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from expectations.contract import Check, Suite
from expectations.sql import literal, rows
from expectations.suites.stage_entry.rules import CONTEXT, EntryRule

# An entry breaks any of several rules more easily than one: a quarter is the point at which the
# qualified and the unqualified funnel tell different stories.
MAX_TOTAL_RATE = Decimal("0.25")

_ALL = "all rules"


def suite(rules: Sequence[EntryRule], as_of: date, window_days: int) -> Suite:
    """One row per tenant and rule, and one per tenant for all rules together.

    `rules` are those that may block. Counted are the entries that may, by the verdicts written. An
    entry that fails several rules is one entry of the total. Values are in the tenant's currency.
    """
    limits = rows(
        ("rule_id", "counted_since", "max_rate"),
        [
            (rule.rule_id, rule.counted_since(as_of, window_days), rule.max_failed_rate)
            for rule in rules
        ],
    )
    label = "tenant || ', ' || scope"
    return Suite(
        name="stage_entry.total",
        query=f"""
            with counted as (
                select
                    verdict.rule_id, context.tenant, context.stage_event_key, limits.max_rate,
                    coalesce(context.amount_in_tenant_currency, 0) as amount,
                    verdict.verdict_now = 'fail' as is_failed
                from quality.stage_entry_verdict as verdict
                inner join {CONTEXT} as context
                    on verdict.stage_event_key = context.stage_event_key
                inner join {limits} as limits on verdict.rule_id = limits.rule_id
                where context.entered_date between limits.counted_since and {literal(as_of)}
            ),
            scoped as (
                select 'rule ' || rule_id as scope, tenant, amount, is_failed, max_rate from counted
                union all
                select
                    '{_ALL}', tenant, max(amount), bool_or(is_failed),
                    {literal(MAX_TOTAL_RATE)}
                from counted group by tenant, stage_event_key
            )
            select
                scope, tenant, max(max_rate) as max_rate,
                count(*) as entries,
                count(*) filter (where is_failed) as failed_entries,
                sum(amount) as amount,
                coalesce(sum(amount) filter (where is_failed), 0) as failed_amount,
                case when scope = '{_ALL}'
                    then count(*) filter (where is_failed) > max(max_rate) * count(*)
                end as is_over_by_count,
                coalesce(sum(amount) filter (where is_failed), 0) > max(max_rate) * sum(amount)
                    as is_over_by_value
            from scoped
            group by scope, tenant
        """,
        grain="tenants and rules",
        label=label,
        checks=(
            Check(
                name="few_failed_in_total",
                expectation="ExpectColumnValuesToBeInSet",
                arguments={"column": "is_over_by_count", "value_set": [False]},
                fault="is_over_by_count",
                why="Many rules, each broken a little, still make most of a funnel unqualified.",
                owner="sales_operations",
                severity="critical",
                threshold=(
                    f"at most {MAX_TOTAL_RATE} of the counted entries fail any rule: beyond, the "
                    "qualified funnel is a different one"
                ),
                fix="read quality.quarantine by owner and field",
                label=f"{label} || ': ' || failed_entries || ' of ' || entries || ' entries'",
            ),
            Check(
                name="little_value_failed",
                expectation="ExpectColumnValuesToBeInSet",
                arguments={"column": "is_over_by_value", "value_set": [False]},
                fault="is_over_by_value",
                why="A rule broken by few but large deals moves the forecast more than its count.",
                owner="sales_operations",
                severity="critical",
                threshold=(
                    "at most the rule's max_failed_rate of the counted value "
                    f"({MAX_TOTAL_RATE} for all rules): value is what a forecast adds up"
                ),
                fix="read quality.quarantine by amount_at_fault",
                label=f"{label} || ': ' || failed_amount || ' of ' || amount",
            ),
        ),
        input_query="select 0",
    )
