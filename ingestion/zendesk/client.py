"""Reads Zendesk: the cursor export of tickets, time-based exports, and cursor-paged lists."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from urllib.parse import parse_qsl, urlsplit

from ingestion.connections import Connection
from ingestion.connector import Page
from ingestion.errors import ContractError
from ingestion.http import Asking, HttpClient, HttpSettings, Reply
from ingestion.resource import Resource

PAGE_SIZE = 100
_EXPORT_PAGE = 1000
# Without it the export leaves comments out, and no reply time can be told.
_INCLUDED = {"ticket_event": "comment_events"}


def open_client(connection: Connection, settings: HttpSettings) -> HttpClient:
    """A client that shows the OAuth token (the connection's password)."""
    return HttpClient(
        connection.name,
        connection.base_url,
        settings,
        headers={"Authorization": f"Bearer {connection.password}"},
        secrets=(connection.password,),
    )


def rows_at(resource: Resource) -> str:
    return f"{resource.name}s"


def pages(
    client: HttpClient, resource: Resource, since: str | None, until: str | None = None
) -> Iterator[Page]:
    """Every page, by the protocol that the endpoint speaks.

    None of them can be asked for an end: the exports go on in the order of change, and are left
    when a whole page lies beyond it; the list filters by the time a rating was offered, and one
    that was answered in a range may have been offered as long before as the look-back.
    """
    if resource.cursor is not None and resource.cursor.opaque:
        return _cursor_export(client, resource, since, until)
    if "/incremental/" in resource.endpoint:
        return _time_export(client, resource, since, until)
    if since and until and resource.cursor is not None:
        since = (datetime.fromisoformat(since) - resource.cursor.overlap).isoformat()
    return _list(client, resource, since)


def _is_beyond(reply: Reply, resource: Resource, until: str | None) -> bool:
    """Whether every row of a page changed at or after the end of the range."""
    rows = reply.body.get(rows_at(resource))
    if until is None or resource.cursor is None or not isinstance(rows, list) or not rows:
        return False
    path, end = resource.column(resource.cursor.column).source_path, datetime.fromisoformat(until)
    return all(datetime.fromisoformat(str(row.get(path) or until)) >= end for row in rows)


def _cursor_export(
    client: HttpClient, resource: Resource, since: str | None, until: str | None
) -> Iterator[Page]:
    """``cursor.json``: each page hands out the cursor after it; the last one is kept."""
    params: dict[str, str | int] = {"cursor": since} if since else {"start_time": 0}
    if until:
        params = {"start_time": _epoch(since)}
    number = 1
    while True:
        asking = Asking(resource.name, number, since)
        reply = client.get_json(resource.endpoint, asking, params, holds=rows_at(resource))
        after = reply.body.get("after_cursor")
        yield Page(reply.content, after if isinstance(after, str) else None)
        if reply.body.get("end_of_stream") or _is_beyond(reply, resource, until):
            return
        if not isinstance(after, str) or after == params.get("cursor"):
            raise ContractError(
                f"{client.name}: {asking}: not the end of the stream, yet after_cursor is {after!r}"
            )
        params = {"cursor": after}
        number += 1


def _time_export(
    client: HttpClient, resource: Resource, since: str | None, until: str | None
) -> Iterator[Page]:
    """Time-based exports: `next_page` carries the start time of the page that follows."""
    params: dict[str, str | int] = {"start_time": _epoch(since)}
    if resource.name in _INCLUDED:
        params["include"] = _INCLUDED[resource.name]
    number = 1
    while True:
        asking = Asking(resource.name, number, since)
        reply = client.get_json(resource.endpoint, asking, params, holds=rows_at(resource))
        yield Page(reply.content)
        if _export_ended(reply) or _is_beyond(reply, resource, until):
            return
        following = _query_of(reply.body.get("next_page"))
        if not following or following == params:
            raise ContractError(
                f"{client.name}: {asking}: not the end of the stream, yet next_page is "
                f"{reply.body.get('next_page')!r}"
            )
        params = following
        number += 1


def _export_ended(reply: Reply) -> bool:
    """Some exports say `end_of_stream`; the older ones are at their end when a page is not full."""
    if "end_of_stream" in reply.body:
        return bool(reply.body["end_of_stream"])
    return int(reply.body.get("count") or 0) < _EXPORT_PAGE


def _list(client: HttpClient, resource: Resource, since: str | None) -> Iterator[Page]:
    """Cursor pagination: ``page[after]`` while `meta.has_more`."""
    params: dict[str, str | int] = {"page[size]": PAGE_SIZE}
    if since:
        params["start_time"] = _epoch(since)
    number = 1
    while True:
        asking = Asking(resource.name, number, since)
        reply = client.get_json(resource.endpoint, asking, params, holds=rows_at(resource))
        yield Page(reply.content)
        meta = reply.body.get("meta") or {}
        if not meta.get("has_more"):
            return
        after = meta.get("after_cursor")
        if not isinstance(after, str) or after == params.get("page[after]"):
            raise ContractError(
                f"{client.name}: {asking}: has_more is true, yet after_cursor is {after!r}"
            )
        params["page[after]"] = after
        number += 1


def _epoch(since: str | None) -> int:
    return int(datetime.fromisoformat(since).timestamp()) if since else 0


def _query_of(link: object) -> dict[str, str | int]:
    """The parameters of a link. Its host is not followed: the token goes to our host only."""
    return dict(parse_qsl(urlsplit(link).query)) if isinstance(link, str) else {}
