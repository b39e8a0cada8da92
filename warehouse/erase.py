"""A person asks to be forgotten: decided, taken out of the stores, and out of what is published.

Everything here can be done again: what a process that died has left undone is finished by the same
command, and nothing is decided twice.
"""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import dataclass

from ingestion.clock import Clock
from ingestion.erasure import Person, erase, held, remember
from ingestion.failpoint import failpoint
from ingestion.landing import Landing
from warehouse.decisions import Decision, decide, decisions_of_kind
from warehouse.errors import WarehouseError
from warehouse.home import Home
from warehouse.lock import build_lock
from warehouse.publish import current_version, forget_attempt, versions, withdraw


@dataclass(frozen=True, slots=True)
class Erasure:
    """What was done to the stores. `places` held the persons, `since` is the first of all places
    that ever did; `versions` were built from such a place and are still published."""

    decision: Decision
    places: int
    since: int
    versions: tuple[str, ...]


def forget(
    home: Home, clock: Clock, who: Person, actor: str, reason: str, keys: int = 1
) -> Erasure:
    """Takes persons out of the landing store and drops the warehouse file, which may hold them.

    The decision is recorded first, with the SHA-256 of every file that goes. Raises WarehouseError
    when nothing holds them and nothing was decided, BuildBusyError while a build is running.
    """
    landing, decisions = Landing(home.landing), Landing(home.decisions)
    with build_lock(home):
        decision = _decided(decisions, who)
        if decision is None:
            places = held(landing, who)
            if not places:
                raise WarehouseError(
                    f"nothing of {who.subject} holds {'this key' if keys == 1 else 'these keys'}; "
                    "look the key up as the vendor writes it, in its own case and without blanks"
                )
            files = {path: sha for place in places for path, sha in place.files.items()}
            decision = decide(
                decisions,
                clock,
                kind="erasure",
                subject=who.subject,
                actor=actor,
                reason=reason,
                subject_hash=hashlib.sha256("".join(sorted(files.values())).encode()).hexdigest(),
                payload={
                    "keys_sha256": list(who.keys_sha256),
                    "files": files,
                    "first_place": min(place.place for place in places),
                },
            )
        failpoint("erasure-after-decision")
        remember(landing, clock, who, decision.decision_id)
        failpoint("erasure-after-tombstone")
        written = erase(landing, clock, who, decision.decision_id)
        _drop_warehouse(home)
        forget_attempt(home)
        since = min([decision.payload["first_place"], *(load.place for load in written)])
        return Erasure(decision, len(written), since, _holding(home, landing, decision, since))


def withdraw_versions(home: Home, erasure: Erasure) -> list[str]:
    """Removes the versions that may hold the persons, once readers see one that does not.

    Returns those that stay because readers still see them.
    """
    with build_lock(home):
        landing = Landing(home.landing)
        holding = _holding(home, landing, erasure.decision, erasure.since)
        now = current_version(home)
        for version in holding:
            if now is None or version != now.version:
                withdraw(home, version)
        return [version for version in holding if now is not None and version == now.version]


def _decided(decisions: Landing, who: Person) -> Decision | None:
    """The decision to erase exactly these persons, if it was taken already."""
    return next(
        (
            decision
            for decision in reversed(decisions_of_kind(decisions, "erasure"))
            if decision.subject == who.subject
            and decision.payload["keys_sha256"] == list(who.keys_sha256)
        ),
        None,
    )


def _holding(home: Home, landing: Landing, decision: Decision, since: int) -> tuple[str, ...]:
    """The versions built from a place that held the persons, before the last of it was erased."""
    erased = [
        load.commit_seq
        for load in landing.loads()
        if load.extra.get("erased", {}).get("decision") == decision.decision_id
    ]
    until: int = max(erased, default=0)
    return tuple(
        version.version
        for version in versions(home)
        if since <= version.watermarks.get("landing", 0) < until
    )


def _drop_warehouse(home: Home) -> None:
    """The file and the copies of loads beside it: all are made anew from the stores."""
    for path in (home.database, home.database.with_name(home.database.name + ".wal")):
        path.unlink(missing_ok=True)
    shutil.rmtree(home.warehouse / "readable", ignore_errors=True)
