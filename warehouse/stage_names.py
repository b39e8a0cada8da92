"""What vendors call their stages, as rows of `stage_map.csv` for somebody to complete.

Names come from the vendor's own list, and from the last build: names that it found in the data and
that no row maps, as those of a stage that the vendor's list has lost since.
"""

from __future__ import annotations

import csv
import io
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date
from pathlib import Path

from ingestion.catalog import connector_of
from ingestion.clock import Clock
from ingestion.connections import Connections, Sources
from ingestion.errors import ConfigurationError
from ingestion.host_limit import HostLimit
from ingestion.http import HttpSettings
from ingestion.landing import Landing, write_atomically
from warehouse.home import Home
from warehouse.met_names import MAP, of_last_build
from warehouse.policy import house_zone, policy_error, read_policy
from warehouse.policy_rows import Files, PolicyRow, shown
from warehouse.policy_tables import POLICY_TABLES
from warehouse.process import STAGES, UNDECIDED

FILES = "files"
"""The source whose names only the data tell."""
ANY = ""
"""Of a vendor's name where nobody said which of several pipelines is meant: any row will do."""


@dataclass(frozen=True, slots=True)
class StageName:
    """A name that needs a row. `kind` is the vendor's word for it, `first_entered` the data's."""

    tenant: str
    pipeline_id: str
    record_type: str
    name: str
    kind: str = ""
    first_entered: date | None = None


@dataclass(frozen=True, slots=True)
class MapReport:
    """What was asked and written: each row as the values of the file, in `columns`' order."""

    path: Path
    asked: tuple[str, ...]
    rows: tuple[Mapping[str, str], ...]
    were_there: int

    @property
    def undecided(self) -> int:
        return sum(row["stage_id"] == UNDECIDED for row in self.rows)


def write_stage_map(
    folder: Path,
    source: str,
    home: Home,
    clock: Clock,
    sources: Sources,
    connections: Connections,
    *,
    pipeline_id: str | None = None,
    since: date | None = None,
) -> MapReport:
    """Adds to `stage_map.csv` a row for every name of `source` that has none; no row is changed.

    A stage is filled in where the name says it, or where the vendor calls it won or lost and the
    pipeline has one stage of that kind; else `UNDECIDED` stands there. Raises PolicyError when the
    files cannot be read, ConfigurationError when the source is not configured or cannot be asked
    and no data tell its names.
    """
    files, problems = read_policy(folder)
    # What is wrong elsewhere is for the check to say; without the stages there is nothing to map.
    readable = [STAGES] + ([MAP] if (folder / f"{MAP}.csv").is_file() else [])
    unread = [p for p in problems if (name := Path(p.file).stem) in readable and name not in files]
    if unread or not folder.is_dir():
        raise policy_error(folder, unread or problems)
    pipelines = sorted({shown(row.values["pipeline_id"]) for row in files[STAGES].all_rows})
    pipeline = pipeline_id or (pipelines[0] if len(pipelines) == 1 else ANY)
    there = list(files[MAP].all_rows) if MAP in files else []
    asked: list[str] = []
    met = list(_met(source, home))
    found = [*_listed(source, pipeline, home, sources, connections, asked), *met]
    if not asked and not found:
        raise ConfigurationError(
            f"{source} has no list of sales stages that can be asked for, and the last build "
            "found no name of it without a stage; `closebook run`, then this command again"
        )
    of_met = {(name.tenant, name.record_type, name.name) for name in met}
    new = [
        name
        for name in dict.fromkeys(found)
        if not _is_there(source, name, there)
        and (name.pipeline_id != ANY or (name.tenant, name.record_type, name.name) not in of_met)
    ]
    if homeless := [name.name for name in new if name.pipeline_id == ANY]:
        raise ConfigurationError(
            f"{STAGES}.csv has the pipelines {', '.join(pipelines) or '(none)'}: say with "
            f"--pipeline which one {', '.join(dict.fromkeys(homeless))} belong to"
        )
    tenants = {vendor.tenant for vendor in sources.vendors if vendor.source == source}
    has_landed = Landing(home.policy).latest("policy", "house", MAP) is not None
    zone = house_zone(files) or UTC
    today = clock.now().astimezone(zone).date() if has_landed else None
    rows = [_row(source, name, files, since, today) for name in _together(new, tenants)]
    path = folder / f"{MAP}.csv"
    if rows:
        _append(path, rows)
    were_there = len({_place(name) for name in found} - {_place(name) for name in new})
    return MapReport(path, tuple(asked), tuple(rows), were_there)


def _listed(
    source: str,
    pipeline: str,
    home: Home,
    sources: Sources,
    connections: Connections,
    asked: list[str],
) -> Iterator[StageName]:
    """The vendor's own list, of every tenant that is configured; `asked` tells whom."""
    if source == FILES:
        return
    connector = connector_of(source)
    if connector.stages is None:
        return
    tenants = [vendor.tenant for vendor in sources.vendors if vendor.source == source]
    if not tenants:
        raise ConfigurationError(
            f"{source} is not configured, or disabled: `closebook source add {source} TENANT`; "
            "`closebook source list` shows both"
        )
    settings = HttpSettings(limit=HostLimit(home.hosts, sources.requests_to(source)))
    for tenant in tenants:
        with connector.open(connections(source, tenant), settings) as client:
            stages = list(connector.stages(client))
        asked.append(f"{source} of {tenant}: {len(stages)} names")
        for stage in stages:
            yield StageName(tenant, pipeline, stage.record_type, stage.name, stage.kind)


def _met(source: str, home: Home) -> Iterator[StageName]:
    """What the last build met in the data and found no row for, that is no stage."""
    found = of_last_build(
        home,
        """
        select tenant, pipeline_id, record_type, stage_name, '', min(entered_date)
        from intermediate.int_stage_entries
        where source_system = ? and stage_id is null and stage_name is not null
        group by all order by all
        """,
        [source],
    )
    for row in found:
        yield StageName(*row)


def _is_there(source: str, name: StageName, rows: Sequence[PolicyRow]) -> bool:
    """Whether a row speaks of this name, on whatever days."""
    return any(
        row.values["source_system"] == source
        and row.values["tenant"] in (name.tenant, "*")
        and (name.pipeline_id == ANY or row.values["pipeline_id"] in (name.pipeline_id, "*"))
        and row.values["record_type"] == name.record_type
        and row.values["source_stage"] == name.name
        for row in rows
    )


def _place(name: StageName) -> tuple[str, str, str, str]:
    return name.tenant, name.pipeline_id, name.record_type, name.name


def _together(names: Sequence[StageName], tenants: set[str]) -> Iterator[StageName]:
    """One for `*` where every tenant of the source has the name, else one a tenant."""
    groups: defaultdict[tuple[str, str, str], dict[str, StageName]] = defaultdict(dict)
    for name in names:
        mine = groups[name.pipeline_id, name.record_type, name.name]
        known = mine.get(name.tenant)
        # The list knows the kind, the data know since when.
        mine[name.tenant] = (
            name if known is None else replace(known, first_entered=name.first_entered)
        )
    for group in groups.values():
        if tenants and set(group) == tenants:
            since = [name.first_entered for name in group.values() if name.first_entered]
            first = next(iter(group.values()))
            yield replace(first, tenant="*", first_entered=min(since, default=None))
        else:
            yield from group.values()


def _row(
    source: str, name: StageName, files: Files, since: date | None, today: date | None
) -> dict[str, str]:
    """The row of a name. It begins with the stage, or not to change the past as late as it may."""
    stages = [row for row in files[STAGES].rows if row.values["pipeline_id"] == name.pipeline_id]
    stage = _stage_of(name, stages)
    if since is None and today is not None:
        since = min(name.first_entered or today, today)
    elif since is None:
        mine = [row.valid_from for row in stages if stage in (row.values["stage_id"], UNDECIDED)]
        since = min(mine, default=name.first_entered)
    return {
        "source_system": source,
        "tenant": name.tenant,
        "pipeline_id": name.pipeline_id,
        "record_type": name.record_type,
        "source_stage": name.name,
        "stage_id": stage,
        "valid_from": shown(since),
        "valid_to": "",
    }


def _stage_of(name: StageName, stages: Sequence[PolicyRow]) -> str:
    """The stage that is called so, or the only one of the vendor's kind; else `UNDECIDED`."""
    wanted = _plain(name.name)
    called = {
        shown(row.values["stage_id"])
        for row in stages
        for column in ("stage_id", "stage_name_en", "stage_name_zh")
        if _plain(shown(row.values[column])) == wanted
    }
    of_its_kind = {
        shown(row.values["stage_id"]) for row in stages if row.values["kind"] == name.kind
    }
    for fitting in (called, of_its_kind):
        if len(fitting) == 1:
            return fitting.pop()
    return UNDECIDED


def _plain(text: str) -> str:
    return re.sub(r"[\W_]+", " ", text.casefold()).strip()


def _append(path: Path, rows: Sequence[Mapping[str, str]]) -> None:
    """Adds the rows after what is there, which stays as it is, in the order of its header."""
    before = path.read_bytes().decode() if path.is_file() else ""
    columns = [name for name, _ in POLICY_TABLES[MAP].columns] + ["valid_from", "valid_to"]
    text = io.StringIO()
    header = next(csv.reader(before.removeprefix("\ufeff").splitlines()), columns)
    ending = "\r\n" if "\r\n" in before else "\n"
    writer = csv.DictWriter(text, header, lineterminator=ending)
    if not before:
        writer.writeheader()
    elif not before.endswith("\n"):
        text.write(ending)
    writer.writerows(rows)
    write_atomically(path, before + text.getvalue())
