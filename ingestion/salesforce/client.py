"""Reads Salesforce's REST API: client-credentials login, SOQL through queryAll, page by page.

queryAll, not query: it also returns deleted and merged rows, with IsDeleted true.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ingestion.connections import Connection
from ingestion.connector import Page
from ingestion.errors import ContractError
from ingestion.http import Asking, HttpClient, HttpSettings
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
    path = f"/services/data/{API_VERSION}/queryAll"
    params: dict[str, str | int] | None = {"q": soql(resource, since, until)}
    number = 1
    while True:
        reply = client.get_json(path, Asking(resource.name, number, since), params, holds=ROWS_AT)
        yield Page(reply.content)
        if reply.body.get("done") is True:
            return
        following = reply.body.get("nextRecordsUrl")
        if not isinstance(following, str) or following == path:
            raise ContractError(
                f"{client.name}: {Asking(resource.name, number, since)}: not done, yet "
                f"nextRecordsUrl is {following!r}"
            )
        path, params, number = following, None, number + 1
