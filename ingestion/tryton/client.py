"""Reads Tryton's JSON-RPC: search_read by id, ids for the sweep, revisions of what keeps history.

Every call is a POST to `<database>/rpc/`; a refusal arrives with status 200 and an `error`. Reads
are paged by id, which never changes, so no row moves between pages.
"""

from __future__ import annotations

from base64 import b64encode
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Literal
from urllib.parse import urlsplit

from ingestion.connections import Connection
from ingestion.connector import Page, VendorStage
from ingestion.errors import ConfigurationError, ContractError
from ingestion.http import Asking, HttpClient, HttpSettings, Reply
from ingestion.resource import Resource
from ingestion.tryton.resources import HISTORY

ROWS_AT = "result"
ROWS_PER_PAGE = 500
IDS_PER_PAGE = 10_000

# Tryton wraps what JSON has no type for. A wrapping that lacks a part stays an object, which is
# then refused as such.
UNWRAP = """
    CASE value->>'$.__class__'
        WHEN 'Decimal' THEN value->'$.decimal'
        WHEN 'date' THEN coalesce(to_json(format(
            '{:04d}-{:02d}-{:02d}',
            (value->>'$.year')::INT, (value->>'$.month')::INT, (value->>'$.day')::INT
        )), value)
        WHEN 'datetime' THEN coalesce(to_json(format(
            '{:04d}-{:02d}-{:02d}T{:02d}:{:02d}:{:02d}.{:06d}Z',
            (value->>'$.year')::INT, (value->>'$.month')::INT, (value->>'$.day')::INT,
            (value->>'$.hour')::INT, (value->>'$.minute')::INT, (value->>'$.second')::INT,
            (value->>'$.microsecond')::INT
        )), value)
        ELSE value
    END
"""


def open_client(connection: Connection, settings: HttpSettings) -> HttpClient:
    """A client of the connection's user. Raises ConfigurationError when no database is named."""
    if not urlsplit(connection.base_url).path.strip("/"):
        raise ConfigurationError(
            f"{connection.name}: the connection names no database; its shape is "
            "https://login:password@host:port/database"
        )
    pair = b64encode(f"{connection.login}:{connection.password}".encode()).decode()
    return HttpClient(
        connection.name,
        connection.base_url,
        settings,
        headers={"Authorization": f"Basic {pair}", "Accept-Encoding": "gzip"},
        secrets=(connection.password, pair),
    )


def pages(
    client: HttpClient, resource: Resource, since: str | None, until: str | None = None
) -> Iterator[Page]:
    """Every page of rows changed at or after `since`, by id."""
    context = _context(client, resource)
    if resource.endpoint.endswith(HISTORY):
        yield from _revisions(client, resource, since, until, context)
        return
    news = _changed(since, until)
    for reply in _by_id(client, resource, since, news, context, "search_read", ROWS_PER_PAGE):
        yield Page(reply.content)


def sweep(client: HttpClient, resource: Resource) -> Iterator[Page]:
    """Every page of the ids of all rows there are."""
    context = _context(client, resource)
    for reply in _by_id(client, resource, None, [], context, "search", IDS_PER_PAGE):
        yield Page(reply.content)


def stages(client: HttpClient) -> Iterator[VendorStage]:
    """The states of sale opportunities. Raises ContractError when they come as something else."""
    asking = Asking("states of opportunities", 1, None)
    reply = _ask(client, asking, "model.sale.opportunity.fields_get", ["state"], 0, {})
    try:
        states = [str(name) for name, _ in reply.body[ROWS_AT]["state"]["selection"]]
    except (KeyError, TypeError, ValueError):
        raise ContractError(
            f"{client.name}: {asking}: no selection of states in {reply.body[ROWS_AT]!r}"
        ) from None
    for state in states:
        yield VendorStage("opportunity", state, _ENDS.get(state, ""))


# The module's own words for a deal that has ended.
_ENDS: dict[str, Literal["won", "lost", ""]] = {"won": "won", "lost": "lost"}


def _revisions(
    client: HttpClient,
    resource: Resource,
    since: str | None,
    until: str | None,
    context: dict[str, Any],
) -> Iterator[Page]:
    """What each changed record was at each of its own revisions: one page an instant.

    A record that changed in a range may have changed after it as well, so only its beginning
    chooses the records.
    """
    first, end = (_utc(text) if text else None for text in (since, until))
    model = resource.endpoint.removesuffix(HISTORY)
    fields = _fields(resource)
    number = 0
    news = _changed(since, None)
    for found in _by_id(client, resource, since, news, context, "search", ROWS_PER_PAGE):
        asking = Asking(resource.name, number + 1, since)
        revisions = _ask(client, asking, f"model.{model}.history_revisions", _list(found), context)
        changed: dict[datetime, list[int]] = defaultdict(list)
        for at, record, _ in _list(revisions):
            instant = _instant(at)
            if (first is None or instant >= first) and (end is None or instant < end):
                changed[instant].append(record)
        for instant in sorted(changed):
            number += 1
            asking = Asking(resource.name, number, since)
            then = {**context, "_datetime": _wrapped(instant)}
            ids = sorted(changed[instant])
            yield Page(_ask(client, asking, f"model.{model}.read", ids, fields, then).content)
    if not number:
        # A page without rows: the resource is fresh.
        asking = Asking(resource.name, 1, since)
        yield Page(_ask(client, asking, f"model.{model}.read", [], fields, context).content)


def _by_id(
    client: HttpClient,
    resource: Resource,
    since: str | None,
    news: list[Any],
    context: dict[str, Any],
    method: str,
    size: int,
) -> Iterator[Reply]:
    """Replies of `search_read` or `search`, each beyond the last id of the one before."""
    call = f"model.{resource.endpoint.removesuffix(HISTORY)}.{method}"
    # Tryton's own root user has the id 0.
    after, number = -1, 1
    while True:
        asking = Asking(resource.name, number, since)
        what: list[Any] = [[*news, ["id", ">", after]], 0, size, [["id", "ASC"]]]
        if method == "search_read":
            what.append(_fields(resource))
        reply = _ask(client, asking, call, *what, context)
        yield reply
        rows = _list(reply)
        if len(rows) < size:
            return
        last = rows[-1] if method == "search" else rows[-1].get("id")
        if not isinstance(last, int) or last <= after:
            raise ContractError(
                f"{client.name}: {asking}: the page ends with id {last!r}, which is not beyond "
                f"{after}: it is not in the order asked for"
            )
        after, number = last, number + 1


def _changed(since: str | None, until: str | None) -> list[Any]:
    """The conditions for rows that changed from `since` to before `until`."""
    # Tryton's own: write_date, or create_date as long as nothing was written.
    bounds = ((">=", since), ("<", until))
    return [["last_modified_at", sign, _wrapped(_utc(at))] for sign, at in bounds if at]


def _utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=None)


def _context(client: HttpClient, resource: Resource) -> dict[str, Any]:
    """What every read says of its user: the companies to read, and inactive rows as well."""
    asking = Asking(resource.name, 1, None)
    reply = _ask(client, asking, "model.res.user.get_preferences", True, {})
    preferences = reply.body[ROWS_AT]
    if not isinstance(preferences, dict):
        raise ContractError(f"{client.name}: {asking}: the user has no preferences")
    return {**preferences, "active_test": False}


def _fields(resource: Resource) -> list[str]:
    """The fields to ask for: a related one's value comes under ``currency.``, ``code``."""
    return [
        column.source_path.replace("..", ".")
        for column in resource.columns
        if column.name != resource.deleted_flag
    ]


def _ask(client: HttpClient, asking: Asking, method: str, *params: Any) -> Reply:
    """The reply to one call. Raises ContractError with Tryton's own words when it refuses."""
    question = {"id": asking.page, "method": method, "params": params}
    try:
        return client.ask_json("/rpc/", asking, question, holds=ROWS_AT)
    except ContractError as error:
        raise ContractError(
            f"{error}. Tryton refused {method}: check the access rights and companies of the "
            "connection's user, and that the module is activated"
        ) from None


def _list(reply: Reply) -> list[Any]:
    """The reply's list; what is none is left to typing, which refuses the page."""
    found = reply.body[ROWS_AT]
    return found if isinstance(found, list) else []


_PARTS = ("year", "month", "day", "hour", "minute", "second", "microsecond")


def _wrapped(instant: datetime) -> dict[str, Any]:
    return {"__class__": "datetime", **{part: getattr(instant, part) for part in _PARTS}}


def _instant(value: dict[str, Any]) -> datetime:
    return datetime(*(value[part] for part in _PARTS))  # noqa: DTZ001  Tryton says UTC without it
