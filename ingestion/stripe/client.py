"""Reads Stripe's lists: newest first, `starting_after` the last id, `created[gte]` for news."""

from __future__ import annotations

from collections.abc import Iterator

from ingestion.connections import Connection
from ingestion.connector import Page
from ingestion.errors import ContractError
from ingestion.http import Asking, HttpClient, HttpSettings
from ingestion.resource import Resource

# One version for everything: what an object looks like depends on it, not on the account's default.
API_VERSION = "2026-10-28.endive"
ROWS_AT = "data"
PAGE_SIZE = 100


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


def pages(client: HttpClient, resource: Resource, since: str | None) -> Iterator[Page]:
    """Every page of the list. Raises ContractError when a page breaks the protocol."""
    params: dict[str, str | int] = {"limit": PAGE_SIZE}
    if since:
        params["created[gte]"] = since
    number = 1
    while True:
        asking = Asking(resource.name, number, since)
        reply = client.get_json(resource.endpoint, asking, params, holds=ROWS_AT)
        yield Page(reply.content)
        if not reply.body.get("has_more"):
            return
        rows = reply.body.get(ROWS_AT)
        last = rows[-1].get("id") if isinstance(rows, list) and rows else None
        if not isinstance(last, str) or last == params.get("starting_after"):
            raise ContractError(
                f"{client.name}: {asking}: has_more is true, but the last row's id is {last!r}, "
                "so there is nothing to go on from"
            )
        params["starting_after"] = last
        number += 1
