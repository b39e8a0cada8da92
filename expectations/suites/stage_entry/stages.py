"""Every entry is into a stage that the process has, and every rule guards one."""

from __future__ import annotations

from collections.abc import Sequence

from expectations.contract import Check, Suite
from expectations.sql import rows
from expectations.suites.stage_entry.rules import ENTRIES, BrokenRule, EntryRule

_PROCESS = "staging.stg_policy__process_stage"


def entries() -> Suite:
    """Stage names in the data are mapped, and to stages of the process."""
    return Suite(
        name="stage_entry.stages",
        query=f"""
            select
                entry.tenant, entry.pipeline_id, entry.record_type, entry.stage_name,
                entry.stage_id, sum(entry.entries) as entries,
                string_agg(entry.amount || coalesce(' ' || entry.currency_code, ''), ' + '
                    order by entry.currency_code) as amount,
                max(named.stage_id) as mapped_to
            from (
                select tenant, pipeline_id, record_type, stage_name, stage_id,
                    currency_code_at_entry as currency_code, count(*) as entries,
                    sum(amount_at_entry) as amount
                from {ENTRIES} group by all
            ) as entry
            left join (
                select record_type, source_stage, max(stage_id) as stage_id
                from staging.stg_policy__stage_map group by record_type, source_stage
            ) as named
                on entry.record_type = named.record_type and entry.stage_name = named.source_stage
            group by
                entry.tenant, entry.pipeline_id, entry.record_type, entry.stage_name,
                entry.stage_id
        """,
        grain="stage names",
        label=(
            "tenant || ' ' || record_type || ' stage ' || stage_name || ': ' || entries "
            "|| ' entries, value ' || coalesce(amount, 'unknown') "
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
                    "add the name to policy stage_map (`closebook process init`) and what it is to "
                    "process_stage, or rename it in the CRM"
                ),
            ),
        ),
        input_query=f"select count(*) from {ENTRIES}",
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
