"""Stripe's protocol: lists newest first with `starting_after` and `created`, retrieve, balance."""

from __future__ import annotations

import base64
import binascii
import secrets
from dataclasses import dataclass
from typing import Any

from company.servers.vendor import Answer, Bench, Call, Handler, VendorError
from company.servers.world import Found, Stream

API_VERSION = "2026-10-28.endive"
"""The one version whose objects are served; every reply names it."""
DEFAULT_PAGE, MAX_PAGE = 10, 100
LINES_SHOWN = 10
"""So many lines stand in an invoice itself; `/v1/invoices/<id>/lines` lists all."""
COLLECTIONS = {
    "customers": "customer",
    "invoices": "invoice",
    "charges": "charge",
    "invoice_payments": "invoice_payment",
    "refunds": "refund",
    "credit_notes": "credit_note",
    "subscriptions": "subscription",
    "products": "product",
}
"""Path segment -> resource of the world."""

_VERSION = {"Stripe-Version": API_VERSION}
_NEVER = 2**62
_EVERYTHING = 1_000_000
_FAILURES = {
    401: ("invalid_request_error", "Invalid API Key provided", None),
    403: ("invalid_request_error", "The provided key does not have access", None),
    429: ("invalid_request_error", "Request rate limit exceeded.", "rate_limit"),
}


@dataclass(frozen=True, slots=True)
class SecretKey:
    """A secret key and the account (tenant) that it opens."""

    tenant: str
    key: str


class StripeServer:
    """The handlers."""

    name = "stripe"
    key = "id"

    def __init__(self, bench: Bench, keys: list[SecretKey]) -> None:
        self._bench = bench
        self._keys = keys

    def routes(self) -> list[tuple[str, str, Handler]]:
        routes: list[tuple[str, str, Handler]] = [("GET", "/v1/balance", self._balance)]
        for collection, resource in COLLECTIONS.items():
            path = f"/v1/{collection}"
            routes.append(("GET", path, self._lister(path, resource)))
            routes.append(("GET", f"{path}/{{id}}", self._retriever(resource)))
        routes.append(("GET", "/v1/invoices/{id}/lines", self._lines))
        return routes

    def failure(self, status: int) -> Any:
        type, message, code = _FAILURES.get(status, ("api_error", "An unknown error", None))
        return _error(message, type=type, code=code)

    def not_found(self, path: str) -> Any:
        return _error(f"Unrecognized request URL (GET: {path}).")

    def time_moved(self) -> None:
        """Nothing is kept between requests."""

    def _tenant(self, call: Call) -> str:
        given = _key_of(call.headers.get("authorization", ""))
        for entry in self._keys:
            if secrets.compare_digest(entry.key.encode(), given.encode()):
                self._check_version(call, entry.tenant)
                return entry.tenant
        message = (
            f"Invalid API Key provided: {given[:7]}****"
            if given
            else "You did not provide an API key."
        )
        raise VendorError(401, _error(message), Stream(self.name, "", ""))

    def _check_version(self, call: Call, tenant: str) -> None:
        """Without the header the account's default counts, which is the version served."""
        asked = call.headers.get("stripe-version", API_VERSION)
        if asked != API_VERSION:
            body = _error(f"Invalid Stripe API version: {asked}")
            raise VendorError(400, body, Stream(self.name, tenant, ""))

    def _balance(self, call: Call) -> Answer:
        tenant = self._tenant(call)
        body = {"object": "balance", "available": [], "pending": [], "livemode": False}
        return Answer(body, Stream(self.name, tenant, "balance"))

    def _lister(self, path: str, resource: str) -> Handler:
        def listed(call: Call) -> Answer:
            stream = Stream(self.name, self._tenant(call), resource)
            status = call.query.get("status", "") if resource == "subscription" else ""
            limit, since, until, after = self._list_parameters(
                call, stream, others=("status",) if resource == "subscription" else ()
            )
            if self._bench.strikes("ignore_filter", stream, call):
                since, until = 0, _NEVER
            before = None
            if after is not None:
                last = self._existing(stream, after, "starting_after", status=400)
                before = (last.sort, last.id)
            # One more than asked for tells whether there are more.
            count = _EVERYTHING if resource == "subscription" else limit + 1
            found = self._bench.world.descending(
                stream, count, since=since, until=until, before=before
            )
            if resource == "subscription":
                found = [row for row in found if _is_asked_for(row.payload["status"], status)]
            rows = [_shown(row) for row in found[:limit]]
            body = {"object": "list", "data": rows, "has_more": len(found) > limit, "url": path}
            return Answer(body, stream, rows, after is not None, _VERSION)

        return listed

    def _retriever(self, resource: str) -> Handler:
        def retrieved(call: Call) -> Answer:
            stream = Stream(self.name, self._tenant(call), resource)
            found = self._existing(stream, call.parameters["id"], "id", status=404)
            if not found.deleted:
                return Answer(_shown(found), stream, headers=_VERSION)
            stub = {"id": found.id, "object": resource, "deleted": True}
            return Answer(stub, stream, headers=_VERSION)

        return retrieved

    def _lines(self, call: Call) -> Answer:
        stream = Stream(self.name, self._tenant(call), "invoice")
        invoice = self._existing(stream, call.parameters["id"], "id", status=404)
        stream = Stream(self.name, stream.tenant, "invoice_line")
        limit, _, _, after = self._list_parameters(call, stream, by_creation=False)
        lines = invoice.payload["lines"]["data"]
        begin = 0
        if after is not None:
            begin = 1 + next((n for n, line in enumerate(lines) if line["id"] == after), -1)
            if not begin:
                body = _error(
                    f"No such line_item: '{after}'",
                    code="resource_missing",
                    parameter="starting_after",
                )
                raise VendorError(400, body, stream)
        rows = lines[begin : begin + limit]
        more = begin + limit < len(lines)
        body = {"object": "list", "data": rows, "has_more": more, "url": call.path}
        return Answer(body, stream, rows, after is not None, _VERSION)

    def _existing(self, stream: Stream, id: str, parameter: str, *, status: int) -> Found:
        found = self._bench.world.get(stream, id)
        # Of what can be deleted, Stripe still knows customers.
        if found is None or (found.deleted and stream.resource != "customer"):
            message = f"No such {stream.resource}: '{id}'"
            body = _error(message, code="resource_missing", parameter=parameter)
            raise VendorError(status, body, stream)
        return found

    def _list_parameters(
        self,
        call: Call,
        stream: Stream,
        *,
        by_creation: bool = True,
        others: tuple[str, ...] = (),
    ) -> tuple[int, int, int, str | None]:
        """limit, first and last second of `created`, starting_after."""
        edges = ("created", *(f"created[{edge}]" for edge in _EDGES)) if by_creation else ()
        limit, since, until = DEFAULT_PAGE, 0, _NEVER
        after = None
        for name, text in call.query.items():
            if name == "starting_after":
                after = text
                continue
            if name in others:
                continue
            if name not in ("limit", *edges):
                raise VendorError(
                    400,
                    _error(
                        f"Received unknown parameter: {name}",
                        code="parameter_unknown",
                        parameter=name,
                    ),
                    stream,
                )
            if not text.isdecimal():
                body = _error(
                    f"Invalid integer: {text}", code="parameter_invalid_integer", parameter=name
                )
                raise VendorError(400, body, stream)
            number = int(text)
            match name:
                case "limit":
                    limit = number
                case "created":
                    since, until = max(since, number), min(until, number)
                case "created[gte]":
                    since = max(since, number)
                case "created[gt]":
                    since = max(since, number + 1)
                case "created[lte]":
                    until = min(until, number)
                case "created[lt]":
                    until = min(until, number - 1)
        if not 1 <= limit <= MAX_PAGE:
            body = _error(
                "This value must be greater than or equal to 1 (and at most 100).",
                code="parameter_invalid_integer",
                parameter="limit",
            )
            raise VendorError(400, body, stream)
        return limit, since, until, after


_EDGES = ("gte", "gt", "lte", "lt")


def _is_asked_for(status: str, asked: str) -> bool:
    """Without a status, a list of subscriptions leaves the cancelled ones out."""
    return asked == "all" or (status == asked if asked else status != "canceled")


def _shown(row: Found) -> dict[str, Any]:
    """The object as lists and retrieve show it: of an invoice, the first lines only."""
    lines = row.payload.get("lines")
    if lines is None or len(lines["data"]) <= LINES_SHOWN:
        return row.payload
    shown = {**lines, "data": lines["data"][:LINES_SHOWN], "has_more": True}
    return {**row.payload, "lines": shown}


def _key_of(authorization: str) -> str:
    """The secret key: a bearer token, or the user name of HTTP Basic; '' without one."""
    scheme, _, rest = authorization.partition(" ")
    if scheme == "Bearer":
        return rest
    if scheme != "Basic":
        return ""
    try:
        return base64.b64decode(rest).decode().partition(":")[0]
    except (binascii.Error, UnicodeDecodeError):
        return ""


def _error(
    message: str,
    *,
    type: str = "invalid_request_error",
    code: str | None = None,
    parameter: str | None = None,
) -> dict[str, Any]:
    error = {"type": type, "message": message, "code": code, "param": parameter}
    return {"error": {name: value for name, value in error.items() if value is not None}}
