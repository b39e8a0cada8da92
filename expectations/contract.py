"""What a gate is given, what it checks and what it hands back, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Literal

GateName = Literal["raw", "stage_entry", "marts"]
Severity = Literal["critical", "warning"]
Verdict = Literal["within", "late", "never_loaded", "no_service_level"]
Bound = int | Decimal


@dataclass(frozen=True, slots=True)
class NewLoad:
    """A committed load that the warehouse does not have yet.

    `files` and `rejects` are absolute Parquet paths. `key` names the columns that identify a row
    within a load, `columns` the declared ones as (name, `ingestion.resource.ColumnType`), without
    the columns that every load has. `rows` and `rejected_rows` are what the manifest claims.
    `previous_rows` are the row counts of the last accepted loads of this source, tenant and
    resource, newest first, back-fill left out.
    """

    commit_seq: int
    load_id: str
    source: str
    tenant: str
    resource: str
    recorded_at: datetime
    rows: int
    rejected_rows: int
    files: tuple[Path, ...]
    key: tuple[str, ...]
    columns: tuple[tuple[str, str], ...]
    rejects: tuple[Path, ...] = ()
    previous_rows: tuple[int, ...] = ()
    is_backfill: bool = False


@dataclass(frozen=True, slots=True)
class Freshness:
    """How old what a resource brought is at the build's cut-off, and what policy says of that.

    `last_loaded_at` is when its last accepted load committed, `newest_event_at` the newest of the
    vendor's own modification times, never later than the load that brought it; both None when there
    is none. `failing_since` and `failure_kind` are of the attempts that failed since, None and ''
    without any. `max_age_hours` is None when no service level covers the resource. `is_in_stores`
    is false for what is configured and was not even tried yet: no published table may know it.
    """

    source: str
    tenant: str
    resource: str
    last_loaded_at: datetime | None
    newest_event_at: datetime | None
    failing_since: datetime | None
    failed_attempts: int
    failure_kind: str
    max_age_hours: int | None
    severity: Severity
    owner: str
    verdict: Verdict
    is_in_stores: bool = True


@dataclass(frozen=True, slots=True)
class PublishedVersion:
    """The version that readers see now. `open_tables` is its folder of Parquet files."""

    version: str
    as_of_date: date
    open_tables: Path


@dataclass(frozen=True, slots=True)
class GateContext:
    """What a build knows and the warehouse does not.

    `as_of_at` is UTC, naive or aware. `loads` and `freshness` are read by the raw gate,
    `published` by the mart gate.
    """

    as_of_date: date
    as_of_at: datetime
    loads: tuple[NewLoad, ...] = ()
    freshness: tuple[Freshness, ...] = ()
    published: PublishedVersion | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """One expectation: what Great Expectations evaluates, and what the reader of a failure needs.

    `expectation` is the class in `great_expectations.expectations`, `arguments` are its own; it
    must be one that judges rows of the batch. `fault` is the same condition as SQL, true on a row
    at fault: Great Expectations counts, `fault` finds the rows to show, and both must agree.
    `threshold` says the limit and the reason for it. `label` names a row at fault when the suite's
    label says too little; `observed` is a SQL text aggregate over the batch, for what a count of
    rows does not say.
    """

    name: str
    expectation: str
    arguments: Mapping[str, object]
    fault: str
    why: str
    owner: str
    severity: Severity
    threshold: str
    fix: str
    label: str = ""
    observed: str = ""


@dataclass(frozen=True, slots=True)
class Suite:
    """The checks of one table: one batch, one validation.

    `query` selects the batch, `grain` is what one row of it is, in the plural, `label` a SQL text
    expression that names a row in a message. `input_query` counts the rows that should have been
    evaluated: when it finds some and the batch is empty, every check fails.
    """

    name: str
    query: str
    grain: str
    label: str
    checks: tuple[Check, ...]
    input_query: str


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What one check found: a row of `quality.gate_result`. `message` is one line for people."""

    gate: GateName
    suite: str
    check_name: str
    severity: Severity
    success: bool
    evaluated_count: int
    unexpected_count: int
    observed: str
    threshold: str
    why: str
    owner: str
    fix: str
    message: str


@dataclass(frozen=True, slots=True)
class RejectedLoad:
    """A load that the raw gate refuses: `Landing.reject(commit_seq, reason)` takes it from here."""

    commit_seq: int
    load_id: str
    source: str
    tenant: str
    resource: str
    reason: str


@dataclass(frozen=True, slots=True)
class GateOutcome:
    """The verdict of a gate. `passed` is false when any critical check failed, or none ran."""

    gate: GateName
    passed: bool
    checks: tuple[CheckResult, ...]
    rejected_loads: tuple[RejectedLoad, ...] = ()
    quarantined_rows: int = 0
    failed: tuple[CheckResult, ...] = field(init=False)
    warned: tuple[CheckResult, ...] = field(init=False)

    def __post_init__(self) -> None:
        broken = [check for check in self.checks if not check.success]
        object.__setattr__(
            self, "failed", tuple(check for check in broken if check.severity == "critical")
        )
        object.__setattr__(
            self, "warned", tuple(check for check in broken if check.severity == "warning")
        )

    @property
    def message(self) -> str:
        """One line per failed critical check, most important first; empty when passed."""
        return "\n".join(check.message for check in self.failed)
