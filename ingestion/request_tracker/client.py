"""Reads Request Tracker's REST 2: tickets by TicketSQL, transactions by conditions in JSON.

Pages are numbered, and rows move between them while they are read; so each request asks for the
first page beyond the last id. A page leaves out rows that the user may not see without filling up:
a short one is the end only when nothing beyond it shows.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator
from datetime import datetime

from ingestion.connections import Connection
from ingestion.connector import Page
from ingestion.errors import ContractError
from ingestion.http import Asking, HttpClient, HttpSettings, Reply
from ingestion.request_tracker.resources import EVENT_TYPES
from ingestion.resource import Resource

PER_PAGE = 100
ROWS_AT = "items"
ENVELOPE = frozenset({"_url", "type"})


def open_client(connection: Connection, settings: HttpSettings) -> HttpClient:
    """A client of the connection's user; without a login the password is an auth token."""
    pair = b64encode(f"{connection.login}:{connection.password}".encode()).decode()
    shown = f"Basic {pair}" if connection.login else f"token {connection.password}"
    return HttpClient(
        connection.name,
        connection.base_url,
        settings,
        headers={"Authorization": shown},
        secrets=(connection.password, pair),
    )


def pages(
    client: HttpClient, resource: Resource, since: str | None, until: str | None = None
) -> Iterator[Page]:
    """Every page of rows changed at or after `since`, by id."""
    query = _tickets if resource.name == "ticket" else _events
    if resource.name == "ticket" and since:
        _refuse_another_timezone(client, resource, since)
    after, page, number = 0, 1, 1
    while True:
        asking = Asking(resource.name, number, since)
        reply = _ask(client, resource, asking, query(since, until, after), page=page)
        yield Page(reply.content)
        ids = _ids(client, asking, reply)
        if ids and ids[-1] <= after:
            raise ContractError(
                f"{client.name}: {asking}: the page ends with id {ids[-1]}, which is not beyond "
                f"{after}: it is not in the order asked for"
            )
        # The last, not the highest: rows of another page may stand before those asked for.
        after, page = (ids[-1], 1) if ids else (after, page + 1)
        beyond = query(since, until, after)
        if len(ids) < PER_PAGE and not _is_more(client, resource, asking, beyond):
            return
        number += 1


def _tickets(since: str | None, until: str | None, after: int) -> str:
    bounds = ((">=", since), ("<", until))
    changed = "".join(f" AND LastUpdated {sign} '{_written(at)}'" for sign, at in bounds if at)
    return f"id > {after}{changed}"


def _events(since: str | None, until: str | None, after: int) -> str:
    conditions: list[dict[str, str | int]] = [
        {"field": "ObjectType", "value": "RT::Ticket"},
        {"field": "id", "operator": ">", "value": after},
    ]
    for event_type in EVENT_TYPES:
        conditions.append({"field": "Type", "value": event_type, "entry_aggregator": "OR"})
    for operator, at in ((">=", since), ("<", until)):
        if at:
            condition = {"field": "Created", "operator": operator, "value": _written(at)}
            conditions.append({**condition, "entry_aggregator": "AND"})
    return json.dumps(conditions)


def _written(since: str) -> str:
    """A time as Request Tracker reads it; in the form that it prints, it matches everything."""
    return datetime.fromisoformat(since).strftime("%Y-%m-%d %H:%M:%S")


def _refuse_another_timezone(client: HttpClient, resource: Resource, since: str) -> None:
    """Raises ContractError when TicketSQL takes times for those of a zone west of UTC.

    It reads them in the zone of the user's settings, and would leave news out; a zone east of UTC
    gives too much, which is found out later. The newest ticket must be found by its own time.
    """
    asking = Asking(resource.name, 1, since)
    newest = _ask(client, resource, asking, "id > 0", order="DESC", orderby="LastUpdated")
    rows = newest.body.get(ROWS_AT)
    if not rows:
        return
    changed = str(rows[0].get("LastUpdated"))
    if not _is_more(client, resource, asking, _tickets(changed, None, 0)):
        raise ContractError(
            f"{client.name}: {asking}: no ticket is found at {changed}, though the newest changed "
            "then: the user's time zone is not UTC. Set it to UTC in the user's settings in "
            "Request Tracker (or the server's, when the user has none)"
        )


def _is_more(client: HttpClient, resource: Resource, asking: Asking, query: str) -> bool:
    """Whether anything that the user may see matches, looking from the end."""
    reply = _ask(client, resource, asking, query, order="DESC")
    return bool(_ids(client, asking, reply))


def _ask(
    client: HttpClient,
    resource: Resource,
    asking: Asking,
    query: str,
    *,
    page: int = 1,
    order: str = "ASC",
    orderby: str = "id",
) -> Reply:
    fields = {column.source_path.split(".")[0]: "" for column in resource.columns}
    inner: dict[str, list[str]] = {}
    for column in resource.columns:
        outer, _, path = column.source_path.partition(".")
        if path:
            inner.setdefault(outer, []).append(path.removeprefix("0."))
    params: dict[str, str | int] = {
        "query": query,
        "orderby": orderby,
        "order": order,
        "per_page": PER_PAGE,
        "page": page,
        "fields": ",".join(fields),
        **{f"fields[{outer}]": ",".join(paths) for outer, paths in inner.items()},
    }
    return client.get_json(resource.endpoint, asking, params, holds=ROWS_AT)


def _ids(client: HttpClient, asking: Asking, reply: Reply) -> list[int]:
    rows = reply.body.get(ROWS_AT)
    try:
        return [int(row["id"]) for row in rows]  # type: ignore[union-attr]
    except (TypeError, KeyError, ValueError):
        raise ContractError(
            f"{client.name}: {asking}: {ROWS_AT} is not a list of rows with an id"
        ) from None
