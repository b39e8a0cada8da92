"""The landing store: immutable loads, each made visible by one atomic commit.

Layout under the store's root::

    <source>/<tenant>/<resource>/load=<id>/   pages-00001.json.gz ... part-00000.parquet
    _commits/<seq>.json                       the manifest; creating this name is the commit
    _rejected/<seq>.json                      why the raw gate refused load <seq>
    _retired/<seq>.json                       since when the raw pages of load <seq> are gone
    _schemas/<fingerprint>.json               the columns of the loads that name it
    _failures/<seq>.json                      an attempt that committed nothing, and why
    _erased/<seq>.json                        which files of load <seq> an erasure removed
    _forgotten/<hash>.json                    a person who must not land again, see `erasure`
    _turns/<source>.<tenant>.<resource>       locked while something commits to that resource

A load is written under ``_staging/``, synced, renamed to its final folder (still invisible) and
then committed by hard-linking its manifest to the next free sequence number. `link` fails when
the name exists, so sequence numbers are strictly increasing without a lock, and a process that
dies before the link leaves nothing that a reader can see.

The same store holds policy (source ``policy``) and decisions (source ``decisions``), under roots
of their own.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from ingestion.failpoint import failpoint

_OWN_HASH = "manifest_sha256"
_SYNCED_AT_ONCE = 16


@dataclass(frozen=True, slots=True)
class LoadFile:
    """One typed file of a load: path relative to the store's root, rows, SHA-256."""

    path: str
    rows: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What one committed load holds.

    `recorded_at` is the clock's instant at commit (UTC, ISO 8601). `cursor` is where the next
    extraction of this resource starts: the load and the cursor are committed together or not at
    all. `is_backfill` marks the first load of a resource. `rejected_rows` were refused one by one
    (no key, uncastable value) and stand in `rejects`. `pages` are there until they are retired, see
    `Landing.pages`; `page_sha256` has their hashes, in the same order. `replaces` is the commit in
    whose place this one stands: the same delivery, typed anew or with a person erased.
    """

    load_id: str
    source: str
    tenant: str
    resource: str
    recorded_at: str
    rows: int
    files: tuple[LoadFile, ...]
    cursor: str | None = None
    is_backfill: bool = False
    rejected_rows: int = 0
    rejects: tuple[LoadFile, ...] = ()
    pages: tuple[str, ...] = ()
    page_sha256: tuple[str, ...] = ()
    unknown_columns: tuple[str, ...] = ()
    schema_version: str = ""
    replaces: int | None = None
    commit_seq: int = 0
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def place(self) -> int:
        """The commit in whose place it stands: its own, unless it replaces another."""
        return self.commit_seq if self.replaces is None else self.replaces

    @classmethod
    def from_json(cls, text: str, commit_seq: int) -> Manifest:
        values = json.loads(text)
        values["commit_seq"] = commit_seq
        values.pop(_OWN_HASH, None)
        for name in ("files", "rejects"):
            values[name] = tuple(LoadFile(**entry) for entry in values.get(name, ()))
        for name in ("pages", "page_sha256", "unknown_columns"):
            values[name] = tuple(values.get(name, ()))
        return cls(**values)

    def to_json(self) -> str:
        """The manifest as it is committed: without its number, with its own hash."""
        values = asdict(self)
        del values["commit_seq"]
        return json.dumps(values | {_OWN_HASH: _hash_of(values)}, indent=1, sort_keys=True)


def is_as_written(manifest: str) -> bool:
    """Whether a committed manifest still says what it said; old ones have no hash to tell by."""
    values = json.loads(manifest)
    own = values.pop(_OWN_HASH, "")
    return own in ("", _hash_of(values))


def _hash_of(values: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()


class OpenLoad:
    """A load being written. Use as a context manager: leaving without `commit` discards it."""

    def __init__(self, store: Landing, source: str, tenant: str, resource: str) -> None:
        self.store, self.source, self.tenant, self.resource = store, source, tenant, resource
        self.load_id = uuid.uuid4().hex
        self.folder = store.root / "_staging" / self.load_id
        self.final = store.root / source / tenant / resource / f"load={self.load_id}"

    def __enter__(self) -> OpenLoad:
        self.folder.mkdir(parents=True)
        self.folder.chmod(0o700)
        return self

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def relative(self, file_name: str) -> str:
        """The path, relative to the store's root, that `file_name` will have once committed."""
        return str((self.final / file_name).relative_to(self.store.root))

    def commit(self, manifest: Manifest) -> Manifest:
        """Makes the load visible; returns the manifest with its `commit_seq`.

        The folder's files must be complete. Nothing is visible before this returns or dies.
        """
        pages = [self.folder / Path(page).name for page in manifest.pages]
        text = replace(manifest, page_sha256=tuple(map(sha256_of, pages))).to_json()
        path = self.folder / "manifest.json"
        path.write_text(text, encoding="utf-8")
        # Many at a time: the disk takes as long for one page as for all that wait with it.
        with ThreadPoolExecutor(_SYNCED_AT_ONCE) as pool:
            list(pool.map(_seal, self.folder.iterdir()))
        sync_file(self.folder)
        self.final.parent.mkdir(parents=True, exist_ok=True)
        failpoint("load-before-rename")
        self.folder.rename(self.final)
        sync_file(self.final.parent)
        failpoint("load-before-link")
        seq = self.store.link_next(self.final / "manifest.json")
        failpoint("load-after-link")
        return Manifest.from_json(text, seq)


class Landing:
    """All committed loads under one root."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.commits = root / "_commits"
        self.rejected = root / "_rejected"
        self.retired = root / "_retired"
        self.erased = root / "_erased"
        # A committed manifest never changes, so each is read once.
        self._read: dict[int, Manifest] = {}

    def open_load(self, source: str, tenant: str, resource: str) -> OpenLoad:
        return OpenLoad(self, source, tenant, resource)

    def link_next(self, manifest_path: Path) -> int:
        """Links the manifest to the next free sequence number: the commit point."""
        self.commits.mkdir(parents=True, exist_ok=True)
        seq = self.last_seq() + 1
        while True:
            try:
                os.link(manifest_path, self.commits / _record_name(seq))
            except FileExistsError:
                seq += 1
                continue
            sync_file(self.commits)
            return seq

    def last_seq(self) -> int:
        """The highest sequence number committed; 0 when there is none."""
        if not self.commits.is_dir():
            return 0
        return max((int(path.stem) for path in self.commits.glob("*.json")), default=0)

    def loads(self, after: int = 0) -> Iterator[Manifest]:
        """Committed loads with ``commit_seq > after``, in commit order, rejected ones included."""
        if not self.commits.is_dir():
            return
        for path in sorted(self.commits.glob("*.json")):
            seq = int(path.stem)
            if seq > after:
                if seq not in self._read:
                    self._read[seq] = Manifest.from_json(path.read_text(encoding="utf-8"), seq)
                yield self._read[seq]

    def rejections(self) -> dict[int, dict[str, Any]]:
        """Sequence number -> why the raw gate refused that load."""
        return _records(self.rejected)

    def retirements(self) -> dict[int, dict[str, Any]]:
        """Sequence number -> since when, and why, the raw pages of that load are gone."""
        return _records(self.retired)

    def pages(self, load: Manifest) -> list[Path]:
        """The raw pages of a load, in order; none once they are retired."""
        if (self.retired / _record_name(load.commit_seq)).exists():
            return []
        return [self.root / page for page in load.pages]

    def retire_pages(self, load: Manifest, record: dict[str, Any]) -> None:
        """Removes the raw pages of a load; its manifest never changes, so a record says it first.

        Doing it again removes what a process that died in between has left.
        """
        self.retired.mkdir(parents=True, exist_ok=True)
        path = self.retired / _record_name(load.commit_seq)
        if not path.exists():
            write_atomically(path, json.dumps(record, indent=1, sort_keys=True))
        failpoint("pages-before-removal")
        for page in load.pages:
            (self.root / page).unlink(missing_ok=True)

    def erase_files(self, load: Manifest, gone: dict[str, str], decision: str) -> None:
        """Removes files of a load (path -> SHA-256) for good; a record says it first.

        Doing it again removes what a process that died in between has left.
        """
        self.erased.mkdir(parents=True, exist_ok=True)
        path = self.erased / _record_name(load.commit_seq)
        before = self.erased_files(load)
        if not gone.keys() <= before.keys():
            record = {"decision": decision, "files": before | gone}
            write_atomically(path, json.dumps(record, indent=1, sort_keys=True))
        failpoint("erasure-before-removal")
        for name in gone:
            (self.root / name).unlink(missing_ok=True)

    def erased_files(self, load: Manifest) -> dict[str, str]:
        """Path -> SHA-256 of the files of a load that an erasure removed."""
        try:
            text = (self.erased / _record_name(load.commit_seq)).read_text(encoding="utf-8")
        except FileNotFoundError:
            return {}
        found: dict[str, str] = json.loads(text)["files"]
        return found

    def accepted(self, until: int | None = None) -> list[Manifest]:
        """The loads that the raw gate did not refuse, one a place, in the order of their places.

        In a place stands what was committed there last, up to the commit `until`. When that was
        refused it is what stood there before; but never what stood there before an erasure.
        """
        refused = self.rejections()
        standing: dict[int, Manifest] = {}
        for load in self.loads():
            if until is not None and load.commit_seq > until:
                break
            if "erased" in load.extra:
                standing.pop(load.place, None)
            if load.commit_seq not in refused:
                standing[load.place] = load
        return [standing[place] for place in sorted(standing)]

    @contextmanager
    def turn(self, source: str, tenant: str, resource: str) -> Iterator[None]:
        """Whoever commits to a resource takes its turn: what has landed stays so meanwhile.

        Held while pages are typed, not while they are fetched. The operating system lets go of it
        when the process dies.
        """
        path = self.root / "_turns" / f"{source}.{tenant}.{resource}"
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def reject(self, commit_seq: int, reason: dict[str, Any]) -> None:
        """Refuses a committed load: builds skip it and the next extraction starts before it."""
        self.rejected.mkdir(parents=True, exist_ok=True)
        write_atomically(
            self.rejected / _record_name(commit_seq),
            json.dumps(reason, indent=1, sort_keys=True, default=str),
        )
        failpoint("reject-after")

    def latest(self, source: str, tenant: str, resource: str) -> Manifest | None:
        """The last accepted load of one resource; where to go on is `state.position`."""
        found = None
        for load in self.accepted():
            if (load.source, load.tenant, load.resource) == (source, tenant, resource):
                found = load
        return found

    def recorded_until(self) -> datetime | None:
        """The latest `recorded_at` of any accepted load; None when nothing has landed."""
        return max(
            (datetime.fromisoformat(load.recorded_at) for load in self.accepted()), default=None
        )


def _record_name(commit_seq: int) -> str:
    return f"{commit_seq:010d}.json"


def _records(folder: Path) -> dict[int, dict[str, Any]]:
    """What a folder of records says of each load, by sequence number."""
    return {
        int(path.stem): json.loads(path.read_text(encoding="utf-8"))
        for path in sorted(folder.glob("[0-9]*.json"))
    }


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _seal(path: Path) -> None:
    """Nobody writes to the file any more."""
    sync_file(path)
    path.chmod(0o444)


def sync_file(path: Path) -> None:
    """Flushes a file or a folder to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_atomically(path: Path, text: str) -> None:
    """Writes beside, syncs, renames: a reader sees the old file or the new one, never half."""
    beside = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    beside.write_text(text, encoding="utf-8")
    sync_file(beside)
    beside.rename(path)
    sync_file(path.parent)
