"""Plans a build from the stores alone: which date, which loads, from what the file holds already.

The warehouse file is a cache. A plan continues it when it holds exactly the loads the stores hold
up to its own watermark, was made by these models and expectations, and has not seen a later date;
otherwise it is deleted and rebuilt.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from ingestion.clock import Clock
from ingestion.landing import Landing, Manifest, write_atomically
from ingestion.load_log import last_failure
from ingestion.schema import Columns
from warehouse import meta
from warehouse.errors import NothingLandedError, WarehouseError
from warehouse.home import Home
from warehouse.landed import declared
from warehouse.meta import StagedLoad
from warehouse.policy import house_timezone
from warehouse.publish import Basis, current_version, forget_attempt, rolled_back, versions
from warehouse.readable import forget_unused, readable

CASE_POLICY = (
    "fx_rate",
    "pipeline",
    "process_milestone",
    "process_stage",
    "process_step",
    "setting",
    "stage_entry_rule",
    "stage_map",
    "tenant",
)
"""The policy that models by case are made with, directly or by the verdicts of the gate."""


@dataclass(frozen=True, slots=True)
class BuildPlan:
    """Everything a build needs to know, derived from the stores: the same stores, the same plan.

    `as_of_at` is the first instant after `as_of_date` in the house's timezone, UTC,
    'YYYY-MM-DD HH:MM:SS'. `watermarks` is the last commit of each store and, as ``failures``, the
    last failed attempt. `loads` are those that the warehouse does not hold yet. `rebuild` says why
    the file starts from nothing ('' when it is continued), `whole` why every case is built anew (''
    when only those are that changed), `skip` why there is nothing to do ('' when there is). `notes`
    are for the reader.
    """

    build_id: str
    as_of_date: str
    as_of_at: str
    house_timezone: str
    watermarks: dict[str, int]
    definitions: str
    loads: tuple[StagedLoad, ...]
    rebuild: str
    whole: str
    skip: str
    notes: tuple[str, ...]

    @property
    def basis(self) -> Basis:
        return Basis(self.as_of_date, self.as_of_at, self.watermarks, self.definitions)

    @property
    def date(self) -> date:
        return date.fromisoformat(self.as_of_date)

    @property
    def instant(self) -> datetime:
        """`as_of_at`, aware."""
        return datetime.fromisoformat(self.as_of_at).replace(tzinfo=UTC)


def make_plan(home: Home, clock: Clock, as_of_date: date | None) -> BuildPlan:
    """Plans a build and writes the plan to `warehouse/build.json`; the caller holds the lock.

    Raises NothingLandedError, PolicyError, WarehouseError.
    """
    opened = stores(home)
    latest = opened["landing"].recorded_until()
    if latest is None:
        raise NothingLandedError(
            f"nothing has landed in {home.landing} yet, so there is nothing to build; run "
            "`closebook run` to bring the configured sources in, or `closebook intake FOLDER`"
        )
    if opened["policy"].last_seq() == 0:
        raise NothingLandedError(
            f"no policy has landed in {home.policy} yet; run `closebook policy land FOLDER`"
        )
    zone = house_timezone(opened["policy"], as_of_date or latest.date())
    as_of = as_of_date or latest.astimezone(zone).date()
    if as_of > clock.now().astimezone(zone).date():
        raise WarehouseError(f"--as-of {as_of} is in the future; use today or an earlier date")
    # The watermarks first: what lands from here on belongs to the next build.
    watermarks = {name: store.last_seq() for name, store in opened.items()}
    watermarks["failures"] = last_failure(opened["landing"])
    accepted = {name: store.accepted(until=watermarks[name]) for name, store in opened.items()}
    _refuse_undeclared(accepted)
    _refuse_unknown_past(accepted["landing"], as_of, zone)
    definitions = definitions_sha256()
    columns = dict(declared())
    as_of_at = _first_instant_after(as_of, zone)
    rebuild, staged = _reason_to_rebuild(home, accepted, definitions, as_of)
    whole = rebuild or _reason_to_build_whole(home, accepted["policy"], as_of, as_of_at)
    plan = BuildPlan(
        build_id=uuid.uuid4().hex,
        as_of_date=as_of.isoformat(),
        as_of_at=as_of_at.strftime("%Y-%m-%d %H:%M:%S"),
        house_timezone=zone.key,
        watermarks=watermarks,
        definitions=definitions,
        loads=tuple(
            _staged_load(home, name, opened[name], load, columns[_resource(load)])
            for name, loads in accepted.items()
            for load in loads
            if load.place > staged.get(name, 0)
        ),
        rebuild=rebuild,
        whole=whole,
        skip="",
        notes=tuple(_notes(accepted, as_of, as_of_at, rebuild, whole)),
    )
    if rebuild:  # then the plan names every load
        forget_unused(home, {path for load in plan.loads for path in load.files})
    skip = _reason_to_skip(home, opened["decisions"], plan, accepted)
    if skip:
        forget_attempt(home)
    plan = replace(plan, skip=skip)
    write_atomically(home.warehouse / "build.json", json.dumps(asdict(plan), indent=1))
    return plan


def _refuse_undeclared(accepted: dict[str, list[Manifest]]) -> None:
    """Raises WarehouseError for a load of a resource that no source declares."""
    known = {name for name, _ in declared()}
    for load in (load for loads in accepted.values() for load in loads):
        if _resource(load) not in known:
            raise WarehouseError(
                f"load {load.load_id} is of {_resource(load)}, which no source declares; "
                "declare the resource again, or move the load out of the store"
            )


def _refuse_unknown_past(loads: list[Manifest], as_of: date, zone: ZoneInfo) -> None:
    """Raises WarehouseError for a day before anything was recorded.

    A back-fill brings each row as it is now: what it was on an earlier day is in no store, and a
    row that has changed since would be missing.
    """
    first = min(datetime.fromisoformat(load.recorded_at) for load in loads).astimezone(zone).date()
    if as_of < first:
        raise WarehouseError(
            f"--as-of {as_of} is before the first load, of {first}: what was known then is in no "
            f"store; use {first} or a later day"
        )


def _reason_to_rebuild(
    home: Home, accepted: dict[str, list[Manifest]], definitions: str, as_of: date
) -> tuple[str, dict[str, int]]:
    """Why the warehouse file cannot be continued ('' when it can), and what it has staged."""
    if not home.database.exists():
        return "there is no warehouse file yet", {}
    staged = meta.read_staged(home.database)
    if staged is None:
        return "the warehouse file does not say what it holds", {}
    if staged.definitions != definitions:
        return "the models or expectations changed", {}
    if staged.as_of_date > as_of:
        return f"the file has seen {staged.as_of_date}, which is after {as_of}", {}
    in_stores = {
        (name, load.place, load.load_id) for name, loads in accepted.items() for load in loads
    }
    must_hold = {
        (name, seq, load_id)
        for name, seq, load_id in in_stores
        if seq <= staged.watermarks.get(name, 0)
    }
    if not must_hold <= staged.loads <= in_stores:
        return "the file holds other loads than the stores do", {}
    return "", staged.watermarks


def _reason_to_build_whole(
    home: Home, policy: list[Manifest], as_of: date, as_of_at: datetime
) -> str:
    """Why the models by case are built for every case, not for the changed ones; '' when not.

    They know what changed about a case from its own rows; what policy says of all of them is in
    none. See docs/decisions/0154.
    """
    built = meta.read_built(home.database)
    if built is None:
        return "no build of this file came as far as its marts"
    landed = built.watermarks["policy"]
    for load in policy:
        if load.resource in CASE_POLICY and load.commit_seq > landed:
            return f"{load.resource} of the policy landed anew"
    turns = meta.policy_turns(home.database, CASE_POLICY, built, as_of, as_of_at)
    return turns and f"policy turns: {turns}"


def _reason_to_skip(
    home: Home, decisions: Landing, plan: BuildPlan, accepted: dict[str, list[Manifest]]
) -> str:
    """Why this very build need not run; '' when it must."""
    now = current_version(home)
    if now is None:
        return ""
    brought = [
        load
        for name, loads in accepted.items()
        for load in loads
        if load.commit_seq > now.watermarks.get(name, 0)
        and (load.rows or load.rejected_rows or load.replaces is not None)
        and load.extra.get("kind") != "source"  # what is read from now on has brought nothing yet
    ]
    if replace(now.basis, watermarks=plan.watermarks) == plan.basis and not brought:
        return f"nothing has landed or changed since {now.version}"
    for kept in versions(home):
        if kept.basis == plan.basis and kept.as_of_date < now.as_of_date:
            return (
                f"{kept.version} was built from exactly this and is kept; readers see {now.version}"
            )
    taken_back = rolled_back(home, decisions, plan.basis)
    if taken_back is not None:
        return (
            f"{taken_back.subject} was built from exactly this and rolled back by "
            f"{taken_back.actor} ({taken_back.reason}); newer data, policy or definitions publish "
            "again"
        )
    return ""


def _notes(
    accepted: dict[str, list[Manifest]],
    as_of: date,
    as_of_at: datetime,
    rebuild: str,
    whole: str,
) -> list[str]:
    notes = [f"building as of {as_of}" + (f"; from nothing: {rebuild}" if rebuild else "")]
    if whole and not rebuild:
        notes.append(f"every case is built anew: {whole}")
    came_later = sorted(
        {
            f"{load.source} of {load.tenant}"
            for load in accepted["landing"]
            if load.is_backfill and datetime.fromisoformat(load.recorded_at) >= as_of_at
        }
    )
    if came_later:
        notes.append(
            f"{', '.join(came_later)} first landed after {as_of}: of their rows, those changed "
            "since are not in this build"
        )
    for name in ("policy", "decisions"):
        late = [
            load for load in accepted[name] if datetime.fromisoformat(load.recorded_at) >= as_of_at
        ]
        if late:
            notes.append(
                f"{len(late)} {name} load(s) recorded after {as_of} are not known to this build; "
                f"a build as of a later date reads them"
            )
    return notes


def _first_instant_after(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day + timedelta(days=1), time(), tzinfo=zone).astimezone(UTC)


def _resource(load: Manifest) -> str:
    return f"{load.source}.{load.resource}"


def _staged_load(
    home: Home, name: str, store: Landing, load: Manifest, columns: Columns
) -> StagedLoad:
    return StagedLoad(
        store=name,
        load_id=load.load_id,
        source=load.source,
        tenant=load.tenant,
        resource=load.resource,
        commit_seq=load.place,
        recorded_at=load.recorded_at,
        rows=load.rows,
        rejected_rows=load.rejected_rows,
        is_backfill=load.is_backfill,
        files=tuple(str(path.absolute()) for path in readable(home, store, load, columns)),
        rejects=tuple(str((store.root / file.path).absolute()) for file in load.rejects),
    )


def load_plan(home: Home) -> BuildPlan:
    """The plan on disk. Raises WarehouseError when there is none."""
    try:
        values = json.loads((home.warehouse / "build.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise WarehouseError("no build is planned; plan one first (`closebook run`)") from None
    loads = tuple(
        StagedLoad(**{**load, "files": tuple(load["files"]), "rejects": tuple(load["rejects"])})
        for load in values.pop("loads")
    )
    return BuildPlan(**{**values, "loads": loads, "notes": tuple(values["notes"])})


def stores(home: Home) -> dict[str, Landing]:
    """The three stores that a build reads, by the name that watermarks use."""
    return {
        "landing": Landing(home.landing),
        "policy": Landing(home.policy),
        "decisions": Landing(home.decisions),
    }


def definitions_sha256() -> str:
    """The hash of everything that decides what a mart holds, apart from the data."""
    root = Path(__file__).resolve().parent.parent
    digest = hashlib.sha256()
    for path in sorted(
        path
        for folder, kinds in (("dbt_project", ("sql", "yml")), ("expectations", ("py",)))
        for kind in kinds
        for path in (root / folder).rglob(f"*.{kind}")
        if path.relative_to(root).parts[1] not in ("target", "logs")  # what dbt leaves behind
    ):
        digest.update(str(path.relative_to(root)).encode() + b"\0" + path.read_bytes() + b"\0")
    # A column that is declared anew is in no table that was made before.
    digest.update(repr(sorted(declared())).encode())
    return digest.hexdigest()
