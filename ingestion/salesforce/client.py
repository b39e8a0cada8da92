"""Reads Salesforce's REST API: client-credentials login, SOQL through queryAll, page by page.

queryAll, not query: it also returns deleted and merged rows, with IsDeleted true.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from ingestion.connections import Connection
from ingestion.connector import Page, VendorStage
from ingestion.errors import ContractError
from ingestion.http import Asking, HttpClient, HttpSettings, Reply
from ingestion.resource import Resource

API_VERSION = "v61.0"
ROWS_AT = "records"


def open_client(connection: Connection, settings: HttpSettings) -> HttpClient:
    """A client that signs in with the connected app's id (login) and secret (password)."""

    def sign_in(client: HttpClient) -> Mapping[str, str]:
        asking = Asking("login", 1, None)
        form = {
            "grant_type": "client_credentials",
            "client_id": connection.login,
            "client_secret": connection.password,
        }
        token = client.post_form("/services/oauth2/token", asking, form, holds="access_token").body[
            "access_token"
        ]
        if not isinstance(token, str) or not token:
            raise ContractError(f"{connection.name}: the login's reply holds no access_token")
        client.hide(token)
        return {"Authorization": f"Bearer {token}"}

    return HttpClient(
        connection.name,
        connection.base_url,
        settings,
        secrets=(connection.password,),
        login=sign_in,
    )


def soql(resource: Resource, since: str | None, until: str | None = None) -> str:
    """The query for all declared columns, oldest change first, from `since` to before `until`."""
    fields = ", ".join(column.source_path for column in resource.columns)
    query = f"SELECT {fields} FROM {resource.endpoint}"  # noqa: S608  names are declared in code
    if resource.cursor is None:
        return query
    cursor = resource.column(resource.cursor.column).source_path
    where = f" WHERE {cursor} >= {since}" if since else ""
    if until:
        where += f" AND {cursor} < {until}"
    return f"{query}{where} ORDER BY {cursor}, Id"


def pages(
    client: HttpClient, resource: Resource, since: str | None, until: str | None = None
) -> Iterator[Page]:
    """Every page of the query. Raises ContractError when a page breaks the protocol."""
    for reply in _replies(client, "queryAll", soql(resource, since, until), resource.name, since):
        yield Page(reply.content)


def stages(client: HttpClient) -> Iterator[VendorStage]:
    """The statuses of leads, then the stages of opportunities, inactive ones as well.

    Raises ContractError when a row lacks what was asked for.
    """
    for record in _setup_rows(client, "LeadStatus", "ApiName"):
        yield VendorStage("lead", record["ApiName"])
    for record in _setup_rows(client, "OpportunityStage", "ApiName", "IsClosed", "IsWon"):
        kind: Literal["won", "lost", ""] = "lost" if record["IsClosed"] is True else ""
        yield VendorStage("opportunity", record["ApiName"], "won" if record["IsWon"] else kind)


def _setup_rows(client: HttpClient, name: str, *fields: str) -> Iterator[dict[str, Any]]:
    """The rows of a list that the org's administrator keeps, in its own order."""
    query = f"SELECT {', '.join(fields)} FROM {name} ORDER BY SortOrder"  # noqa: S608  constants
    for reply in _replies(client, "query", query, name, None):
        for row in reply.body[ROWS_AT]:
            if not isinstance(row, dict) or not isinstance(row.get("ApiName"), str):
                raise ContractError(f"{client.name}: {name}: a row without an ApiName: {row!r}")
            if missing := [field for field in fields if field not in row]:
                raise ContractError(f"{client.name}: {name}: a row without {missing[0]}: {row!r}")
            yield row


def _replies(
    client: HttpClient, verb: str, query: str, name: str, since: str | None
) -> Iterator[Reply]:
    """Every page of a query; `name` is what its errors call it."""
    path = f"/services/data/{API_VERSION}/{verb}"
    params: dict[str, str | int] | None = {"q": query}
    number = 1
    while True:
        asking = Asking(name, number, since)
        reply = client.get_json(path, asking, params, holds=ROWS_AT)
        yield reply
        if reply.body.get("done") is True:
            return
        following = reply.body.get("nextRecordsUrl")
        if not isinstance(following, str) or following == path:
            raise ContractError(
                f"{client.name}: {asking}: not done, yet nextRecordsUrl is {following!r}"
            )
        path, params, number = following, None, number + 1
