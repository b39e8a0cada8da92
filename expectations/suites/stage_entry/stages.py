"""Every entry is into a stage that the process has, and every rule guards one."""

from __future__ import annotations

from collections.abc import Sequence

from expectations.contract import Check, Suite
from expectations.sql import rows
from expectations.suites.stage_entry.rules import CONTEXT, BrokenRule, EntryRule

_PROCESS = "staging.stg_policy__process_stage"


def entries() -> Suite:
    """Stage names in the data are mapped, and to stages of the process."""
    return Suite(
        name="stage_entry.stages",
        query=f"""
            select
                context.tenant,
                context.record_type,
                context.stage_name,
                context.stage_id,
                count(*) as entries,
                sum(context.amount) as amount,
                case
                    when context.stage_id is null then 'not mapped'
                    else max(process.stage_id)
                end as process_stage_id
            from {CONTEXT} as context
            left join (select distinct pipeline_id, stage_id from {_PROCESS}) as process
                on context.pipeline_id = process.pipeline_id and context.stage_id = process.stage_id
            group by context.tenant, context.record_type, context.stage_name, context.stage_id
        """,
        grain="stage names",
        label=(
            "tenant || ' ' || record_type || ' stage ' || stage_name || ': ' || entries "
            "|| ' entries, value ' || coalesce(cast(amount as varchar), 'unknown')"
        ),
        checks=(
            Check(
                name="stage_name_mapped",
                expectation="ExpectColumnValuesToNotBeNull",
                arguments={"column": "stage_id"},
                fault="stage_id is null",
                why="A stage that nobody mapped would vanish from the funnel with its deals.",
                owner="sales_operations",
                severity="critical",
                threshold="none: a deal in an unknown stage is in no number",
                fix="add the stage name to policy stage_map, or rename the stage in the CRM",
            ),
            Check(
                name="stage_in_process",
                expectation="ExpectColumnValuesToNotBeNull",
                arguments={"column": "process_stage_id"},
                fault="process_stage_id is null",
                why="A stage that the process does not have comes before and after no other.",
                owner="sales_operations",
                severity="critical",
                threshold="none: a deal in such a stage reaches nothing",
                fix="add the stage to policy process_stage, or correct stage_map",
            ),
        ),
        input_query=f"select count(*) from {CONTEXT}",
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
