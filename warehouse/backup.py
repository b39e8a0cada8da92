"""Backups of the durable stores, and the way back.

A destination is a folder, or an fsspec URL::

    objects/<first two>/<SHA-256>    every file's content once, whatever its names
    backups/<name>.json              one backup: path -> hash, size and mode of each file

A backup exists when its list has its name, which is the last thing that is written; an object that
is there already is not copied again. What is copied is consistent while loads commit and builds
publish: versions first, then the stores that they were built from (which only grow), and of each
store the files of the loads that were committed when it began.
"""

from __future__ import annotations

import json
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC
from pathlib import Path

import fsspec
from fsspec.implementations.local import LocalFileSystem

from ingestion.clock import Clock
from ingestion.failpoint import failpoint
from ingestion.landing import Landing, sha256_of, sync_file
from warehouse.errors import DamagedError, WarehouseError
from warehouse.home import Home
from warehouse.lock import backup_lock
from warehouse.maintenance import missing_commits
from warehouse.plan import stores
from warehouse.publish import current_version, make_current, versions
from warehouse.verify import Checked, files_of, verify, version_files

DESTINATION_VARIABLE = "CLOSEBOOK_BACKUP"
KEPT_BACKUPS = 5
RESTORING = ".restoring"

# Commits are copied with their loads; the others belong to running processes.
_NOT_KEPT = frozenset({"_commits", "_staging", "_turns"})


@dataclass(frozen=True, slots=True)
class BackedUpFile:
    """One file: its path relative to the home, and what it holds."""

    path: str
    sha256: str
    size: int
    mode: int


@dataclass(frozen=True, slots=True)
class Backup:
    """One backup. `folders` has the mode of each folder, `current` the version readers saw."""

    name: str
    made_at: str
    files: tuple[BackedUpFile, ...]
    folders: dict[str, int]
    current: str | None

    @property
    def size(self) -> int:
        return sum(file.size for file in self.files)


@dataclass(frozen=True, slots=True)
class Done:
    """What a backup came to; `copied` files and bytes were not at the destination before."""

    backup: Backup
    copied: int
    copied_size: int
    removed: tuple[str, ...]

    def __str__(self) -> str:
        old = f"; removed {', '.join(self.removed)}" if self.removed else ""
        return (
            f"{self.backup.name}: {len(self.backup.files)} files ({self.backup.size:,} bytes), "
            f"{self.copied} of them new ({self.copied_size:,} bytes){old}"
        )


class Destination:
    """Where backups are kept: objects by hash, lists by name."""

    def __init__(self, where: str) -> None:
        self.where = where
        url = where if "://" in where else str(Path(where).expanduser().absolute())
        self.files, root = fsspec.url_to_fs(url)
        self.root = str(root).rstrip("/")
        self.is_local = isinstance(self.files, LocalFileSystem)

    def names(self) -> list[str]:
        """The backups there are, oldest first."""
        found = self.files.glob(f"{self.root}/backups/b*.json")
        return sorted(str(path).rsplit("/", 1)[-1].removesuffix(".json") for path in found)

    def read(self, name: str) -> Backup:
        """Raises WarehouseError, naming those there are, when there is no such backup."""
        try:
            values = json.loads(self.files.cat_file(f"{self.root}/backups/{name}.json"))
        except FileNotFoundError:
            known = ", ".join(self.names()) or "none"
            raise WarehouseError(f"{self.where} has no backup {name!r}; there is {known}") from None
        files = tuple(BackedUpFile(**file) for file in values.pop("files"))
        return Backup(**values, files=files)

    def objects(self) -> set[str]:
        """The hashes that are there."""
        found = self.files.find(f"{self.root}/objects")
        return {str(path).rsplit("/", 1)[-1] for path in found}

    def put(self, path: Path, sha256: str) -> None:
        """Copies a file in. Raises WarehouseError when its content is not what the hash says."""
        target = f"objects/{sha256[:2]}/{sha256}"
        if not self.is_local:
            _refuse_other(path, path, sha256)
            self.files.put_file(str(path), f"{self.root}/{target}")
            return
        with self._whole(target) as beside:
            shutil.copyfile(path, beside)
            _refuse_other(beside, path, sha256)

    def put_list(self, backup: Backup) -> None:
        """Gives the backup its name: from here on it exists."""
        content = json.dumps(asdict(backup), indent=1, sort_keys=True).encode()
        target = f"backups/{backup.name}.json"
        if not self.is_local:
            self.files.pipe_file(f"{self.root}/{target}", content)
            return
        with self._whole(target) as beside:
            beside.write_bytes(content)
            sync_file(beside)
            failpoint("backup-before-rename")

    def fetch(self, file: BackedUpFile, target: Path) -> None:
        """Brings a file back. Raises WarehouseError when it is not what was backed up."""
        path = f"{self.root}/objects/{file.sha256[:2]}/{file.sha256}"
        try:
            self.files.get_file(path, str(target))
            is_whole = sha256_of(target) == file.sha256
        except FileNotFoundError:
            is_whole = False
        if not is_whole:
            raise WarehouseError(
                f"{path}, which holds {file.path}, is missing or its bytes changed; nothing was "
                "restored. Use another backup (`--backup`) or another copy of the destination"
            )

    def remove_older(self, keep: int) -> tuple[str, ...]:
        """Removes all but the newest backups, then every object that no backup names."""
        names = self.names()
        old = tuple(names[: max(0, len(names) - keep)])
        for name in old:
            self.files.rm_file(f"{self.root}/backups/{name}.json")
        named = {file.sha256 for name in self.names() for file in self.read(name).files}
        for sha256 in self.objects() - named:
            self.files.rm_file(f"{self.root}/objects/{sha256[:2]}/{sha256}")
        return old

    @contextmanager
    def _whole(self, name: str) -> Iterator[Path]:
        """A path to write to; it has its name, synced, when the block ends well."""
        path = Path(self.root) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
        try:
            yield beside
            beside.chmod(0o400)
            sync_file(beside)
            beside.rename(path)
            sync_file(path.parent)
        finally:
            beside.unlink(missing_ok=True)


def _refuse_other(copy: Path, original: Path, sha256: str) -> None:
    if sha256_of(copy) != sha256:
        raise WarehouseError(
            f"{original} is not what its manifest says; nothing was backed up. `closebook verify` "
            "names every such file and what to do"
        )


def back_up(
    home: Home, where: str, clock: Clock, keep: int = KEPT_BACKUPS, with_secrets: bool = False
) -> Done:
    """Copies the durable stores and sources.yml; then removes all but the `keep` newest backups.

    The file with the secrets (`environment`) is left out unless it is asked for. Raises
    WarehouseError when a file is not what its manifest says, or another backup is being made.
    """
    destination = Destination(where)
    with backup_lock(home):
        if destination.is_local:
            Path(destination.root).mkdir(parents=True, exist_ok=True, mode=0o700)
        there = destination.objects()
        version = current_version(home)
        files: list[BackedUpFile] = []
        folders: dict[str, int] = {}
        copied: list[BackedUpFile] = []
        for path, known in _contents(home, with_secrets):
            try:
                file = _described(home, path, known or sha256_of(path))
                if file.sha256 not in there:
                    destination.put(path, file.sha256)
                    there.add(file.sha256)
                    copied.append(file)
                for folder in path.relative_to(home.root).parents[:-1]:
                    folders[str(folder)] = (home.root / folder).stat().st_mode & 0o777
            except FileNotFoundError:
                if path not in _gone(home, [path]):
                    raise WarehouseError(
                        f"{path} is missing; nothing was backed up. `closebook verify` names every "
                        "such file and what to do"
                    ) from None
                continue
            files.append(file)
        gone = {
            str(path.relative_to(home.root))
            for path in _gone(home, [home.root / f.path for f in files])
        }
        names = destination.names()
        now = clock.now().astimezone(UTC)
        number = int(names[-1][1:7]) + 1 if names else 1
        backup = Backup(
            name=f"b{number:06d}-{now:%Y%m%dT%H%M%SZ}",
            made_at=now.isoformat(),
            files=tuple(file for file in files if file.path not in gone),
            folders=folders,
            current=version.version if version else None,
        )
        destination.put_list(backup)
        return Done(
            backup, len(copied), sum(file.size for file in copied), destination.remove_older(keep)
        )


def _contents(home: Home, with_secrets: bool) -> Iterator[tuple[Path, str]]:
    """Every file to copy and its hash ('' where nothing says it), in the order that is safe."""
    # A version's watermarks never reach beyond what the stores, read after it, hold.
    for version in versions(home):
        yield home.published / version.version / "manifest.json", ""
        yield from version_files(home, version).items()
    for name, store in stores(home).items():
        yield from _store_contents(home, name, store)
    for path in sorted(home.ledger.rglob("*")):
        if path.is_file():
            yield path, ""
    for path in (home.root / "sources.yml", *([home.environment_file] * with_secrets)):
        if path.exists():
            yield path, ""


def _store_contents(home: Home, name: str, store: Landing) -> Iterator[tuple[Path, str]]:
    loads = list(store.loads())
    missing = missing_commits(home, name, store)
    if missing:
        raise WarehouseError(
            f"{store.root} lacks commit {missing[0]}; nothing was backed up. `closebook verify` "
            "says what to do"
        )
    for load in loads:
        yield store.commits / f"{load.commit_seq:010d}.json", ""
        yield from files_of(store, load).items()
    last = loads[-1].commit_seq if loads else 0
    # After the files: pages that went meanwhile have their record by now.
    for path in sorted(store.root.glob("_*/[!.]*")):
        by_load = (store.rejected, store.retired, store.erased)
        is_of_later = path.parent in by_load and int(path.stem) > last
        if path.parent.name not in _NOT_KEPT and path.is_file() and not is_of_later:
            yield path, ""


def _described(home: Home, path: Path, sha256: str) -> BackedUpFile:
    status = path.stat()
    relative = str(path.relative_to(home.root))
    return BackedUpFile(relative, sha256, status.st_size, status.st_mode & 0o777)


def _gone(home: Home, paths: list[Path]) -> set[Path]:
    """Those that were rightly removed meanwhile: pages that retired, files that held somebody
    erased, versions beyond the kept."""
    landing = Landing(home.landing)
    retired = landing.retirements()
    pages = {
        landing.root / page
        for load in landing.loads()
        if load.commit_seq in retired
        for page in load.pages
    }
    erased = {
        landing.root / path for load in landing.loads() for path in landing.erased_files(load)
    }
    kept = {home.published / version.version for version in versions(home)}
    return {
        path
        for path in paths
        if path in pages | erased
        or (home.published in path.parents and not kept & set(path.parents))
    }


def restore(home: Home, where: str, name: str | None = None) -> Backup:
    """Brings a backup (default: the newest) into an empty home, and verifies what it brought.

    Raises WarehouseError when the home holds anything, the destination no backup, or a file is not
    what was backed up; then nothing of it is in its place.
    """
    destination = Destination(where)
    names = destination.names()
    if not names:
        raise WarehouseError(f"{where} holds no backup; `closebook backup DESTINATION` makes one")
    backup = destination.read(name or names[-1])
    stored = [home.landing, home.policy, home.decisions, home.ledger, home.published]
    for path in (*stored, *(home.root / file.path for file in backup.files)):
        if path.is_file() or (path.is_dir() and any(path.iterdir())):
            raise WarehouseError(
                f"{path} holds something already; restore into an empty home: set CLOSEBOOK_HOME "
                "to a new folder, or move this one away"
            )
    aside = home.root / RESTORING
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(mode=0o700)
    for folder in sorted(backup.folders):
        (aside / folder).mkdir(mode=0o700)
    for file in backup.files:
        target = aside / file.path
        destination.fetch(file, target)
        target.chmod(file.mode)
        sync_file(target)
    for folder in sorted(backup.folders, reverse=True):
        (aside / folder).chmod(backup.folders[folder])
        sync_file(aside / folder)
    # What was published last: readers must not see it before the stores that it came from.
    for entry in sorted(aside.iterdir(), key=lambda path: path.name == home.published.name):
        entry.rename(home.root / entry.name)
    aside.rmdir()
    if backup.current:
        make_current(home, backup.current)
    faults = list(verify(home, Checked()))
    if faults:
        raise DamagedError(f"{backup.name} is of a home that was damaged already", faults)
    return backup
