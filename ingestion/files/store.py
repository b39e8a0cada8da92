"""Folders of files, on this machine or in an object store (``s3://bucket/folder``).

A folder of a store is copied to a temporary one of the same name; the error files that an intake
leaves there are then written beside the input, in the store. S3 and what speaks its protocol,
Google Cloud Storage and Azure are reached through Arrow, which takes credentials and endpoint from
the environment (``AWS_ACCESS_KEY_ID``, ``AWS_SECRET_ACCESS_KEY``, ``AWS_ENDPOINT_URL``, ...).
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ingestion.errors import ConfigurationError, IngestionError, TransientError

if TYPE_CHECKING:
    from pyarrow.fs import FileInfo, FileSystem

SCHEMES = ("s3", "gs", "abfs", "abfss")
_PASSING = ("NETWORK_CONNECTION", "SLOW_DOWN", "THROTTLING", "SERVICE_UNAVAILABLE", "TIMEOUT")


def is_url(place: str) -> bool:
    """Whether `place` is in an object store."""
    return "://" in place


@contextmanager
def opened(place: str, returned: str) -> Iterator[Path]:
    """The folder `place` as one on this machine; `place` itself when it is on it.

    Files ending with `returned` that the block changes or deletes are changed and deleted in the
    store, when the block ends well. Raises ConfigurationError for a place that cannot be used,
    TransientError when the store does not answer.
    """
    if not is_url(place):
        yield Path(place)
        return
    _check(place)
    with tempfile.TemporaryDirectory() as scratch:
        try:
            store, base = _store(place)
            folder = Path(scratch) / PurePosixPath(base).name
            folder.mkdir()
            for file in _files(store, base, place):
                _fetch(store, file.path, folder / name_in(place, base, file.path))
            before = _contents(folder, returned)
        except OSError as error:
            raise _explained(place, error) from None
        yield folder
        try:
            _give_back(store, base, before, _contents(folder, returned))
        except OSError as error:
            raise _explained(place, error) from None


def look(place: str) -> None:
    """Lists a folder of an object store. Raises what `opened` raises."""
    _check(place)
    try:
        _files(*_store(place), place)
    except OSError as error:
        raise _explained(place, error) from None


def _check(place: str) -> None:
    parts = urlsplit(place)
    if parts.scheme not in SCHEMES:
        raise ConfigurationError(
            f"{parts.scheme}:// is no place that files can be read from; use a folder, or "
            f"{', '.join(f'{scheme}://' for scheme in SCHEMES)}"
        )
    if parts.username or parts.password:
        raise ConfigurationError(
            f"{parts.scheme}://{parts.hostname}{parts.path}: the address holds a key; take it out, "
            "it would be shown wherever the address is, and set it in the environment "
            "(AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY for s3)"
        )
    if not parts.netloc or not parts.path.strip("/"):
        raise ConfigurationError(
            f"{place} is no folder of a bucket; write it like {parts.scheme}://bucket/folder"
        )


def _store(place: str) -> tuple[FileSystem, str]:
    from pyarrow import ArrowInvalid
    from pyarrow.fs import FileSystem

    if os.environ.get("AWS_ENDPOINT_URL"):
        # Not one of the cloud's own machines: nobody answers where those ask for their keys.
        os.environ.setdefault("AWS_EC2_METADATA_DISABLED", "true")
    try:
        store, base = FileSystem.from_uri(place.rstrip("/"))
    except ArrowInvalid as error:
        raise ConfigurationError(f"{place} is no address of a folder: {error}") from None
    return store, base


def _files(store: FileSystem, base: str, place: str) -> list[FileInfo]:
    from pyarrow.fs import FileSelector, FileType

    selector = FileSelector(base, recursive=True, allow_not_found=True)
    found = [file for file in store.get_file_info(selector) if file.type is FileType.File]
    if not found:
        raise ConfigurationError(
            f"{place} holds no file: correct the address, or deliver the first one"
        )
    return found


def name_in(place: str, base: str, key: str) -> str:
    """A key's name below the folder `base`. Raises ConfigurationError when it points out of it."""
    name = key.removeprefix(f"{base}/")
    # A key is any text.
    if name.startswith("/") or ".." in PurePosixPath(name).parts:
        raise ConfigurationError(f"{place}: rename {name!r}, which points out of the folder")
    return name


def _fetch(store: FileSystem, key: str, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with store.open_input_stream(key) as source, target.open("wb") as copy:
        shutil.copyfileobj(source, copy)


def _contents(folder: Path, ending: str) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob(f"*{ending}")
        if path.is_file()
    }


def _give_back(
    store: FileSystem, base: str, before: dict[str, bytes], after: dict[str, bytes]
) -> None:
    for name, content in after.items():
        if before.get(name) != content:
            with store.open_output_stream(f"{base}/{name}") as stream:
                stream.write(content)
    for name in before.keys() - after.keys():
        store.delete_file(f"{base}/{name}")


def _explained(place: str, error: OSError) -> IngestionError:
    text = f"{place}: {str(error).rstrip('.')}"
    if any(word in str(error).upper() for word in _PASSING):
        return TransientError(f"{text}. The store does not answer; the next run tries again")
    return ConfigurationError(
        f"{text}. Look at the address, at the key in the environment (AWS_ACCESS_KEY_ID and "
        "AWS_SECRET_ACCESS_KEY for s3, AWS_ENDPOINT_URL for a store of your own) and at its rights "
        "to list, read and write there"
    )
