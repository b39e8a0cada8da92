"""Builds the warehouse and publishes it: raw gate, staging, stage-entry gate, marts, mart gate.

A build is planned once, from the stores alone, and the plan is written to disk; its steps then run
in order, in one process (`build`) or each in its own (`run_step`). A version becomes visible only
when every step before it has passed.

Staging a load twice changes nothing, so a build that died is simply planned again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date
from time import perf_counter
from typing import TYPE_CHECKING, Any, Literal

import duckdb

from ingestion.clock import Clock
from ingestion.failpoint import failpoint
from ingestion.landing import Landing
from warehouse import meta
from warehouse.errors import BuildFailedError, WarehouseError
from warehouse.gates import gate_context, gate_summary
from warehouse.home import MEMORY_LIMIT, Home
from warehouse.landed import write_empty
from warehouse.load_log import write_log
from warehouse.lock import build_lock
from warehouse.plan import BuildPlan, load_plan, make_plan
from warehouse.policy import setting
from warehouse.publish import (
    KEPT_VERSIONS,
    current_version,
    publish,
    record_attempt,
    show,
    versions,
)

if TYPE_CHECKING:
    from expectations.contract import GateOutcome

Progress = Callable[[str], None]
"""Takes one line about what just happened."""

Outcome = Literal["published", "kept", "skipped"]
"""`kept`: published beside the current version, which is of a later date."""


@dataclass(frozen=True, slots=True)
class BuildResult:
    """How a build ended. `message` says it in one sentence; `version` is what readers see now."""

    outcome: Outcome
    version: str
    message: str


def plan_build(home: Home, clock: Clock, as_of_date: date | None = None) -> BuildPlan:
    """Plans a build and writes the plan to `warehouse/build.json`.

    Without `as_of_date` it is the day, in the house's timezone, of the latest load that was
    accepted. Raises NothingLandedError, BuildBusyError, PolicyError or WarehouseError.
    """
    with build_lock(home):
        return make_plan(home, clock, as_of_date)


def run_step(
    home: Home, step: str, build_id: str, clock: Clock, progress: Progress = lambda _: None
) -> None:
    """Runs one step of the plan on disk; running a finished step again gives the same.

    Raises WarehouseError when another plan has replaced this one or an earlier step is missing,
    BuildFailedError when a gate refuses, BuildBusyError.
    """
    with build_lock(home):
        plan = load_plan(home)
        if plan.build_id != build_id:
            raise WarehouseError(
                f"build {build_id} was superseded by {plan.build_id}; start the build again"
            )
        _execute(home, step, plan, clock, progress)


def build(
    home: Home, clock: Clock, as_of_date: date | None = None, progress: Progress = lambda _: None
) -> BuildResult:
    """Plans and runs every step under one lock.

    Raises what `plan_build` and `run_step` raise.
    """
    with build_lock(home):
        plan = make_plan(home, clock, as_of_date)
        for note in plan.notes:
            progress(note)
        if not plan.skip:
            for step, _ in STEPS:
                _execute(home, step, plan, clock, progress)
        now = current_version(home)
        assert now is not None
        if plan.skip:
            return BuildResult("skipped", now.version, plan.skip)
        if now.basis != plan.basis:
            return BuildResult(
                "kept",
                now.version,
                f"the version as of {plan.as_of_date} is kept beside {now.version}, which is of a "
                f"later date and stays what readers see",
            )
        return BuildResult("published", now.version, f"{now.version} is published")


def _execute(home: Home, step: str, plan: BuildPlan, clock: Clock, progress: Progress) -> None:
    """Runs one step after those before it; a failure is noted for the readers and raised."""
    names = [name for name, _ in STEPS]
    if step not in names:
        raise WarehouseError(f"{step!r} is not a step of a build; use {', '.join(names)}")
    if plan.skip:
        raise WarehouseError(f"this build has nothing to do: {plan.skip}")
    missing = set(names[: names.index(step)]) - meta.finished_steps(home.database, plan.build_id)
    if missing:
        raise WarehouseError(f"{step} cannot run before {', '.join(sorted(missing))}")
    began = perf_counter()
    try:
        summary = dict(STEPS)[step](home, plan, clock, progress)
    except BuildFailedError as error:
        _note_failure(home, plan, clock, error.gate, error, error.failed_checks)
        raise
    except Exception as error:
        _note_failure(home, plan, clock, None, error, [])
        raise
    if step != "publish":
        meta.record_step(home.database, plan.build_id, step, clock.now())
    progress(f"{step}: {summary} ({perf_counter() - began:.1f} s)")


def _note_failure(
    home: Home,
    plan: BuildPlan,
    clock: Clock,
    gate: str | None,
    error: Exception,
    failed_checks: list[dict[str, Any]],
) -> None:
    record_attempt(
        home,
        as_of_date=plan.as_of_date,
        failed_gate=gate,
        message=str(error),
        failed_checks=failed_checks,
        clock=clock,
    )


def _raw_gate(home: Home, plan: BuildPlan, clock: Clock, progress: Progress) -> str:
    """Judges the loads that are new. A load that is refused is rejected in the landing store."""
    from expectations.gate import run_gate

    if plan.rebuild and "raw_gate" not in meta.finished_steps(home.database, plan.build_id):
        for path in (home.database, home.database.with_name(home.database.name + ".wal")):
            path.unlink(missing_ok=True)
    meta.begin_build(home.database, plan.build_id, plan.definitions, plan.date)
    with duckdb.connect(str(home.database), config={"memory_limit": MEMORY_LIMIT}) as connection:
        outcome = run_gate("raw", connection, gate_context(home, plan))
    landing = Landing(home.landing)
    # The gate knows a load by its place; what it refuses is the commit that stands there.
    commits = {load.load_id: load.commit_seq for load in landing.loads()}
    for refused in outcome.rejected_loads:
        landing.reject(
            commits[refused.load_id],
            {"reason": refused.reason, "rejected_at": clock.now(), "as_of_date": plan.as_of_date},
        )
        progress(
            f"refused {refused.source}.{refused.resource} of {refused.tenant}: {refused.reason}"
        )
    return _passed_or_raise(outcome)


def _staging(home: Home, plan: BuildPlan, clock: Clock, progress: Progress) -> str:
    """Appends the new loads, conforms them, and builds what the stage-entry gate judges."""
    from warehouse.dbt_runner import STAGING

    meta.record_loads(home.database, plan.loads)
    write_log(home, plan)
    summary = _dbt(home, plan, "staging", progress, select=STAGING)
    failpoint("warehouse-before-staged")
    meta.record_staged(home.database, plan.watermarks)
    failpoint("warehouse-after-staged")
    return summary


def _stage_entry_gate(home: Home, plan: BuildPlan, clock: Clock, progress: Progress) -> str:
    return _gate(home, plan, "stage_entry")


def _marts(home: Home, plan: BuildPlan, clock: Clock, progress: Progress) -> str:
    from warehouse.dbt_runner import STAGING

    summary = _dbt(home, plan, "marts", progress, exclude=STAGING)
    meta.record_built(home.database, plan.date, plan.instant, plan.watermarks)
    return summary


def _mart_gate(home: Home, plan: BuildPlan, clock: Clock, progress: Progress) -> str:
    return _gate(home, plan, "marts")


def _publish(home: Home, plan: BuildPlan, clock: Clock, progress: Progress) -> str:
    """Writes the next version and shows it.

    A version of this very basis that was completed by a build which died before readers saw it is
    shown as it is.
    """
    from warehouse.dbt_runner import published_tables

    for complete in reversed(versions(home)):
        if complete.basis == plan.basis:
            show(home, complete)
            return f"{complete.version}, complete already"
    gates, quarantined = gate_summary(home.database)
    manifest = publish(
        home,
        plan.basis,
        published_tables(home),
        gates,
        quarantined,
        clock,
        keep=int(setting(Landing(home.policy), "kept_versions", plan.date) or KEPT_VERSIONS),
    )
    return f"{manifest.version}, {len(manifest.tables)} tables"


STEPS: tuple[tuple[str, Callable[[Home, BuildPlan, Clock, Progress], str]], ...] = (
    ("raw_gate", _raw_gate),
    ("staging", _staging),
    ("stage_entry_gate", _stage_entry_gate),
    ("marts", _marts),
    ("mart_gate", _mart_gate),
    ("publish", _publish),
)
"""The steps of a build, in order: name, and what it does (returning one line about it)."""


def dbt_variables(home: Home, plan: BuildPlan) -> dict[str, Any]:
    """What the models are told: the date, the exact files of the new loads per resource, and
    whether models by case are built for every case.

    The first file of each resource is empty and has its declared columns.
    """
    landed = {name: [path] for name, path in write_empty(home.warehouse / "empty").items()}
    for load in plan.loads:
        landed[f"{load.source}.{load.resource}"] += load.files
    return {
        "as_of_date": plan.as_of_date,
        "as_of_at": plan.as_of_at,
        "house_timezone": plan.house_timezone,
        "landed": landed,
        "is_whole_build": bool(plan.whole),
    }


def _dbt(
    home: Home,
    plan: BuildPlan,
    layer: str,
    progress: Progress,
    select: tuple[str, ...] = (),
    exclude: tuple[str, ...] = (),
) -> str:
    from warehouse.dbt_runner import raise_for_failures, run_layer

    results = run_layer(
        home,
        dbt_variables(home, plan),
        select=select,
        exclude=exclude,
        progress=progress,
    )
    meta.record_dbt_results(home.database, plan.build_id, layer, results)
    raise_for_failures(layer, results)
    models = sum(result.resource_type == "model" for result in results)
    return f"{models} models, {len(results) - models} tests"


def _gate(home: Home, plan: BuildPlan, gate: Literal["stage_entry", "marts"]) -> str:
    from expectations.gate import run_gate

    with duckdb.connect(str(home.database), config={"memory_limit": MEMORY_LIMIT}) as connection:
        return _passed_or_raise(run_gate(gate, connection, gate_context(home, plan)))


def _passed_or_raise(outcome: GateOutcome) -> str:
    if not outcome.passed:
        raise BuildFailedError(
            outcome.gate,
            outcome.message or "no check was evaluated",
            [asdict(check) for check in outcome.failed],
        )
    warned = f", {len(outcome.warned)} warned" if outcome.warned else ""
    quarantined = (
        f", {outcome.quarantined_rows} rows quarantined" if outcome.quarantined_rows else ""
    )
    return f"{len(outcome.checks)} checks passed{warned}{quarantined}"
