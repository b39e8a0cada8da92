"""Keeps an installation small: raw pages past their window, and what dead processes left behind.

Raw pages are evidence for a while (policy setting `raw_page_days`), then the typed Parquet alone is
the record. Leftovers are removed when they have not been touched for `SAFE_AGE`, by the clock of
the file system that they are on: whoever wrote them is long dead.
"""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ingestion.clock import Clock
from ingestion.landing import Landing, Manifest
from warehouse.errors import BuildBusyError, WarehouseError
from warehouse.home import Home
from warehouse.lock import build_lock
from warehouse.plan import stores
from warehouse.policy import setting
from warehouse.publish import current_version, versions

RAW_PAGE_DAYS = 30
"""Days that raw pages are kept when nothing else is said (policy setting `raw_page_days`)."""

SAFE_AGE = timedelta(days=1)
"""What nobody has touched for so long belongs to no process: a task is ended after an hour."""


@dataclass(frozen=True, slots=True)
class Retention:
    """What the window did: loads whose pages went, files and bytes freed, loads kept longer."""

    days: int
    loads: int
    files: int
    size: int
    kept: tuple[tuple[str, int], ...]

    def __str__(self) -> str:
        said = (
            f"{self.files} raw pages of {self.loads} loads removed ({self.size:,} bytes), older "
            f"than {self.days} days"
        )
        kept = ", ".join(f"{count} {why}" for why, count in self.kept if count)
        return f"{said}; of older ones kept: {kept}" if kept else said


def retire_pages(home: Home, clock: Clock) -> Retention:
    """Removes the raw pages of loads older than the window.

    Pages stay while their load is in no published version, or is refused and nothing has been
    fetched in its place: they are all that can repair it. Raises WarehouseError for a setting that
    is no number of days.
    """
    now = clock.now()
    days = _page_days(home, now)
    landing = Landing(home.landing)
    published = current_version(home)
    watermark = published.watermarks["landing"] if published else 0
    refused, retired = landing.rejections(), landing.retirements()
    replaced = _fetched_again(landing)
    loads = files = size = unpublished = refusals = 0
    for load in landing.loads():
        if not load.pages or datetime.fromisoformat(load.recorded_at) > now - timedelta(days=days):
            continue
        if load.commit_seq > watermark:
            unpublished += 1
            continue
        if load.commit_seq in refused and load.commit_seq not in replaced:
            refusals += 1
            continue
        # Also of loads that are retired already: a process may have died between record and pages.
        there = [path for path in (landing.root / page for page in load.pages) if path.exists()]
        if not there and load.commit_seq in retired:
            continue
        size += sum(path.stat().st_size for path in there)
        landing.retire_pages(
            load,
            {
                "retired_at": now.astimezone(UTC).isoformat(),
                "reason": f"older than {days} days",
                "pages": len(load.pages),
            },
        )
        loads += 1
        files += len(there)
    kept = (("not published yet", unpublished), ("refused and not fetched again", refusals))
    return Retention(days, loads, files, size, kept)


def _page_days(home: Home, now: datetime) -> int:
    value = setting(Landing(home.policy), "raw_page_days", now.date())
    if value is None:
        return RAW_PAGE_DAYS
    if not value.isdecimal():
        raise WarehouseError(
            f"policy setting raw_page_days is {value!r}, which is no number of days; correct it in "
            "setting.csv, and `closebook policy land FOLDER`"
        )
    return int(value)


def _fetched_again(landing: Landing) -> set[int]:
    """The refused loads after which something of the same line, or in their place, was accepted.

    What stands in another place brings no news, nor does what fills a range of the past.
    """
    refused = landing.rejections()
    last: dict[tuple[str, ...], int] = {}
    broken: set[int] = set()
    for load in landing.loads():
        if load.commit_seq in refused or load.extra.get("continues") in broken:
            broken.add(load.commit_seq)
        elif load.replaces is None and "range" not in load.extra:
            last[_line(load)] = load.commit_seq
    retyped = {load.place for load in landing.accepted() if load.replaces is not None}
    return {
        load.commit_seq
        for load in landing.loads()
        if load.commit_seq in refused
        and (last.get(_line(load), 0) > load.commit_seq or load.place in retyped)
    }


def _line(load: Manifest) -> tuple[str, ...]:
    """What a later load must share to bring a refused one's rows again.

    A file is its own line; a range of the past is not read again by the daily run.
    """
    of = str(load.extra.get("file", "range" if "range" in load.extra else ""))
    return load.source, load.tenant, load.resource, of


def leftovers(home: Home) -> Iterator[Path]:
    """What dead processes left, untouched for `SAFE_AGE`: nothing reads it, nobody writes it.

    A load folder without a commit is one only where no commit is missing: else it may be what the
    missing commit named, and is left for `closebook verify` to tell.
    """
    now = _file_system_now(home.root)
    for found in _unfinished(home):
        if now - _touched(found) > SAFE_AGE.total_seconds():
            yield found


def remove_leftovers(home: Home) -> list[Path]:
    """Removes the `leftovers`; returns them. Unfinished versions stay while a build is running."""
    removed: list[Path] = []
    for found in leftovers(home):
        if found.parent == home.published:
            try:
                with build_lock(home):
                    _remove(found)
            except BuildBusyError:
                continue
        else:
            _remove(found)
        removed.append(found)
    return removed


def _unfinished(home: Home) -> Iterator[Path]:
    for name, store in stores(home).items():
        yield from store.root.glob("_staging/*")
        yield from store.root.glob("_*/.*")
        # The folders first: what commits from here on is no leftover.
        folders = sorted(store.root.glob("[!_]*/*/*/load=*"))
        committed = {load.load_id for load in store.loads()}
        if not missing_commits(home, name, store):
            yield from (
                folder for folder in folders if folder.name.removeprefix("load=") not in committed
            )
    yield from home.published.glob(".*")
    for pattern in (".sources.yml.*", ".now.*", ".restoring"):
        yield from home.root.glob(pattern)
    yield from (home.root / "notices").glob(".*")
    yield from (home.warehouse / "empty").glob("*.tmp")


def missing_commits(home: Home, name: str, store: Landing) -> list[int]:
    """Sequence numbers that must have been committed and have no manifest.

    All up to the last one, and up to the last that a version, a load or a record speaks of.
    """
    loads = list(store.loads())
    there = {load.commit_seq for load in loads}
    spoken_of = {
        *(version.watermarks.get(name, 0) for version in versions(home)),
        *(load.extra.get("continues") or 0 for load in loads),
        *store.rejections(),
        *store.retirements(),
    }
    last = max(there | spoken_of, default=0)
    return sorted(set(range(1, last + 1)) - there)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _touched(path: Path) -> float:
    """When the newest thing in it was written; folders that vanish meanwhile are not old."""
    try:
        inside = list(path.rglob("*")) if path.is_dir() and not path.is_symlink() else []
        times: list[float] = [entry.lstat().st_mtime for entry in (path, *inside)]
    except FileNotFoundError:
        return float("inf")
    return max(times)


def _file_system_now(folder: Path) -> float:
    """The present by the clock that dates the files of `folder`."""
    probe = folder / f".now.{uuid.uuid4().hex}"
    probe.touch()
    try:
        return probe.stat().st_mtime
    finally:
        probe.unlink()
