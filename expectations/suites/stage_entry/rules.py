"""Entry rules: one row of policy, one expectation. No rule stands here or in a model.

A rule that applies to an entry gives it a verdict, pass, fail or unknown, by each of two
predicates: `predicate` on the fields as known now (a fault mended since is `cured`), and
`predicate_at_entry` on the fields as at the entry, which never changes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

import duckdb

from expectations.contract import Check, Severity, Suite
from expectations.predicate import PredicateError, safe_predicate
from expectations.results import create_tables
from expectations.sql import literal, name

CONTEXT = "intermediate.int_stage_entry_context"
ENTRIES = "intermediate.int_stage_entries"

_EVIDENCE = {
    "customer_committed_at": "timestamp",
    "discovery_completed_at": "timestamp",
    "proposal_sent_at": "timestamp",
    "contract_signed_at": "timestamp",
}
_ANY_TIME = {"entered_at": "timestamp", "created_at": "timestamp"}
_NOW = _EVIDENCE | {
    "amount": "decimal(18, 2)",
    "currency_code": "varchar",
    "close_date": "date",
    "owner_source_id": "varchar",
    "decision_maker_count": "bigint",
}
_AT_ENTRY = {f"{column}_at_entry": kind for column, kind in _NOW.items()}
COLUMN_TYPES = _ANY_TIME | _NOW | _AT_ENTRY
"""Every column of the context that a rule may read, and its type."""

EVIDENCE = frozenset(_EVIDENCE)
NOW = frozenset(_ANY_TIME | _NOW)
AT_ENTRY = frozenset(_ANY_TIME | _AT_ENTRY)


@dataclass(frozen=True, slots=True)
class EntryRule:
    """A row of `stage_entry_rule` that is valid, with its predicates as safe SQL."""

    rule_id: str
    pipeline_id: str
    stage_id: str
    predicate: str
    predicate_at_entry: str
    field: str
    owner: str
    severity: Severity
    max_failed_rate: Decimal
    max_unknown_rate: Decimal
    enforced_from: date
    description: str
    fix: str

    @property
    def applies(self) -> str:
        """SQL over the context: the entries that the rule judges."""
        stage = f"stage_id = {literal(self.stage_id)}"
        if self.pipeline_id == "*":
            return stage
        return f"{stage} and pipeline_id = {literal(self.pipeline_id)}"

    def counted_since(self, as_of: date, window_days: int) -> date:
        """The first day whose entries may block: in the window, and the rule already enforced."""
        return max(as_of - timedelta(days=window_days - 1), self.enforced_from)

    @property
    def field_at_entry(self) -> str:
        """The column of the context that holds `field` as at the entry."""
        at_entry = f"{self.field}_at_entry"
        return at_entry if at_entry in AT_ENTRY else self.field

    @property
    def verdict_at_entry(self) -> str:
        """SQL over the context."""
        return f"case ({self.predicate_at_entry}) {_THREE_WAYS}"

    @property
    def verdict_now(self) -> str:
        """SQL over the context."""
        return (
            f"case when ({self.predicate}) and not ({self.predicate_at_entry}) then 'cured' "
            f"else case ({self.predicate}) {_THREE_WAYS} end"
        )


_THREE_WAYS = "when true then 'pass' when false then 'fail' else 'unknown' end"


@dataclass(frozen=True, slots=True)
class BrokenRule:
    """A row of `stage_entry_rule` that cannot be evaluated, and why."""

    rule_id: str
    owner: str
    why: str


def read_rules(
    connection: duckdb.DuckDBPyConnection, as_of: date
) -> tuple[list[EntryRule], list[BrokenRule]]:
    """The rules valid on `as_of`, and those of them that cannot be evaluated.

    A predicate is parsed, refused when it is more than a condition on the context, and tried once
    on the context.
    """
    cursor = connection.execute(
        """
        select
            rule_id, pipeline_id, stage_id, predicate, predicate_at_entry, field, owner, severity,
            max_failed_rate, max_unknown_rate,
            coalesce(enforced_from, (select cast(min(recorded_at) as date) from meta.load))
                as enforced_from,
            description_en, fix_en
        from staging.stg_policy__stage_entry_rule
        where valid_from <= $1 and (valid_to is null or valid_to > $1)
        order by all
        """,
        [as_of],
    )
    names = [column[0] for column in cursor.description or ()]
    rules: list[EntryRule] = []
    broken: list[BrokenRule] = []
    seen: set[str] = set()
    for row in cursor.fetchall():
        given = dict(zip(names, row, strict=True))
        try:
            if given["rule_id"] in seen:
                raise PredicateError("more than one row of this rule is valid at the same time")
            seen.add(given["rule_id"])
            rules.append(_rule(connection, given))
        except PredicateError as error:
            broken.append(
                BrokenRule(
                    given["rule_id"], given["owner"] or "policy_owner", str(error).splitlines()[0]
                )
            )
    return rules, broken


def _rule(connection: duckdb.DuckDBPyConnection, given: dict[str, object]) -> EntryRule:
    """Raises PredicateError when the rule cannot be evaluated."""
    severity = given["severity"]
    if severity not in ("critical", "warning"):
        raise PredicateError(f"severity {severity!r} is neither critical nor warning")
    if given["field"] not in NOW:
        raise PredicateError(f"field {given['field']!r} is not one of {', '.join(sorted(NOW))}")
    empty = [column for column in _REQUIRED if given[column] is None]
    if empty:
        raise PredicateError(f"{', '.join(empty)} must not be empty")
    rule = EntryRule(
        rule_id=str(given["rule_id"]),
        pipeline_id=str(given["pipeline_id"]),
        stage_id=str(given["stage_id"]),
        predicate=_condition(connection, "predicate", given, NOW),
        predicate_at_entry=_condition(connection, "predicate_at_entry", given, AT_ENTRY),
        field=str(given["field"]),
        owner=str(given["owner"]),
        severity="warning" if severity == "warning" else "critical",
        max_failed_rate=Decimal(str(given["max_failed_rate"])),
        max_unknown_rate=Decimal(str(given["max_unknown_rate"])),
        enforced_from=_date(given["enforced_from"]),
        description=str(given["description_en"]),
        fix=str(given["fix_en"]),
    )
    for column in ("predicate", "predicate_at_entry"):
        condition = getattr(rule, column)
        try:
            connection.execute(
                f"select count(*) filter (where ({condition})) from {CONTEXT} where {rule.applies}"
            )
        except duckdb.Error as error:
            raise PredicateError(f"{column} {condition!r}: {error}") from None
    return rule


_REQUIRED = (
    "rule_id",
    "pipeline_id",
    "stage_id",
    "owner",
    "max_failed_rate",
    "max_unknown_rate",
    "enforced_from",
    "description_en",
    "fix_en",
)


def _condition(
    connection: duckdb.DuckDBPyConnection,
    column: str,
    given: dict[str, object],
    columns: frozenset[str],
) -> str:
    try:
        return condition_on(connection, CONTEXT, str(given[column] or ""), columns)
    except PredicateError as error:
        raise PredicateError(f"{column} {given[column]!r}: {error}") from None


def condition_on(
    connection: duckdb.DuckDBPyConnection, context: str, text: str, columns: frozenset[str]
) -> str:
    """`text` as safe SQL that is true or false of a row of `context`. Raises PredicateError."""
    condition = safe_predicate(text, columns)
    try:
        _, kind, *_ = connection.execute(
            f"describe select ({condition}) as verdict from {context}"
        ).fetchall()[0]
    except duckdb.Error as error:
        raise PredicateError(str(error).splitlines()[0]) from None
    if kind != "BOOLEAN":
        raise PredicateError(f"it is {kind}, not true or false")
    return condition


def empty_context(connection: duckdb.DuckDBPyConnection) -> str:
    """The name of a context without entries, made where there is no warehouse to ask."""
    columns = ", ".join(f"{column} {kind}" for column, kind in COLUMN_TYPES.items())
    connection.execute(f"create temp table empty_context ({columns})")
    return "empty_context"


def _date(value: object) -> date:
    if not isinstance(value, date):
        raise PredicateError(f"enforced_from {value!r} is not a date")
    return value


def write_verdicts(connection: duckdb.DuckDBPyConnection, rules: Sequence[EntryRule]) -> None:
    """Replaces `quality.stage_entry_verdict`: one statement, generated from the rules."""
    # Not emptied but dropped: an earlier release may have made it with fewer columns.
    connection.execute("drop table if exists quality.stage_entry_verdict")
    create_tables(connection)
    if rules:
        verdicts = " union all ".join(_verdicts(rule) for rule in rules)
        connection.execute(
            f"insert into quality.stage_entry_verdict select * from ({verdicts}) order by all"
        )


def _verdicts(rule: EntryRule) -> str:
    return f"""
        select
            {literal(rule.rule_id)} as rule_id, stage_event_key,
            {rule.verdict_at_entry} as verdict_at_entry, {rule.verdict_now} as verdict_now,
            cast({name(rule.field_at_entry)} as varchar) as observed_at_entry,
            cast({name(rule.field)} as varchar) as observed_now,
            entered_date >= {literal(rule.enforced_from)} as is_enforced, null as cured_at
        from {CONTEXT}
        where {rule.applies}
    """


def suite(rule: EntryRule, as_of: date, window_days: int) -> Suite:
    """The expectations of one rule, evaluated on the context by the rule's own predicates.

    Blocking counts entries of the trailing window that the rule was already enforced for; the
    others are judged, written and shown.
    """
    since = rule.counted_since(as_of, window_days)
    window = f"entries from {since} to {as_of}"
    label = "tenant || ' opportunity ' || opportunity_source_id"
    return Suite(
        name=f"stage_entry.{rule.rule_id}",
        query=f"""
            select
                context.stage_event_key, context.tenant, context.opportunity_source_id,
                context.verdict_now,
                case when context.entered_date between {literal(since)} and {literal(as_of)}
                    then context.verdict_now end as counted_verdict,
                case
                    when context.verdict_now is distinct from written.verdict_now then 'differs'
                    when context.verdict_at_entry is distinct from written.verdict_at_entry
                        then 'differs'
                    else 'same'
                end as written_verdict
            from (
                select *, {rule.verdict_at_entry} as verdict_at_entry,
                    {rule.verdict_now} as verdict_now
                from {CONTEXT}
                where {rule.applies}
            ) as context
            full join (
                select * from quality.stage_entry_verdict
                where rule_id = {literal(rule.rule_id)}
            ) as written on context.stage_event_key = written.stage_event_key
        """,
        grain="entries",
        label=label,
        checks=(
            _share(
                rule,
                "failed",
                rule.max_failed_rate,
                f"{rule.description} Field: {rule.field}.",
                window,
                rule.severity,
            ),
            _share(
                rule,
                "unknown",
                rule.max_unknown_rate,
                f"Entries that cannot be judged hide behind the others: {rule.field}.",
                window,
                rule.severity,
            ),
            Check(
                name="verdicts_written_as_evaluated",
                expectation="ExpectColumnValuesToNotBeInSet",
                arguments={"column": "written_verdict", "value_set": ["differs"]},
                fault="written_verdict = 'differs'",
                why="The verdicts that marts read must be those that were checked here.",
                owner="data_engineering",
                severity="critical",
                threshold="no difference: both come from the same predicate",
                fix="something wrote to quality.stage_entry_verdict; run the gate again",
                label="coalesce(tenant || ' opportunity ' || opportunity_source_id, 'no entry')",
            ),
        ),
        input_query=f"select count(*) from {CONTEXT} where {rule.applies}",
    )


def _share(
    rule: EntryRule, verdict: str, limit: Decimal, why: str, window: str, severity: Severity
) -> Check:
    verdicts = "('fail')" if verdict == "failed" else "('unknown')"
    return Check(
        name=f"few_{verdict}",
        expectation="ExpectColumnValuesToNotBeInSet",
        arguments={
            "column": "counted_verdict",
            "value_set": ["fail" if verdict == "failed" else "unknown"],
            "mostly": float(1 - limit),
        },
        fault=f"counted_verdict in {verdicts}",
        why=why,
        owner=rule.owner,
        severity=severity,
        threshold=f"at most {limit:.4f} of the {window}: set by policy rule {rule.rule_id}",
        fix=rule.fix,
        observed=(
            f"count(*) filter (where counted_verdict in {verdicts}) || ' of ' "
            "|| count(counted_verdict) || ' counted entries, ' "
            f"|| count(*) filter (where verdict_now in {verdicts}) || ' of ' || count(*) || ' ever'"
        ),
    )


def quarantine_failures(connection: duckdb.DuckDBPyConnection, rules: Sequence[EntryRule]) -> int:
    """Replaces the gate's rows of `quality.quarantine`: open deals whose current entry fails now.

    Returns their number. The value at fault is the deal's amount in its own currency.
    """
    connection.execute("delete from quality.quarantine where gate = 'stage_entry'")
    for rule in rules:
        connection.execute(
            f"""
            insert into quality.quarantine
            select
                'stage_entry', {literal(rule.rule_id)}, tenant, source_system, 'opportunity',
                opportunity_source_id, coalesce(owner_source_id, {literal(rule.owner)}),
                {literal(rule.field)}, cast({name(rule.field)} as varchar),
                {literal(rule.description)} || ' (entered ' || stage_id || ' at '
                || strftime(entered_at, '%Y-%m-%d %H:%M') || ' UTC)',
                {literal(rule.fix)}, amount, currency_code, 'open'
            from {CONTEXT} as context
            inner join quality.stage_entry_verdict as verdict
                on context.stage_event_key = verdict.stage_event_key
            where
                verdict.rule_id = {literal(rule.rule_id)} and verdict.verdict_now = 'fail'
                and not context.is_closed
                and context.stage_event_key in (
                    select arg_max(stage_event_key, (entered_at, stage_order, source_id))
                    from {ENTRIES} where record_type = 'opportunity' group by record_key
                )
            order by tenant, opportunity_source_id, context.stage_event_key
            """
        )
    found = connection.execute(
        "select count(*) from quality.quarantine where gate = 'stage_entry'"
    ).fetchone()
    return int(found[0]) if found else 0
