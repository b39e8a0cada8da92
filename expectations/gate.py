"""Runs a gate: evaluates its suites with Great Expectations inside the database, keeps the results.

A gate fails closed: a check that raises has failed, a suite that evaluates nothing although there
is input has failed, and a gate without checks has failed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

import duckdb

from expectations.contract import (
    Check,
    CheckResult,
    GateContext,
    GateName,
    GateOutcome,
    NewLoad,
    RejectedLoad,
    Suite,
)
from expectations.results import (
    create_tables,
    write_freshness,
    write_raw_quarantine,
    write_results,
)
from expectations.suites.marts import mart_suites
from expectations.suites.raw import loads, row_rules
from expectations.suites.stage_entry import cures, stages, totals
from expectations.suites.stage_entry import rules as entry_rules

if TYPE_CHECKING:
    from expectations.datasource import Observation, Validator

SHOWN_ROWS = 3
_BATCH = "gate_work.batch"
DEFAULT_WINDOW_DAYS = 28


def run_gate(
    gate: GateName, connection: duckdb.DuckDBPyConnection, context: GateContext
) -> GateOutcome:
    """Evaluates one gate on the warehouse that `connection` has open, read-write.

    Writes `quality.*`; the outcome says whether the build may go on, and why not. Running a gate
    again replaces what it wrote.
    """
    from expectations.datasource import validator_over

    create_tables(connection)
    with _scratch(connection), validator_over(connection) as validator:
        judge = Judge(gate, connection, validator)
        try:
            outcome = _GATES[gate](judge, context)
        except Exception as error:  # whatever it is, the gate fails and names it
            judge.results.append(judge.failure(gate, _RAN, _first_line(error)))
            outcome = judge.outcome()
    write_results(connection, gate, outcome.checks)
    return outcome


class Judge:
    """Evaluates suites of one gate and collects the results."""

    def __init__(
        self, gate: GateName, connection: duckdb.DuckDBPyConnection, validator: Validator
    ) -> None:
        self.gate, self.connection, self._validator = gate, connection, validator
        self.results: list[CheckResult] = []

    def suite(self, suite: Suite) -> list[CheckResult]:
        """Evaluates every check of a suite; nothing that goes wrong is left unsaid."""
        try:
            found = [*self._evaluate(suite)]
        except Exception as error:  # whatever it is, the gate fails and names it
            found = [self.failure(suite.name, check, _first_line(error)) for check in suite.checks]
        self.results += found
        return found

    def failure(self, suite: str, check: Check, why: str) -> CheckResult:
        """A check that could not be evaluated: failed, and critical whatever it was."""
        return CheckResult(
            gate=self.gate,
            suite=suite,
            check_name=check.name,
            severity="critical",
            success=False,
            evaluated_count=0,
            unexpected_count=0,
            observed=f"not evaluated: {why}",
            threshold=check.threshold,
            why=check.why,
            owner=check.owner,
            fix=check.fix,
            message=f"{suite}.{check.name} could not be evaluated: {why}",
        )

    def outcome(
        self, *, rejected: Iterable[RejectedLoad] = (), quarantined: int = 0
    ) -> GateOutcome:
        """The verdict on everything evaluated so far; nothing evaluated is a failure."""
        if not self.results:
            self.results.append(self.failure(self.gate, _RAN, "there was nothing to check"))
        checks = tuple(self.results)
        critical = [check for check in checks if check.severity == "critical" and not check.success]
        return GateOutcome(
            gate=self.gate,
            passed=not critical,
            checks=checks,
            rejected_loads=tuple(rejected),
            quarantined_rows=quarantined,
        )

    def _evaluate(self, suite: Suite) -> Iterator[CheckResult]:
        """Takes the batch once, so that every check sees the same rows, and judges it."""
        self.connection.execute(f"create or replace table {_BATCH} as {suite.query}")
        expected = self._number(suite.input_query)
        present = self._number(f"select count(*) from {_BATCH}")
        found = self._validator.validate(replace(suite, query=f"select * from {_BATCH}"))
        for check, at_fault in zip(suite.checks, self._at_fault(suite), strict=True):
            if check.name not in found:
                yield self.failure(suite.name, check, "Great Expectations gave no result")
            elif found[check.name].error:
                yield self.failure(suite.name, check, found[check.name].error)
            elif found[check.name].unexpected_count != at_fault:
                counted = found[check.name].unexpected_count
                why = f"Great Expectations counted {counted} {suite.grain} at fault, there are "
                yield self.failure(suite.name, check, f"{why}{at_fault}")
            elif expected and not present:
                why = f"no {suite.grain} were found, although there is input: {expected}"
                yield self.failure(suite.name, check, why)
            else:
                yield self._result(suite, check, found[check.name])

    def _result(self, suite: Suite, check: Check, found: Observation) -> CheckResult:
        observed = self._observed(check) or (
            f"{found.unexpected_count} of {found.evaluated_count} {suite.grain}"
        )
        if not found.success:
            observed = f"{observed}; first: {self._examples(suite, check)}"
        return CheckResult(
            gate=self.gate,
            suite=suite.name,
            check_name=check.name,
            severity=check.severity,
            success=found.success,
            evaluated_count=found.evaluated_count,
            unexpected_count=found.unexpected_count,
            observed=observed,
            threshold=check.threshold,
            why=check.why,
            owner=check.owner,
            fix=check.fix,
            message=f"{suite.name}.{check.name}: {observed}. Fix: {check.fix}",
        )

    def _at_fault(self, suite: Suite) -> tuple[int, ...]:
        """The rows at fault of each check by its own SQL. What Great Expectations counts must be
        the same: an expectation that looks at something else must not pass for kept.
        """
        counts = ", ".join(f"count(*) filter (where {check.fault})" for check in suite.checks)
        row = self.connection.execute(f"select {counts} from {_BATCH}").fetchone()
        assert row is not None
        return tuple(int(count) for count in row)

    def _observed(self, check: Check) -> str:
        """What the check says it saw; '' when its counts say it all."""
        if not check.observed:
            return ""
        row = self.connection.execute(f"select {check.observed} from {_BATCH}").fetchone()
        return str(row[0]) if row and row[0] is not None else ""

    def _examples(self, suite: Suite, check: Check) -> str:
        """The first rows at fault, in the order of their label."""
        rows = self.connection.execute(
            f"""
            select distinct coalesce({check.label or suite.label}, 'unnamed') as label
            from {_BATCH} where {check.fault} order by label limit {SHOWN_ROWS}
            """
        ).fetchall()
        return " | ".join(label for (label,) in rows)

    def _number(self, query: str) -> int:
        row = self.connection.execute(query).fetchone()
        return int(row[0]) if row else 0


def _raw(judge: Judge, context: GateContext) -> GateOutcome:
    """Judges each new load, quarantines rows at fault, refuses loads that fail a critical check."""
    loads.forget(judge.connection, context.loads)
    by_resource = _by_resource(context.loads)
    suites = [*_describe(judge, by_resource, context.as_of_date)]
    described = [suite.name.removeprefix("raw.") for suite in suites]
    suites = [loads.loads_suite(described, len(context.loads)), *suites]
    reasons: dict[int, list[str]] = {}
    for suite in suites if context.loads else []:
        for seq, reason in _refusals(judge, suite):
            reasons.setdefault(seq, []).append(reason)
    write_freshness(judge.connection, context)
    if context.freshness:
        judge.suite(loads.freshness_suite(context))
    rejected = [
        RejectedLoad(
            commit_seq=load.commit_seq,
            load_id=load.load_id,
            source=load.source,
            tenant=load.tenant,
            resource=load.resource,
            reason="; ".join(reasons[load.commit_seq]),
        )
        for load in sorted(context.loads, key=lambda load: load.commit_seq)
        if load.commit_seq in reasons
    ]
    loads.forget(judge.connection, [load for load in context.loads if load.commit_seq in reasons])
    for name in described:
        loads.heal(
            judge.connection, [new for new in by_resource[name] if new.commit_seq not in reasons]
        )
    quarantined = write_raw_quarantine(judge.connection, context)
    return judge.outcome(rejected=rejected, quarantined=quarantined)


def _by_resource(new: Iterable[NewLoad]) -> dict[str, list[NewLoad]]:
    """The loads of each ``<source>.<resource>``, by name and then in commit order."""
    grouped: dict[str, list[NewLoad]] = {}
    for load in sorted(new, key=lambda load: (load.source, load.resource, load.commit_seq)):
        grouped.setdefault(f"{load.source}.{load.resource}", []).append(load)
    return grouped


def _describe(judge: Judge, by_resource: dict[str, list[NewLoad]], as_of: date) -> Iterator[Suite]:
    """Reads the new loads of each resource; yields the suite of its rows.

    A resource without declared rules or with an unreadable file is a failed check, and no suite.
    """
    for new in by_resource.values():
        source, resource = new[0].source, new[0].resource
        try:
            rules = loads.all_rules(new[0], row_rules(source, resource))
            loads.describe_loads(judge.connection, source, resource, rules, new, as_of)
        except Exception as error:  # whatever it is, the gate fails and names it
            judge.results.append(
                judge.failure(f"raw.{source}.{resource}", _READ, _first_line(error))
            )
        else:
            yield loads.rows_suite(source, resource, rules, new)


def _refusals(judge: Judge, suite: Suite) -> Iterator[tuple[int, str]]:
    """Evaluates a suite; yields (commit_seq, why) of each load at fault in a critical check."""
    checks = {check.name: check for check in suite.checks}
    for result in judge.suite(suite):
        if result.success or result.severity != "critical" or not result.unexpected_count:
            continue
        check = checks[result.check_name]
        at_fault = judge.connection.execute(
            f"""
            select commit_seq, {check.label or suite.label} from ({suite.query})
            where {check.fault} order by commit_seq
            """
        )
        for seq, label in at_fault.fetchall():
            yield seq, f"{check.name}: {label}. Fix: {check.fix}"


def _stage_entry(judge: Judge, context: GateContext) -> GateOutcome:
    """Judges every stage entry by the rules of policy, and writes the verdicts that marts read."""
    known, broken = entry_rules.read_rules(judge.connection, context.as_of_date)
    entry_rules.write_verdicts(judge.connection, known)
    cures.write_cures(judge.connection, known, context.as_of_at)
    judge.suite(stages.pipelines())
    judge.suite(stages.entries(context.as_of_date))
    judge.suite(stages.outcomes(context.as_of_date))
    judge.suite(stages.rules(known, broken))
    window = _window_days(judge.connection, context)
    for rule in known:
        judge.suite(entry_rules.suite(rule, context.as_of_date, window))
    blocking = [rule for rule in known if rule.severity == "critical"]
    if blocking:
        judge.suite(totals.suite(blocking, context.as_of_date, window))
    return judge.outcome(quarantined=entry_rules.quarantine_failures(judge.connection, known))


def _marts(judge: Judge, context: GateContext) -> GateOutcome:
    """Reconciles the marts with their sources, with each other and with the last version."""
    for suite in mart_suites(context):
        judge.suite(suite)
    return judge.outcome()


# What has failed when there is no suite to say it: a table is missing, a file is not readable.
_RAN = Check(
    name="gate_ran",
    expectation="",
    arguments={},
    fault="",
    why="What was not checked must not be published.",
    owner="data_engineering",
    severity="critical",
    threshold="none: every gate runs to its end",
    fix="correct the cause and run the build again",
)
_READ = replace(_RAN, name="loads_read", threshold="none: every new load is read")

_GATES = {"raw": _raw, "stage_entry": _stage_entry, "marts": _marts}


def _window_days(connection: duckdb.DuckDBPyConnection, context: GateContext) -> int:
    """Policy setting `entry_block_window_days`: how many trailing days of entries may block."""
    row = connection.execute(
        """
        select cast(value as integer) from staging.stg_policy__setting
        where
            name = 'entry_block_window_days'
            and valid_from <= $1 and (valid_to is null or valid_to > $1)
        """,
        [context.as_of_date],
    ).fetchone()
    return int(row[0]) if row else DEFAULT_WINDOW_DAYS


@contextmanager
def _scratch(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """A database in memory, `gate_work`, that every connection to this instance sees."""
    connection.execute("attach if not exists ':memory:' as gate_work")
    try:
        yield
    finally:
        connection.execute("detach gate_work")


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
