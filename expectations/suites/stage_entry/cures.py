"""When an entry that failed was cured: its rule read on the deal as it was, at every later instant.

The last unbroken run of instants at which the predicate is true begins with the cure. An entry
whose history does not show the fault, or does not show it mended, is cured at no known instant.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import duckdb

from expectations.sql import literal
from expectations.suites.stage_entry.rules import CONTEXT, ENTRIES, EVIDENCE, EntryRule

STATES = "intermediate.int_opportunity_instant_states"
DECISION_MAKERS = "intermediate.int_decision_makers"
RECORDED = "intermediate.int_evidence_intervals"


def write_cures(
    connection: duckdb.DuckDBPyConnection, rules: Sequence[EntryRule], as_of_at: datetime
) -> None:
    """Fills `cured_at` of `quality.stage_entry_verdict`, from the verdicts written and the rules.

    Only cured entries are followed through time: they are few, and entries are many.
    """
    if not rules:
        return
    readings = " union all ".join(_readings(rule) for rule in rules)
    connection.execute(
        f"""
        update quality.stage_entry_verdict as verdict
        set cured_at = cures.cured_at
        from (
            with cured as ({_CURED}),
            moments as ({_moments(as_of_at)}),
            deals as ({_DEALS}),
            readings as ({readings}),
            placed as (
                select
                    *, max(case when not holds then instant_at end) over (
                        partition by rule_id, stage_event_key
                    ) as last_fault_at
                from readings
            )
            select rule_id, stage_event_key, min(instant_at) as cured_at
            from placed
            where instant_at > last_fault_at
            group by rule_id, stage_event_key
        ) as cures
        where
            verdict.rule_id = cures.rule_id
            and verdict.stage_event_key = cures.stage_event_key
        """
    )


_CURED = f"""
    select context.*, entry.opportunity_key
    from {CONTEXT} as context
    inner join {ENTRIES} as entry on context.stage_event_key = entry.stage_event_key
    where context.stage_event_key in (
        select stage_event_key from quality.stage_entry_verdict where verdict_now = 'cured'
    )
"""


def _recorded(name: str) -> str:
    """SQL: an evidence date as the record had it at the moment; of a date to come, none yet."""
    recorded = f"case when {name}_recorded.field_name is null then cured.{name} else "
    recorded += f"{name}_recorded.evidence_at end"
    return f"case when {recorded} <= instant_at then {recorded} end as {name}"


def _join_recorded(name: str) -> str:
    as_it_was = f"{name}_recorded"
    return f"""
        left join {RECORDED} as {as_it_was}
            on
                cured.opportunity_key = {as_it_was}.opportunity_key
                and {as_it_was}.field_name = {literal(name)}
                and (
                    {as_it_was}.valid_from_at is null
                    or moments.instant_at >= {as_it_was}.valid_from_at
                )
                and (
                    {as_it_was}.valid_to_at is null
                    or moments.instant_at < {as_it_was}.valid_to_at
                )
    """


# A moment is of the deal as it was: what came later is not there yet.
_DEALS = f"""
    select
        cured.* replace (
            states.amount as amount, states.currency_code as currency_code,
            states.close_date as close_date, states.owner_source_id as owner_source_id,
            {", ".join(_recorded(name) for name in sorted(EVIDENCE))},
            (
                select count(*) from {DECISION_MAKERS} as maker
                where
                    maker.opportunity_key = cured.opportunity_key
                    and maker.created_at <= moments.instant_at
            ) as decision_maker_count
        ),
        moments.instant_at
    from moments
    inner join cured on moments.stage_event_key = cured.stage_event_key
    left join {STATES} as states
        on
            cured.opportunity_key = states.opportunity_key
            and moments.instant_at >= states.changed_at
            and (states.next_changed_at is null or moments.instant_at < states.next_changed_at)
    {"".join(_join_recorded(name) for name in sorted(EVIDENCE))}
"""


def _moments(as_of_at: datetime) -> str:
    """SQL: the entry itself, and each later instant at which something a rule reads changed."""
    later = f"> cured.entered_at and {{0}} < {literal(as_of_at)}"
    evidence = " union ".join(
        f"select stage_event_key, {name} from cured where {name} {later.format(name)}"
        for name in sorted(EVIDENCE)
    )
    joined = " union ".join(
        f"""
        select cured.stage_event_key, change.{instant}
        from cured inner join {table} as change
            on cured.opportunity_key = change.opportunity_key
        where change.{instant} {later.format("change." + instant)}
        """
        for table, instant in (
            (STATES, "changed_at"),
            (DECISION_MAKERS, "created_at"),
            (RECORDED, "valid_from_at"),
            (RECORDED, "evidence_at"),
        )
    )
    return f"""
        select stage_event_key, entered_at as instant_at from cured
        union {evidence}
        union {joined}
    """


def _readings(rule: EntryRule) -> str:
    return f"""
        select
            {literal(rule.rule_id)} as rule_id, stage_event_key, instant_at,
            coalesce(({rule.predicate}), false) as holds
        from deals
        where stage_event_key in (
            select stage_event_key from quality.stage_entry_verdict
            where rule_id = {literal(rule.rule_id)} and verdict_now = 'cured'
        )
    """
