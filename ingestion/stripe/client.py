"""Reads Stripe's lists: newest first, `starting_after` the last id, `created[gte]` for news."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ingestion.connections import Connection
from ingestion.connector import Page
from ingestion.errors import ContractError
from ingestion.http import Asking, HttpClient, HttpSettings, Reply
from ingestion.resource import Resource
from ingestion.stripe.resources import INVOICE_LINE, LOOK_BACK

# One version for everything: what an object looks like depends on it, not on the account's default.
API_VERSION = "2026-10-28.endive"
ROWS_AT = "data"
# Without it a list of subscriptions leaves the cancelled ones out.
_ASKED_FOR = {"subscription": {"status": "all"}}
PAGE_SIZE = 100
_LOOK_BACK = int(LOOK_BACK.total_seconds())


def open_client(connection: Connection, settings: HttpSettings) -> HttpClient:
    """A client that shows the secret key (the connection's password)."""
    return HttpClient(
        connection.name,
        connection.base_url,
        settings,
        headers={
            "Authorization": f"Bearer {connection.password}",
            "Stripe-Version": API_VERSION,
        },
        secrets=(connection.password,),
    )


def pages(
    client: HttpClient, resource: Resource, since: str | None, until: str | None = None
) -> Iterator[Page]:
    """Every page of the list. Raises ContractError when a page breaks the protocol."""
    if resource.name == INVOICE_LINE:
        yield from _lines_of_long_invoices(client, resource, since)
        return
    for reply in _list(client, resource, resource.endpoint, since, since, until):
        yield Page(reply.content)


def _lines_of_long_invoices(
    client: HttpClient, resource: Resource, cursor: str | None
) -> Iterator[Page]:
    """All lines of each invoice that has more than it shows itself, once it is no draft.

    A line has no time of its own: the cursor is the creation of the newest invoice looked at. To
    hand it on, a page is read even when no invoice is long: the lines of the newest.
    """
    since = str(int(cursor) - _LOOK_BACK) if cursor else None
    newest: tuple[int, str] | None = None
    found = False
    for reply in _list(client, resource, "/v1/invoices", cursor, since):
        for invoice in _rows(reply):
            at, id = int(invoice.get("created") or 0), str(invoice.get("id"))
            newest = max(newest or (at, id), (at, id))
            lines = invoice.get("lines") or {}
            if lines.get("has_more") and invoice.get("status") != "draft":
                found = True
                path = resource.endpoint.format(invoice=id)
                for page in _list(client, resource, path, cursor, None):
                    yield Page(page.content, cursor=str(newest[0]))
    if newest is not None and not found:
        at, id = newest
        asking = Asking(resource.name, 1, cursor)
        path = resource.endpoint.format(invoice=id)
        yield Page(client.get_json(path, asking, {"limit": 1}, holds=ROWS_AT).content, str(at))


def _rows(reply: Reply) -> list[dict[str, Any]]:
    """The reply's list; what is none is left to typing, which refuses the page."""
    rows = reply.body.get(ROWS_AT)
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _list(
    client: HttpClient,
    resource: Resource,
    path: str,
    cursor: str | None,
    since: str | None,
    until: str | None = None,
) -> Iterator[Reply]:
    """Every page of a list, of what was created from `since` to before `until`."""
    params: dict[str, str | int] = {"limit": PAGE_SIZE, **_ASKED_FOR.get(resource.name, {})}
    if since:
        params["created[gte]"] = since
    if until:
        params["created[lt]"] = until
    number = 1
    while True:
        asking = Asking(resource.name, number, cursor)
        reply = client.get_json(path, asking, params, holds=ROWS_AT)
        yield reply
        if not reply.body.get("has_more"):
            return
        rows = _rows(reply)
        last = rows[-1].get("id") if rows else None
        if not isinstance(last, str) or last == params.get("starting_after"):
            raise ContractError(
                f"{client.name}: {asking}: has_more is true, but the last row's id is {last!r}, "
                "so there is nothing to go on from"
            )
        params["starting_after"] = last
        number += 1
