"""Zendesk's protocol: cursor and time-based incremental exports, cursor-paged ratings."""

from __future__ import annotations

import base64
import binascii
import secrets
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from company.servers.vendor import Answer, Bench, Call, Handler, VendorError
from company.servers.world import Found, Position, Stream

EXPORT_PAGE = 1000
"""Default and largest page of an incremental export."""
RATING_PAGE = 100
NEWEST = 60
"""An export may not start within the last `NEWEST` seconds."""

_FAILURES = {
    401: {"error": "Couldn't authenticate you"},
    403: {"error": {"title": "Forbidden", "message": "You do not have access to this page."}},
    429: {"error": "APIRateLimitExceeded", "description": "Number of allowed requests exceeded"},
}


@dataclass(frozen=True, slots=True)
class ApiToken:
    """An API or OAuth token and the account (tenant) that it opens."""

    tenant: str
    token: str


class ZendeskServer:
    """The handlers."""

    name = "zendesk"
    key = "id"

    def __init__(self, bench: Bench, tokens: list[ApiToken]) -> None:
        self._bench = bench
        self._tokens = tokens

    def routes(self) -> list[tuple[str, str, Handler]]:
        export = "/api/v2/incremental"
        routes: list[tuple[str, str, Handler]] = [
            ("GET", f"{export}/tickets/cursor", self._tickets),
            ("GET", f"{export}/organizations", self._organizations),
            ("GET", f"{export}/users", self._users),
            ("GET", f"{export}/ticket_events", self._ticket_events),
            ("GET", "/api/v2/satisfaction_ratings", self._ratings),
            ("GET", "/api/v2/users/me", self._me),
        ]
        return [
            (method, path + suffix, handler)
            for method, path, handler in routes
            for suffix in (".json", "")
        ]

    def failure(self, status: int) -> Any:
        return _FAILURES.get(status, {"error": "InternalError", "description": f"Status {status}"})

    def not_found(self, path: str) -> Any:
        return {"error": "InvalidEndpoint", "description": "Not found"}

    def time_moved(self) -> None:
        """Nothing is kept between requests."""

    def _tenant(self, call: Call) -> str:
        given = _token_of(call.headers.get("authorization", ""))
        for entry in self._tokens:
            if secrets.compare_digest(entry.token.encode(), given.encode()):
                return entry.tenant
        raise VendorError(401, self.failure(401), Stream(self.name, "", ""))

    def _me(self, call: Call) -> Answer:
        stream = Stream(self.name, self._tenant(call), "user")
        user = {"id": 1, "name": "Closebook", "role": "admin", "active": True}
        return Answer({"user": user}, stream)

    def _tickets(self, call: Call) -> Answer:
        stream = Stream(self.name, self._tenant(call), "ticket")
        size = _number(call, stream, "per_page", EXPORT_PAGE, EXPORT_PAGE)
        after: Position | None = None
        since = 0
        if "cursor" in call.query:
            after = _position(call.query["cursor"], stream)
        else:
            since = self._start_time(call, stream)
        if self._bench.strikes("ignore_filter", stream, call):
            after, since = None, 0
        found = self._bench.world.ascending(stream, size + 1, since=since, after=after)
        page = found[:size]
        rows = [_ticket(row) for row in page]
        # Without a row the stream stands where it was asked to begin: before every id of `since`.
        end = (page[-1].sort, page[-1].id) if page else after or (since, "")
        cursor = _cursor(end)
        query = urlencode({"cursor": cursor, "per_page": size})
        body = {
            "tickets": rows,
            "after_cursor": cursor,
            "after_url": f"https://{call.host}{call.path}?{query}",
            "before_cursor": None,
            "before_url": None,
            "end_of_stream": len(found) <= size,
        }
        return Answer(body, stream, rows, "cursor" in call.query)

    def _organizations(self, call: Call) -> Answer:
        def shown(row: Found) -> dict[str, Any]:
            if row.deleted and not row.payload.get("deleted_at"):
                return {**row.payload, "deleted_at": row.payload["updated_at"]}
            return row.payload

        stream = Stream(self.name, self._tenant(call), "organization")
        return self._time_based(call, stream, "organizations", shown)

    def _users(self, call: Call) -> Answer:
        def shown(row: Found) -> dict[str, Any]:
            return {**row.payload, "active": False} if row.deleted else row.payload

        stream = Stream(self.name, self._tenant(call), "user")
        return self._time_based(call, stream, "users", shown)

    def _ticket_events(self, call: Call) -> Answer:
        with_comments = "comment_events" in call.query.get("include", "").split(",")

        def shown(row: Found) -> dict[str, Any]:
            if with_comments:
                return row.payload
            children = row.payload.get("child_events", [])
            kept = [child for child in children if child.get("event_type") != "Comment"]
            return {**row.payload, "child_events": kept}

        stream = Stream(self.name, self._tenant(call), "ticket_event")
        return self._time_based(call, stream, "ticket_events", shown)

    def _time_based(self, call: Call, stream: Stream, name: str, shown: Any) -> Answer:
        """Pages that begin at `start_time`; one begins where the last ended, so rows repeat.

        All rows of the last second stand on one page, else a page could never be left.
        """
        since = self._start_time(call, stream)
        size = _number(call, stream, "per_page", EXPORT_PAGE, EXPORT_PAGE)
        if self._bench.strikes("ignore_filter", stream, call):
            since = 0
        world = self._bench.world
        page = world.ascending(stream, size, since=since)
        if page:
            page += self._rest_of_second(stream, page[-1])
        if page and page[-1].sort == since:
            more = world.ascending(stream, size, since=since + 1)
            page += more + (self._rest_of_second(stream, more[-1]) if more else [])
        ended = not page or not world.ascending(stream, 1, since=page[-1].sort + 1)
        rows = [shown(row) for row in page]
        query = {**call.query, "start_time": page[-1].sort if page else since}
        body = {
            name: rows,
            "count": len(rows),
            "end_time": page[-1].sort if page else None,
            "next_page": f"https://{call.host}{call.path}?{urlencode(query)}" if page else None,
            "end_of_stream": ended,
        }
        return Answer(body, stream, rows, False)

    def _rest_of_second(self, stream: Stream, last: Found) -> list[Found]:
        """The rows of `last`'s second that come after it."""
        place, size = (last.sort, last.id), EXPORT_PAGE
        rest: list[Found] = []
        while True:
            found = self._bench.world.ascending(stream, size, after=place)
            same = [row for row in found if row.sort == last.sort]
            rest += same
            if len(same) < size:
                return rest
            place = (same[-1].sort, same[-1].id)

    def _ratings(self, call: Call) -> Answer:
        stream = Stream(self.name, self._tenant(call), "satisfaction_rating")
        size = _number(call, stream, "page[size]", RATING_PAGE, RATING_PAGE)
        after = call.query.get("page[after]")
        since = _number(call, stream, "start_time", 0, None)
        if self._bench.strikes("ignore_filter", stream, call):
            since = 0
        found = self._bench.world.ascending(
            stream,
            size + 1,
            since=since,
            after=_position(after, stream) if after else None,
            deleted=False,
        )
        page = found[:size]
        more = len(found) > size
        cursor = _cursor((page[-1].sort, page[-1].id)) if page else None
        rows = [row.payload for row in page]
        query = urlencode({**call.query, "page[size]": size, "page[after]": cursor})
        url = f"https://{call.host}{call.path}?{query}"
        body = {
            "satisfaction_ratings": rows,
            "meta": {"has_more": more, "after_cursor": cursor, "before_cursor": None},
            "links": {"next": url if more else None, "prev": None},
        }
        return Answer(body, stream, rows, after is not None)

    def _start_time(self, call: Call, stream: Stream) -> int:
        if "start_time" not in call.query:
            raise _invalid(stream, "You need to specify a start_time or a cursor")
        since = _number(call, stream, "start_time", 0, None)
        if since > self._bench.world.now.timestamp() - NEWEST:
            description = "Too recent start_time. Use a start_time older than 60 seconds"
            raise VendorError(
                422, {"error": "StartTimeTooRecent", "description": description}, stream
            )
        return since


def _ticket(found: Found) -> dict[str, Any]:
    row = {**found.payload, "generated_timestamp": found.sort}
    # The export tells of a deleted ticket by its status.
    return {**row, "status": "deleted"} if found.deleted else row


def _number(call: Call, stream: Stream, name: str, default: int, largest: int | None) -> int:
    text = call.query.get(name, str(default))
    if not text.isdecimal() or (largest is not None and not 1 <= int(text) <= largest):
        allowed = f"a number from 1 to {largest}" if largest else "a number of epoch seconds"
        raise _invalid(stream, f"{name} must be {allowed}, not {text!r}")
    return int(text)


def _cursor(place: Position) -> str:
    return base64.b64encode(f"{place[0]}||{place[1]}".encode()).decode()


def _position(cursor: str, stream: Stream) -> Position:
    try:
        sort, divider, id = base64.b64decode(cursor, validate=True).decode().partition("||")
        if divider:
            return int(sort), id
    except (binascii.Error, UnicodeDecodeError, ValueError):
        pass
    raise _invalid(stream, "The cursor is invalid")


def _token_of(authorization: str) -> str:
    """The token: a bearer token, or the password of `email/token:<token>`; '' without one."""
    scheme, _, rest = authorization.partition(" ")
    if scheme == "Bearer":
        return rest
    if scheme != "Basic":
        return ""
    try:
        user, _, password = base64.b64decode(rest).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return ""
    return password if user.endswith("/token") else ""


def _invalid(stream: Stream, description: str) -> VendorError:
    return VendorError(400, {"error": "InvalidRequest", "description": description}, stream)
