"""Salesforce's REST protocol: OAuth client credentials, SOQL queries with locators, describe."""

from __future__ import annotations

import base64
import binascii
import re
import secrets
from array import array
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from company.servers import soql
from company.servers.salesforce_schema import (
    OBJECTS,
    RELATED,
    SETUP,
    FieldType,
    SalesforceField,
    SalesforceObject,
)
from company.servers.vendor import Answer, Bench, Call, Handler, VendorError
from company.servers.world import Found, Stream

SESSION_LENGTH = timedelta(hours=2)
"""How long an access token is good, by the world's time."""
MIN_PAGE, MAX_PAGE = 200, 2000
OPEN_LOCATORS = 50
"""Queries that can be paged at a time; the oldest is forgotten first."""
DAILY_REQUESTS = 100_000

_VERSION = re.compile(r"v\d\d\.0")
_BATCH = re.compile(r"batchSize=(\d+)", re.IGNORECASE)
_TEXT_TYPES = ("string", "email", "phone", "url", "picklist")
_LITERAL_OF_TYPE: dict[FieldType, soql.LiteralKind] = {
    "boolean": "boolean", "int": "number", "double": "number", "percent": "number",
    "currency": "number", "date": "date", "datetime": "datetime",
}  # fmt: skip
_CODES = {
    401: ("INVALID_SESSION_ID", "Session expired or invalid"),
    403: ("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."),
    429: ("REQUEST_LIMIT_EXCEEDED", "ConcurrentRequests Limit exceeded."),
    500: ("UNKNOWN_EXCEPTION", "An unexpected error occurred."),
    503: ("SERVER_UNAVAILABLE", "Server is unavailable."),
}


@dataclass(frozen=True, slots=True)
class ClientCredentials:
    """A connected app: the org (tenant) that it opens, its id and secret."""

    tenant: str
    client_id: str
    client_secret: str


@dataclass(frozen=True, slots=True)
class _Session:
    tenant: str
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class _Path:
    """A selected field: `names` leads to it from the record, in the schema's own spelling."""

    names: tuple[str, ...]
    field: SalesforceField

    @property
    def sql(self) -> str:
        """The field's value as SQL over World's objects."""
        if self.names == ("Id",):
            return "id"
        if self.names == ("IsDeleted",):
            return "deleted"
        # Names come from the schema, never from the request.
        return f"json_extract(payload, '$.{'.'.join(self.names)}')"

    @property
    def collated_sql(self) -> str:
        """Text without regard to case, as SOQL compares and sorts it."""
        return f"{self.sql} collate nocase" if self.field.type in _TEXT_TYPES else self.sql


@dataclass(frozen=True, slots=True)
class _Locator:
    """A query whose rows are settled: `handles` are World's, in the order asked for."""

    sobject: SalesforceObject
    paths: tuple[_Path, ...]
    stream: Stream
    handles: array[int]


class SalesforceServer:
    """The handlers. Rows of a query are settled when it is asked, later pages only cut them."""

    name = "salesforce"
    key = "Id"

    def __init__(self, bench: Bench, clients: list[ClientCredentials]) -> None:
        self._bench = bench
        self._clients = clients
        self._sessions: dict[str, _Session] = {}
        self._locators: OrderedDict[str, _Locator] = OrderedDict()
        self._requests = 0

    def routes(self) -> list[tuple[str, str, Handler]]:
        data = "/services/data/{version}"
        routes: list[tuple[str, str, Handler]] = [
            ("GET", f"{data}/query", lambda call: self._query(call, deleted=False)),
            ("GET", f"{data}/queryAll", lambda call: self._query(call, deleted=True)),
            ("GET", f"{data}/query/{{locator}}", self._more),
            ("GET", f"{data}/queryAll/{{locator}}", self._more),
            ("GET", f"{data}/sobjects/{{object}}/describe", self._describe),
            ("GET", f"{data}/limits", self._limits),
            ("GET", "/services/data", self._versions),
            ("POST", "/services/oauth2/token", self._token),
        ]
        # Salesforce takes every address with a slash at its end too.
        return routes + [(method, f"{path}/", handler) for method, path, handler in routes]

    def failure(self, status: int) -> Any:
        code, message = _CODES.get(status, ("UNKNOWN_EXCEPTION", f"HTTP {status}"))
        return _error(code, message)

    def not_found(self, path: str) -> Any:
        return _error("NOT_FOUND", "The requested resource does not exist")

    def time_moved(self) -> None:
        self._locators.clear()

    def _token(self, call: Call) -> Answer:
        nobody = Stream(self.name, "", "")
        if call.form.get("grant_type") != "client_credentials":
            raise VendorError(
                400,
                {
                    "error": "unsupported_grant_type",
                    "error_description": "grant type not supported",
                },
                nobody,
            )
        client_id, client_secret = _client(call)
        client = next((entry for entry in self._clients if entry.client_id == client_id), None)
        if client is None or not secrets.compare_digest(
            client.client_secret.encode(), client_secret.encode()
        ):
            wrong = "invalid_client_id" if client is None else "invalid_client"
            raise VendorError(
                400, {"error": wrong, "error_description": "invalid client credentials"}, nobody
            )
        token = f"00D000000000001!{secrets.token_urlsafe(48)}"
        now = self._bench.world.now
        self._sessions[token] = _Session(client.tenant, now + SESSION_LENGTH)
        url = f"https://{call.host}"
        body = {
            "access_token": token,
            "instance_url": url,
            "id": f"{url}/id/00D000000000001AAA/005000000000001AAA",
            "token_type": "Bearer",
            "scope": "api",
            "issued_at": str(int(now.timestamp() * 1000)),
        }
        return Answer(body, Stream(self.name, client.tenant, ""))

    def _tenant(self, call: Call) -> str:
        """The org of the request's session, which must not have ended."""
        nobody = Stream(self.name, "", "")
        if self._bench.strikes("expire_sessions", nobody, call):
            self._sessions.clear()
        scheme, _, token = call.headers.get("authorization", "").partition(" ")
        session = self._sessions.get(token)
        if (
            scheme not in ("Bearer", "OAuth")
            or session is None
            or session.ends_at <= self._bench.world.now
        ):
            self._sessions.pop(token, None)
            raise VendorError(401, self.failure(401), nobody)
        if not _VERSION.fullmatch(call.parameters.get("version", "v59.0")):
            raise VendorError(404, self.not_found(call.path), nobody)
        self._requests += 1
        return session.tenant

    def _query(self, call: Call, *, deleted: bool) -> Answer:
        tenant = self._tenant(call)
        stream = Stream(self.name, tenant, "")
        try:
            query = soql.parse(call.query.get("q", ""))
        except soql.MalformedQueryError as error:
            raise VendorError(400, _error("MALFORMED_QUERY", f"\n{error}"), stream) from None
        if query.object.lower() in SETUP:
            return self._setup(call, query, stream)
        sobject = OBJECTS.get(query.object.lower())
        if sobject is None:
            message = f"sObject type '{query.object}' is not supported."
            raise VendorError(400, _error("INVALID_TYPE", message), stream)
        stream = Stream(self.name, tenant, sobject.resource)
        try:
            paths = tuple(_path(sobject, name) for name in query.fields)
            conditions = [
                (_path(sobject, condition.field), condition) for condition in query.conditions
            ]
            if self._bench.strikes("ignore_filter", stream, call):
                conditions = [pair for pair in conditions if pair[1].value.kind != "datetime"]
            tail, values = _tail(sobject, query, conditions, deleted=deleted)
        except _FieldError as error:
            raise VendorError(400, _error("INVALID_FIELD", str(error)), stream) from None
        locator = _Locator(
            sobject, paths, stream, array("q", self._bench.world.select(stream, tail, values))
        )
        return self._page(call, locator, f"01g{secrets.token_hex(7)}A", 0)

    def _setup(self, call: Call, query: soql.Query, stream: Stream) -> Answer:
        """A list of the administrator's: short, so it is always one page in its own order."""
        name, rows = SETUP[query.object.lower()]
        in_order = [term.field.lower() for term in query.order] in ([], ["sortorder"])
        if query.conditions or query.limit is not None or not in_order:
            raise VendorError(400, _error("MALFORMED_QUERY", f"{name}: only ORDER BY"), stream)
        known = {field.lower(): field for field in rows[0]}
        for field in query.fields:
            if field.lower() not in known:
                message = f"No such column '{field}' on entity '{name}'."
                raise VendorError(400, _error("INVALID_FIELD", message), stream)
        version = call.parameters["version"]
        records = [
            {"attributes": _attributes(name, str(row["Id"]), version)}
            | {known[field.lower()]: row[known[field.lower()]] for field in query.fields}
            for row in rows
        ]
        body = {"totalSize": len(records), "done": True, "records": records}
        return Answer(body, stream, headers=self._usage())

    def _more(self, call: Call) -> Answer:
        tenant = self._tenant(call)
        name, _, offset = call.parameters["locator"].partition("-")
        locator = self._locators.get(name)
        if (
            locator is None
            or locator.stream.tenant != tenant
            or not offset.isdecimal()
            or int(offset) >= len(locator.handles)
        ):
            raise VendorError(
                400,
                _error("INVALID_QUERY_LOCATOR", "invalid query locator"),
                Stream(self.name, tenant, locator.stream.resource if locator else ""),
            )
        return self._page(call, locator, name, int(offset))

    def _page(self, call: Call, locator: _Locator, name: str, offset: int) -> Answer:
        size = _page_size(call.headers)
        version = call.parameters["version"]
        found = self._bench.world.fetch(locator.handles[offset : offset + size])
        records = [_record(locator, row, version) for row in found]
        end = offset + len(records)
        body: dict[str, Any] = {
            "totalSize": len(locator.handles),
            "done": end >= len(locator.handles),
            "records": records,
        }
        if not body["done"]:
            self._locators[name] = locator
            self._locators.move_to_end(name)
            while len(self._locators) > OPEN_LOCATORS:
                self._locators.popitem(last=False)
            body["nextRecordsUrl"] = f"/services/data/{version}/query/{name}-{end}"
        return Answer(body, locator.stream, records, offset > 0, self._usage())

    def _describe(self, call: Call) -> Answer:
        stream = Stream(self.name, self._tenant(call), "")
        sobject = OBJECTS.get(call.parameters["object"].lower())
        if sobject is None:
            raise VendorError(404, self.not_found(call.path), stream)
        body = {
            "name": sobject.name,
            "label": sobject.name,
            "keyPrefix": sobject.key_prefix,
            "queryable": True,
            "custom": False,
            "fields": [_described(field) for field in sobject.fields],
        }
        return Answer(body, stream, headers=self._usage())

    def _limits(self, call: Call) -> Answer:
        stream = Stream(self.name, self._tenant(call), "")
        daily = {"Max": DAILY_REQUESTS, "Remaining": DAILY_REQUESTS - self._requests}
        return Answer({"DailyApiRequests": daily}, stream, headers=self._usage())

    def _versions(self, call: Call) -> Answer:
        # The one address that needs no session.
        names = {"59.0": "Winter '24", "60.0": "Spring '24", "61.0": "Summer '24"}
        body = [
            {"label": label, "url": f"/services/data/v{version}", "version": version}
            for version, label in names.items()
        ]
        return Answer(body, Stream(self.name, "", ""))

    def _usage(self) -> dict[str, str]:
        return {"Sforce-Limit-Info": f"api-usage={self._requests}/{DAILY_REQUESTS}"}


class _FieldError(ValueError):
    """A query names a field that the object has not, or compares it with a wrong literal."""


def _path(sobject: SalesforceObject, name: str) -> _Path:
    *relations, last = name.split(".")
    names: list[str] = []
    at = sobject
    for relation in relations:
        reference = at.relation(relation)
        if reference is None:
            raise _FieldError(
                f"Didn't understand relationship '{relation}' in field path. If you are attempting"
                " to use a custom relationship, be sure to append the '__r' after the custom"
                " relationship name."
            )
        names.append(reference.relation)
        at = RELATED[reference.relation]
    field = at.field(last)
    if field is None:
        raise _FieldError(
            f"No such column '{last}' on entity '{at.name}'. If you are attempting to use a custom"
            " field, be sure to append the '__c' after the custom field name."
        )
    return _Path((*names, field.name), field)


def _tail(
    sobject: SalesforceObject,
    query: soql.Query,
    conditions: list[tuple[_Path, soql.Condition]],
    *,
    deleted: bool,
) -> tuple[str, list[object]]:
    """The query's conditions, order and limit as SQL with bound values."""
    parts = [] if deleted else ["and deleted = 0"]
    values: list[object] = []
    for path, condition in conditions:
        operator, literal = condition.operator, condition.value
        if literal.kind == "null":
            if operator not in ("=", "!="):
                raise _FieldError(f"invalid operator {operator} with null on {condition.field}")
            parts.append(f"and {path.sql} is {'not ' if operator == '!=' else ''}null")
            continue
        values.append(_bound(path.field, literal))
        # In SOQL an empty field is different from every value.
        parts.append(
            f"and {path.collated_sql} is not ?"
            if operator == "!="
            else f"and {path.collated_sql} {operator} ?"
        )
    terms = []
    for ordering in query.order:
        direction = "desc" if ordering.descending else "asc"
        nulls = "last" if ordering.nulls_last else "first"
        terms.append(f"{_path(sobject, ordering.field).collated_sql} {direction} nulls {nulls}")
    parts.append(f"order by {', '.join([*terms, 'id'])}")
    if query.limit is not None:
        parts.append("limit ?")
        values.append(query.limit)
    return " ".join(parts), values


def _bound(field: SalesforceField, literal: soql.Value) -> object:
    """The literal as SQLite compares it with the payload's value."""
    wanted = _LITERAL_OF_TYPE.get(field.type, "string")
    if literal.kind != wanted:
        quotes = "not " if wanted != "string" else ""
        raise _FieldError(
            f"value of filter criterion for field '{field.name}' must be of type {field.type}"
            f" and should {quotes}be enclosed in quotes"
        )
    match wanted:
        case "boolean":
            return int(literal.text == "true")
        case "number":
            return float(literal.text)
        case "datetime":
            at = datetime.fromisoformat(literal.text).astimezone(UTC)
            return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}+0000"
        case _:
            return literal.text


def _record(locator: _Locator, found: Found, version: str) -> dict[str, Any]:
    record: dict[str, Any] = {"attributes": _attributes(locator.sobject.name, found.id, version)}
    for path in locator.paths:
        *relations, last = path.names
        source: Any = {**found.payload, "Id": found.id, "IsDeleted": found.deleted}
        target = record
        for relation in relations:
            source = source.get(relation)
            if source is None:
                target[relation] = None
                break
            nested = target.setdefault(
                relation,
                {"attributes": _attributes(relation, found.payload.get(f"{relation}Id"), version)},
            )
            target = nested
        else:
            target[last] = source.get(last)
    return record


def _attributes(object_name: str, id: str | None, version: str) -> dict[str, str]:
    url = f"/services/data/{version}/sobjects/{object_name}"
    return {"type": object_name, "url": f"{url}/{id}" if id else url}


def _described(field: SalesforceField) -> dict[str, Any]:
    return {
        "name": field.name,
        "label": field.name,
        "type": field.type,
        "nillable": field.type not in ("id", "boolean"),
        "custom": field.name.endswith("__c"),
        "filterable": True,
        "sortable": True,
        "relationshipName": field.relation or None,
        "referenceTo": [field.relation] if field.relation else [],
        "picklistValues": [
            {"value": value, "label": value, "active": True, "defaultValue": False}
            for value in field.values
        ],
    }


def _page_size(headers: Mapping[str, str]) -> int:
    match = _BATCH.search(headers.get("sforce-query-options", ""))
    return min(max(int(match[1]), MIN_PAGE), MAX_PAGE) if match else MAX_PAGE


def _client(call: Call) -> tuple[str, str]:
    """Client id and secret, from HTTP Basic or from the form."""
    scheme, _, encoded = call.headers.get("authorization", "").partition(" ")
    if scheme != "Basic":
        return call.form.get("client_id", ""), call.form.get("client_secret", "")
    try:
        client_id, _, client_secret = base64.b64decode(encoded).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return client_id, client_secret


def _error(code: str, message: str) -> list[dict[str, str]]:
    return [{"message": message, "errorCode": code}]
