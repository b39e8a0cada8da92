"""Recomputes every hash that the durable stores hold, and names what is not as it was written."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ingestion.connections import configured_sources
from ingestion.errors import ConfigurationError
from ingestion.landing import Landing, Manifest, is_as_written, sha256_of
from ingestion.typed import schema_version
from warehouse.errors import WarehouseError
from warehouse.home import Home
from warehouse.maintenance import missing_commits
from warehouse.plan import stores
from warehouse.publish import DATABASE, VersionManifest, versions

MANIFEST = "manifest.json"
COPY_BACK = (
    "copy it back from a backup (`closebook restore BACKUP` into an empty CLOSEBOOK_HOME brings all"
    " files)"
)


@dataclass(frozen=True, slots=True)
class Fault:
    """One file that is not as it was written: what was expected, what was found, what to do."""

    path: Path
    expected: str
    found: str
    fix: str

    def __str__(self) -> str:
        return f"{self.path}: expected {self.expected}, found {self.found}; {self.fix}"


@dataclass(slots=True)
class Checked:
    """How much was looked at so far."""

    files: int = 0
    size: int = 0


def verify(home: Home, checked: Checked) -> Iterator[Fault]:
    """Every fault of the stores, the published versions and sources.yml; counts into `checked`."""
    for name, store in stores(home).items():
        yield from _store(home, name, store, checked)
    yield from _published(home, checked)
    if (home.root / "sources.yml").exists():
        try:
            configured_sources(home.root)
        except ConfigurationError as error:
            yield Fault(home.root / "sources.yml", "the configured sources", str(error), "edit it")


def _store(home: Home, name: str, store: Landing, checked: Checked) -> Iterator[Fault]:
    # Before the manifests are read: what commits from here on is not looked at.
    there = {path for path in store.root.rglob("*") if path.is_file()}
    try:
        loads = list(store.loads())
        missing = missing_commits(home, name, store)
    except (ValueError, TypeError) as error:
        yield from _unreadable(store, error)
        return
    yield from _schemas(store, checked)
    uncommitted = {path.parent for path in there if path.name == MANIFEST}
    uncommitted -= {_folder(store, load) for load in loads}
    for seq in missing:
        yield Fault(
            store.commits / f"{seq:010d}.json", f"the manifest of commit {seq}", "no such file",
            _link_again(uncommitted),
        )  # fmt: skip
    known = {path for path in there if path.relative_to(store.root).parts[0].startswith("_")}
    for load in loads:
        expected = files_of(store, load)
        known |= expected.keys()
        for path in (store.root / name for name in store.erased_files(load)):
            known.add(path)
            if path.exists():
                yield Fault(
                    path, "nothing: it held somebody who was erased", "a file",
                    "run the same `closebook erase` again: it was stopped half-way",
                )  # fmt: skip
        for path, sha256 in expected.items():
            fault = _changed(path, sha256, checked)
            # Asked again: pages may have been retired since.
            if fault is not None and path in files_of(store, load):
                yield fault
        commit = store.commits / f"{load.commit_seq:010d}.json"
        if not is_as_written(commit.read_text(encoding="utf-8")):
            yield Fault(commit, "what its own hash says", "other values", COPY_BACK)
    for path in sorted(there - known):
        if path.parent not in uncommitted:
            yield Fault(
                path, "nothing: no manifest names it", "a file",
                "move it away; nothing reads it, and nothing here writes beside a load",
            )  # fmt: skip


def _schemas(store: Landing, checked: Checked) -> Iterator[Fault]:
    for path in sorted((store.root / "_schemas").glob("[!.]*.json")):
        checked.files += 1
        try:
            columns = json.loads(path.read_text(encoding="utf-8"))
            version = schema_version(tuple((name, kind) for name, kind in columns))
        except (ValueError, TypeError) as error:
            version = str(error)
        if version != path.stem:
            yield Fault(path, "columns with the fingerprint in its name", version, COPY_BACK)


def _link_again(uncommitted: set[Path]) -> str:
    """What to do about a missing commit: its load may be there, in a folder without a commit."""
    if not uncommitted:
        return COPY_BACK
    folders = " or ".join(str(folder) for folder in sorted(uncommitted))
    return f"link the manifest.json of {folders} there (`ln`), or {COPY_BACK}"


def _unreadable(store: Landing, error: Exception) -> Iterator[Fault]:
    """The manifests that cannot be read; while there is one, nothing else can be told."""
    for path in sorted(store.commits.glob("*.json")):
        try:
            Manifest.from_json(path.read_text(encoding="utf-8"), int(path.stem))
        except (ValueError, TypeError) as unreadable:
            yield Fault(path, "a manifest", f"{unreadable}", COPY_BACK)
            return
    yield Fault(store.root, "readable records", f"{error}", COPY_BACK)


def files_of(store: Landing, load: Manifest) -> dict[Path, str]:
    """Path -> SHA-256 of all that a load's folder must hold; '' where the manifest has no hash."""
    pages = dict(zip(load.pages, load.page_sha256 or ("",) * len(load.pages), strict=True))
    gone = not store.pages(load)
    found = {store.root / page: sha256 for page, sha256 in pages.items() if not gone}
    found |= {store.root / file.path: file.sha256 for file in (*load.files, *load.rejects)}
    fragment = load.extra.get("fragment")
    if fragment:
        found[store.root / fragment["path"]] = fragment["sha256"]
    for erased in store.erased_files(load):
        found.pop(store.root / erased, None)
    commit = store.commits / f"{load.commit_seq:010d}.json"
    # One file under two names, until somebody copies them.
    found[_folder(store, load) / MANIFEST] = sha256_of(commit)
    return found


def _folder(store: Landing, load: Manifest) -> Path:
    return store.root / load.source / load.tenant / load.resource / f"load={load.load_id}"


def _published(home: Home, checked: Checked) -> Iterator[Fault]:
    try:
        kept = versions(home)
    except WarehouseError as error:
        yield Fault(home.published, "a readable manifest in each version", str(error), COPY_BACK)
        return
    current = home.published / "current"
    if current.is_symlink() and not current.exists():
        yield Fault(
            current, "a link to a version", f"a link to {current.readlink()}, which is gone",
            "`closebook versions` lists those that are kept; `closebook run` publishes a new one",
        )  # fmt: skip
    for version in kept:
        for path, sha256 in version_files(home, version).items():
            fault = _changed(path, sha256, checked)
            if fault is not None:
                yield fault


def version_files(home: Home, version: VersionManifest) -> dict[Path, str]:
    folder = home.published / version.version
    tables = {
        folder / table["access"] / "parquet" / f"{name}.parquet": table["sha256"]
        for name, table in version.tables.items()
    }
    databases = {folder / access / DATABASE: sha for access, sha in version.databases.items()}
    return tables | databases


def _changed(path: Path, sha256: str, checked: Checked) -> Fault | None:
    """The fault of a file that must be there with this hash ('': any); None when it is."""
    try:
        found = sha256_of(path)
    except FileNotFoundError:
        return Fault(path, f"a file with SHA-256 {sha256[:12]}", "no such file", COPY_BACK)
    except OSError as error:
        return Fault(path, "a readable file", str(error), COPY_BACK)
    checked.files += 1
    checked.size += path.stat().st_size
    if sha256 and found != sha256:
        return Fault(path, f"SHA-256 {sha256[:12]}", f"{found[:12]}: its bytes changed", COPY_BACK)
    return None
