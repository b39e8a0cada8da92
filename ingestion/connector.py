"""The seam between a vendor and the extraction: a `Connector` is a client plus its resources."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal, Protocol

from ingestion.connections import Connection
from ingestion.http import HttpClient, HttpSettings
from ingestion.resource import Resource


@dataclass(frozen=True, slots=True)
class Page:
    """One reply, exactly as received. `cursor` is the vendor's own opaque cursor after it."""

    content: bytes
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class VendorStage:
    """One value of a vendor's list of stages, as records carry it.

    `kind` is what the vendor itself says of it, '' where it says nothing.
    """

    record_type: Literal["lead", "opportunity"]
    name: str
    kind: Literal["won", "lost", ""] = ""


class Pages(Protocol):
    """Yields every page of rows that changed at or after `since` (None: everything).

    `since` is UTC ISO 8601 for time cursors, epoch seconds for integer ones, the vendor's own text
    for opaque ones. With `until` a range of the past is asked for, its end excluded, and both are
    times even where the cursor is opaque. Pages may hold rows of `until` or later: they do not
    land.
    """

    def __call__(
        self, client: HttpClient, resource: Resource, since: str | None, until: str | None = None
    ) -> Iterator[Page]: ...


@dataclass(frozen=True, slots=True)
class Connector:
    """One vendor.

    `open` makes a client for a connection, `pages` reads. `rows_at` is the path in a page of the
    list of its rows. `envelope` are keys of every row that are not data.

    `unwrap` is SQL for what the JSON `value` stands for, when the vendor wraps scalars in objects.
    `sweep(client, resource)` yields pages with the ids of all rows there are, in the list at
    `rows_at`; required as soon as a resource declares `sweep`. `stages` asks for the vendor's list
    of sales stages, in its order; None where the vendor has none, or cannot be asked.
    """

    source: str
    resources: tuple[Resource, ...]
    open: Callable[[Connection, HttpSettings], HttpClient]
    pages: Pages
    rows_at: Callable[[Resource], str]
    envelope: frozenset[str] = frozenset()
    unwrap: str = ""
    sweep: Callable[[HttpClient, Resource], Iterator[Page]] | None = None
    stages: Callable[[HttpClient], Iterator[VendorStage]] | None = None
