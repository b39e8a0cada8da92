"""Deals and their entries are in pipelines and stages that the process has; rules guard some."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from expectations.contract import Check, Suite
from expectations.sql import literal, rows
from expectations.suites.stage_entry.rules import ENTRIES, BrokenRule, EntryRule

_PROCESS = "staging.stg_policy__process_stage"
_DEALS = "core.fct_opportunity"
_NAMES = "intermediate.int_stage_names"
_NAMED = (
    "deal.source_system = named.source_system and deal.tenant = named.tenant "
    "and deal.pipeline_id = named.pipeline_id and deal.stage_name = named.stage_name "
    "and named.record_type = 'opportunity'"
)


def entries(as_of: date) -> Suite:
    """Stage names in the data are mapped, and to stages of the process.

    A deal's own stage counts where no entry tells of it, as in a list of deals without a history.
    """
    return Suite(
        name="stage_entry.stages",
        query=f"""
            select
                entry.tenant, entry.pipeline_id, entry.record_type, entry.stage_name,
                entry.stage_id, sum(entry.entries) || ' ' || entry.kind as entries,
                string_agg(entry.amount || coalesce(' ' || entry.currency_code, ''), ' + '
                    order by entry.currency_code) as amount,
                max(named.stage_id) as mapped_to
            from (
                select tenant, pipeline_id, record_type, stage_name, stage_id,
                    'entries' as kind, currency_code_at_entry as currency_code,
                    count(*) as entries, sum(amount_at_entry) as amount
                from {ENTRIES} group by all
                union all
                select deal.tenant, deal.pipeline_id, 'opportunity', deal.stage_name,
                    named.stage_id, 'deals', deal.currency_code, count(*), sum(deal.amount)
                from {_DEALS} as deal
                left join {_NAMES} as named
                    on {_NAMED} and named.entered_date = {literal(as_of)}
                anti join {ENTRIES} as entered
                    on deal.tenant = entered.tenant
                    and deal.pipeline_id = entered.pipeline_id
                    and deal.stage_name = entered.stage_name
                    and entered.record_type = 'opportunity'
                group by all
            ) as entry
            left join (
                select record_type, source_stage, max(stage_id) as stage_id
                from staging.stg_policy__stage_map group by record_type, source_stage
            ) as named
                on entry.record_type = named.record_type and entry.stage_name = named.source_stage
            group by
                entry.tenant, entry.pipeline_id, entry.record_type, entry.stage_name,
                entry.stage_id, entry.kind
        """,
        grain="stage names",
        label=(
            "tenant || ' ' || record_type || ' stage ' || stage_name || ': ' || entries "
            "|| ', value ' || coalesce(amount, 'unknown') "
            "|| coalesce(', mapped to ' || mapped_to || ' but not for this tenant, pipeline and "
            "date, or not a stage of the process then', ', not in stage_map')"
        ),
        checks=(
            Check(
                name="stage_is_known",
                expectation="ExpectColumnValuesToNotBeNull",
                arguments={"column": "stage_id"},
                fault="stage_id is null",
                why="A stage that nobody mapped would vanish from the funnel with its deals.",
                owner="sales_operations",
                severity="critical",
                threshold="none: a deal in an unknown stage is in no number",
                fix=(
                    "add the name to policy stage_map (`closebook process init --source SOURCE`) "
                    "and what it is to process_stage, or rename it in the CRM"
                ),
            ),
        ),
        input_query=f"select count(*) from {ENTRIES}",
    )


def pipelines() -> Suite:
    """Where deals are in several pipelines, each of them has a type."""
    return Suite(
        name="stage_entry.pipelines",
        query=f"""
            select
                deal.tenant, deal.pipeline_id, deal.deals, deal.types,
                typed.pipeline_id is null
                    and min(deal.pipeline_id) over () <> max(deal.pipeline_id) over () as is_untyped
            from (
                select
                    tenant, pipeline_id, count(*) as deals,
                    string_agg(distinct coalesce(opportunity_type, '(none)'), ', '
                        order by coalesce(opportunity_type, '(none)')) as types
                from {_DEALS} group by tenant, pipeline_id
            ) as deal
            left join (
                select distinct pipeline_id from staging.stg_policy__pipeline
            ) as typed on deal.pipeline_id = typed.pipeline_id
        """,
        grain="pipelines",
        label=(
            "tenant || ' pipeline ' || pipeline_id || ': ' || deals || ' deals of type ' || types"
        ),
        checks=(
            Check(
                name="pipeline_has_a_type",
                expectation="ExpectColumnValuesToBeInSet",
                arguments={"column": "is_untyped", "value_set": [False]},
                fault="is_untyped",
                why="New business and renewals in one rate say nothing about either.",
                owner="sales_operations",
                severity="critical",
                threshold="none: figures of different types are never added up",
                fix=(
                    "add the pipeline to policy pipeline with its type, or name the pipeline of "
                    "these types of deals in pipeline_map"
                ),
            ),
        ),
        input_query=f"select count(*) from {_DEALS}",
    )


def outcomes(as_of: date) -> Suite:
    """What the records of deals say of their end is what their stages say."""
    return Suite(
        name="stage_entry.outcomes",
        query=f"""
            select
                deal.tenant, deal.pipeline_id, deal.stage_name, named.stage_kind, deal.is_closed,
                deal.is_won, count(*) as deals, min(deal.source_id) as example,
                case
                    when named.stage_kind in ('won', 'collected')
                        then not (deal.is_closed and deal.is_won)
                    when named.stage_kind = 'open' then deal.is_won
                    else deal.is_won or not deal.is_closed
                end as differs,
                deal.is_closed and deal.closed_at is null as is_undated,
                coalesce(deal.closed_at < deal.created_at, false) as is_backwards
            from {_DEALS} as deal
            inner join {_NAMES} as named on {_NAMED} and named.entered_date = {literal(as_of)}
            group by all
        """,
        grain="kinds of deals",
        label=(
            "tenant || ' ' || pipeline_id || ' stage ' || stage_name || ': ' || deals "
            "|| ' deals, first ' || example"
        ),
        checks=(
            Check(
                name="record_agrees_with_its_stage",
                expectation="ExpectColumnValuesToBeInSet",
                arguments={"column": "differs", "value_set": [False]},
                fault="differs",
                why="A deal in a won stage that is not won is neither open nor won anywhere.",
                owner="sales_operations",
                severity="critical",
                threshold="none: such a deal is in no number, or in two that differ",
                fix=(
                    "map the stage to one of the right kind in policy stage_map, or correct "
                    "is_closed and is_won where the deals come from"
                ),
                label=(
                    "tenant || ' ' || pipeline_id || ' stage ' || stage_name || ', of kind ' "
                    "|| stage_kind || case when not is_closed then ', not closed' "
                    "when is_won then ', won' else ', lost' end || ': ' || deals "
                    "|| ' deals, first ' || example"
                ),
            ),
            Check(
                name="closed_deal_has_a_date",
                expectation="ExpectColumnValuesToBeInSet",
                arguments={"column": "is_undated", "value_set": [False]},
                fault="is_undated",
                why="A deal that was closed nobody knows when is in no month.",
                owner="sales_operations",
                severity="warning",
                threshold="none, but shown: lists of old deals rarely have the day",
                fix="bring closed_at with the deals; until then they are in no rate and no sum",
            ),
            Check(
                name="deal_was_created_before_its_close",
                expectation="ExpectColumnValuesToBeInSet",
                arguments={"column": "is_backwards", "value_set": [False]},
                fault="is_backwards",
                why="A deal closed before it was created was never open, and took no time.",
                owner="sales_operations",
                severity="warning",
                threshold="none, but shown: it counts where it was closed, in no cycle time",
                fix="correct created_at or closed_at where the deals come from",
            ),
        ),
        input_query="select 0",
    )


def rules(known: Sequence[EntryRule], broken: Sequence[BrokenRule]) -> Suite:
    """The rules of policy can be evaluated, and there are stages that they guard."""
    listed = rows(
        ("rule_id", "pipeline_id", "stage_id", "fault"),
        [
            *((rule.rule_id, rule.pipeline_id, rule.stage_id, None) for rule in known),
            *((rule.rule_id, None, None, rule.why) for rule in broken),
        ],
    )
    return Suite(
        name="stage_entry.policy",
        query=f"""
            select
                rule.rule_id,
                rule.fault,
                case
                    when rule.fault is not null then 'not judged'
                    else max(process.stage_id)
                end as guarded_stage_id
            from {listed} as rule
            left join {_PROCESS} as process
                on
                    rule.stage_id = process.stage_id
                    and rule.pipeline_id in ('*', process.pipeline_id)
            group by rule.rule_id, rule.fault
        """,
        grain="rules",
        label="'rule ' || rule_id",
        checks=(
            Check(
                name="rule_can_be_evaluated",
                expectation="ExpectColumnValuesToBeNull",
                arguments={"column": "fault"},
                fault="fault is not null",
                why="A rule that cannot be evaluated guards nothing.",
                owner="policy_owner",
                severity="critical",
                threshold="none: a broken rule must not look like a kept one",
                fix="correct the row of policy stage_entry_rule and land the policy again",
                label="'rule ' || rule_id || ': ' || fault",
            ),
            Check(
                name="rule_guards_a_stage",
                expectation="ExpectColumnValuesToNotBeNull",
                arguments={"column": "guarded_stage_id"},
                fault="guarded_stage_id is null",
                why="A rule on a stage that does not exist never fails, and nobody notices.",
                owner="policy_owner",
                severity="critical",
                threshold="none: it is a typing error",
                fix="correct pipeline_id and stage_id of the rule, or add the stage",
            ),
        ),
        input_query=f"select {len(known) + len(broken)}",
    )
