"""Adds, disables, enables and removes a source, for `closebook source` and the DAG alike.

What is read stands in `sources.yml`; that somebody switched it, when and why, is a decision. A
disabled source is not read, its landed rows stay, and nobody is told that it is late.
"""

from __future__ import annotations

from datetime import datetime

from ingestion.catalog import connector_of
from ingestion.clock import Clock
from ingestion.connections import ConfiguredSource, Connections, configured_sources
from ingestion.errors import ConfigurationError
from ingestion.landing import Landing, write_atomically
from ingestion.sources_file import Entry, entry_of, with_entry
from warehouse.decisions import all_decisions, decide
from warehouse.doctor import examine_connection
from warehouse.home import Home
from warehouse.lock import sources_lock
from warehouse.policy import landed_rows
from warehouse.policy_tables import POLICY_TABLES

ACTIONS = ("add", "enable", "disable", "remove")
OFF = frozenset({"disable", "remove"})


def configure(
    home: Home,
    clock: Clock,
    action: str,
    wanted: ConfiguredSource,
    connections: Connections,
    *,
    actor: str,
    reason: str = "",
) -> list[str]:
    """Does it, and returns what was seen and done, a line each; doing it again changes nothing.

    `add` and `enable` ask the vendor for a page of everything first, through `connections`. Raises
    ConfigurationError, and changes nothing, for an unknown source or tenant, a source that is not
    there, or a page that does not come.
    """
    source, tenant = wanted.source, wanted.tenant
    if action not in ACTIONS:
        raise ConfigurationError(f"{action!r} is no action; use {', '.join(ACTIONS)}")
    connector = connector_of(source)
    with sources_lock(home):
        if (home.root / "sources.yml").exists():
            configured_sources(home.root)  # a file that nobody can read is not changed
        before = entry_of(home.root, source, tenant)
        was_off = (source, tenant) in switched_off(Landing(home.decisions))
        if before is None and action != "add" and not (action == "remove" and was_off):
            raise ConfigurationError(
                f"{source} of {tenant} is not in {home.root / 'sources.yml'}; nothing changed"
            )
        lines = []
        if action not in OFF:
            _refuse_unknown_tenant(home, tenant)
            findings = list(examine_connection(connector, tenant, connections))
            lines = [f"{finding.what}: {finding.found}" for finding in findings]
            wrong = [f"{f.what}: {f.found}. {f.fix}" for f in findings if not f.ok]
            if wrong:
                raise ConfigurationError(
                    "\n  ".join([f"{source} of {tenant} was not read, nothing changed:", *wrong])
                )
        after = _entry(action, before, wanted)
        text = with_entry(home.root, source, tenant, after)
        if after != before or was_off != (action in OFF):
            # The decision first: when this dies in between, doing it again does the rest.
            decide(
                Landing(home.decisions),
                clock,
                kind="source",
                subject=f"{source}/{tenant}",
                actor=actor,
                reason=reason.strip() or f"{action} {source}/{tenant}",
                payload={"action": action},
            )
        if after != before:
            write_atomically(home.root / "sources.yml", text)
    return [*lines, _outcome(action, wanted, changed=after != before)]


def switched_off(
    decisions: Landing, before: datetime | None = None, until: int | None = None
) -> set[tuple[str, str]]:
    """(source, tenant) of those whose last decision took them off.

    Of decisions taken before an instant and committed up to `until`, or of all.
    """
    seen = {load.load_id for load in decisions.accepted(until=until)}
    actions = {
        decision.subject: decision.payload["action"]
        for decision in all_decisions(decisions)
        if decision.kind == "source"
        and decision.decision_id in seen
        and (before is None or decision.decided_at < before)
    }
    return {
        (source, tenant)
        for source, _, tenant in (subject.partition("/") for subject in actions)
        if actions[f"{source}/{tenant}"] in OFF
    }


def _refuse_unknown_tenant(home: Home, tenant: str) -> None:
    """Rows of a tenant that policy does not know would stop every later build."""
    rows = landed_rows(Landing(home.policy), POLICY_TABLES["tenant"])
    known = {str(row.values["tenant"]) for row in rows}
    if known and tenant not in known:
        raise ConfigurationError(
            f"policy knows no tenant {tenant!r}, only {', '.join(sorted(known))}; nothing changed. "
            "Add it to the policy folder's tenant.csv, and `closebook policy land FOLDER`"
        )


def _entry(action: str, before: Entry | None, wanted: ConfiguredSource) -> Entry | None:
    """The entry of sources.yml after the action; None when there is none."""
    if action == "remove":
        return None
    if action == "disable":
        return {**(before or {}), "enabled": False}
    entry = {"source": wanted.source, "tenant": wanted.tenant} | (before or {})
    for key in ("enabled", "connection"):
        entry.pop(key, None)
    if wanted.kept_in != "environment":
        entry["connection"] = wanted.kept_in
    if wanted.url:
        entry["url"] = wanted.url
    return entry


def _outcome(action: str, wanted: ConfiguredSource, *, changed: bool) -> str:
    name = f"{wanted.source} of {wanted.tenant}"
    if not changed:
        return f"{name}: nothing to change"
    says = {
        "add": f"added; ingest_{wanted.source} and `closebook run` read it from now on",
        "enable": f"enabled; ingest_{wanted.source} and `closebook run` read it again",
        "disable": "disabled; it is not read, what has landed stays",
        "remove": "removed; it is not read, what has landed stays",
    }
    return f"{name}: {says[action]}"
