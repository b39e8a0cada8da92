"""Reads Roundup's REST interface: by time of change, since rows move between numbered pages.

Each request asks for the first page at or after the last time that was read, so a row that changes
meanwhile is read again and none is passed over.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from ingestion.connections import Connection
from ingestion.connector import Page
from ingestion.errors import ContractError
from ingestion.http import Asking, HttpClient, HttpSettings, Reply
from ingestion.resource import Resource, keys_of

PAGE_SIZE = 100
ROWS_AT = "data.collection"
ENVELOPE = frozenset({"link", "username", "title", "content"})
# It prints 2026-11-22.02:52:26, in UTC.
UNWRAP = (
    "CASE WHEN regexp_full_match(value->>'$', '[0-9]{4}-[0-9]{2}-[0-9]{2}[.][0-9:]{8}') "
    "THEN to_json(replace(value->>'$', '.', ' ')) ELSE value END"
)


def open_client(connection: Connection, settings: HttpSettings) -> HttpClient:
    """A client of the connection's user."""
    pair = b64encode(f"{connection.login}:{connection.password}".encode()).decode()
    return HttpClient(
        connection.name,
        connection.base_url,
        settings,
        headers={"Authorization": f"Basic {pair}"},
        secrets=(connection.password, pair),
    )


def pages(
    client: HttpClient, resource: Resource, since: str | None, until: str | None = None
) -> Iterator[Page]:
    """Every page of rows changed at or after `since`, oldest change first."""
    written = _written(since) if since else ""
    # Roundup takes the end of a range for a part of it: that second does not land.
    end = _written(until) if until else ""
    if written:
        _refuse_another_timezone(client, resource, written)
    size, number = PAGE_SIZE, 1
    while True:
        asking = Asking(resource.name, number, written)
        reply = _ask(client, resource, asking, written, end=end, size=size, sort="activity,id")
        yield Page(reply.content)
        rows = _rows(client, asking, reply)
        if len(rows) < size:
            return
        last = str(rows[-1].get("activity"))
        # A page full of one second says nothing of what comes after it.
        size = size * 2 if last == written else PAGE_SIZE
        written, number = last, number + 1


def sweep(client: HttpClient, resource: Resource) -> Iterator[Page]:
    """The ids of all items that are not retired, in one reply."""
    asking = Asking(f"{resource.name} ids", 1, None)
    reply = client.get_json(resource.endpoint, asking, {"@fields": "id"}, holds="data")
    ids = [row["id"] for row in _rows(client, asking, reply)]
    yield Page(json.dumps({"data": {"collection": ids}}).encode())


def _written(since: str) -> str:
    """A time as Roundup reads it; any other form is ignored, and everything matches."""
    return datetime.fromisoformat(since).strftime("%Y-%m-%d.%H:%M:%S")


def _refuse_another_timezone(client: HttpClient, resource: Resource, written: str) -> None:
    """Raises ContractError when times are read as those of a zone west of UTC: news would be left
    out. The item that changed last must be found by its own time."""
    asking = Asking(resource.name, 1, written)
    newest = _rows(client, asking, _ask(client, resource, asking, "", size=1, sort="-activity"))
    changed = str(newest[0].get("activity")) if newest else ""
    found = _ask(client, resource, asking, changed, size=1, sort="-activity")
    if newest and not _rows(client, asking, found):
        raise ContractError(
            f"{client.name}: {asking}: nothing is found at {changed}, though the newest changed "
            "then: the user's time zone is not UTC. Set `timezone` of the user to 0 in Roundup"
        )


def _ask(
    client: HttpClient,
    resource: Resource,
    asking: Asking,
    at: str,
    *,
    size: int,
    sort: str,
    end: str = "",
) -> Reply:
    fields = [keys_of(column.source_path)[0] for column in resource.columns]
    params: dict[str, str | int] = {
        "@fields": ",".join(name for name in fields if name != resource.deleted_flag),
        "@verbose": 2,
        "@sort": sort,
        "@page_size": size,
        "@page_index": 1,
    }
    if at:
        params["activity"] = f"{at};{end}"
    return client.get_json(resource.endpoint, asking, params, holds="data")


def _rows(client: HttpClient, asking: Asking, reply: Reply) -> list[dict[str, Any]]:
    data = reply.body.get("data")
    rows = data.get("collection") if isinstance(data, dict) else None
    if not isinstance(rows, list):
        raise ContractError(f"{client.name}: {asking}: there is no list at {ROWS_AT}")
    return rows
