"""What the three servers share: a request as a handler sees it, its answer, and the HTTP around it.

A handler takes a `Call` and returns an `Answer` or raises `VendorError`; `application` turns a
vendor's handlers into an ASGI application, applies the armed faults, keeps the request log and adds
the control routes `/_world`, `/_faults` and `/_requests`.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import parse_qs

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from company.servers.faults import Fault, FaultBook, FaultError, OtherFault, Row
from company.servers.world import Stream, World, WorldError, instant, instant_text

RECENT_REQUESTS = 1000
"""How many single requests `GET /_requests` remembers; the counts cover all."""


@dataclass(frozen=True, slots=True)
class Call:
    """One request: `query` and `form` hold the last value of each name, `host` the Host header."""

    method: str
    path: str
    host: str
    headers: Mapping[str, str]
    parameters: Mapping[str, str]
    query: Mapping[str, str]
    form: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Answer:
    """A good reply. `rows` is the list inside `body` that row faults may change; `continues` tells
    that it is not the first page."""

    body: Any
    stream: Stream
    rows: list[Row] = field(default_factory=list)
    continues: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)


class VendorError(Exception):
    """A reply that the vendor gives to a request it does not accept."""

    def __init__(self, status: int, body: Any, stream: Stream) -> None:
        super().__init__(f"{status} {body}")
        self.status, self.body, self.stream = status, body, stream


class Bench:
    """What all handlers work with: the world, the faults, the request log."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.faults = FaultBook()
        self.counts: Counter[tuple[str, str, str, str, int]] = Counter()
        self.recent: deque[dict[str, Any]] = deque(maxlen=RECENT_REQUESTS)

    def strikes(self, kind: OtherFault, stream: Stream, call: Call) -> bool:
        """True when a fault of this kind is to spoil this request."""
        return self.faults.strikes(kind, stream, call.path)

    def log(self, call: Call, stream: Stream, status: int, fault: str) -> None:
        self.counts[stream.vendor, stream.tenant, stream.resource, call.path, status] += 1
        self.recent.append(
            {
                "method": call.method,
                "vendor": stream.vendor,
                "tenant": stream.tenant,
                "resource": stream.resource,
                "path": call.path,
                "query": dict(call.query),
                "status": status,
                "fault": fault,
            }
        )


Handler = Callable[[Call], Answer]


class Vendor(Protocol):
    """One vendor's protocol."""

    @property
    def name(self) -> str: ...

    @property
    def key(self) -> str:
        """The field that identifies a row."""

    def routes(self) -> list[tuple[str, str, Handler]]:
        """(method, path pattern, handler) of every endpoint."""

    def failure(self, status: int) -> Any:
        """The error body that this vendor sends with `status`."""

    def not_found(self, path: str) -> Any:
        """The body of the vendor's 404 for an address it does not serve."""

    def time_moved(self) -> None:
        """Forgets what was only true at the former `now`."""


def application(vendor: Vendor, bench: Bench, all_vendors: list[Vendor]) -> Starlette:
    """The ASGI application of one vendor. A change of time is told to `all_vendors`."""
    nowhere = Stream(vendor.name, "", "")

    def unknown(call: Call) -> Answer:
        raise VendorError(404, vendor.not_found(call.path), nowhere)

    routes = [
        Route("/_world", _world(bench, all_vendors), methods=["GET", "POST"]),
        Route("/_faults", _faults(bench), methods=["GET", "POST", "DELETE"]),
        Route("/_requests", _requests(bench), methods=["GET", "DELETE"]),
    ]
    endpoints = [*vendor.routes(), ("GET", "/{anything:path}", unknown)]
    routes += [
        Route(path, _endpoint(vendor, bench, handler), methods=[method])
        for method, path, handler in endpoints
    ]
    app = Starlette(routes=routes)
    app.router.redirect_slashes = False
    return app


def _endpoint(
    vendor: Vendor, bench: Bench, handler: Handler
) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        call = await _call(request)
        status, headers, fault = 200, {}, None
        try:
            answer = handler(call)
        except VendorError as error:
            status, body, stream = error.status, error.body, error.stream
        else:
            body, stream, headers = answer.body, answer.stream, dict(answer.headers)
            bench.faults.spoil_rows(
                answer.rows,
                vendor.key,
                stream,
                call.path,
                continues=answer.continues,
                world=bench.world,
            )
        fault = bench.faults.reply_fault(stream, call.path)
        response: Response = JSONResponse(body, status, headers)
        if fault is not None:
            response = await _spoiled(fault, response, vendor)
        bench.log(call, stream, response.status_code, fault.kind if fault else "")
        return response

    return endpoint


async def _call(request: Request) -> Call:
    form: dict[str, str] = {}
    if request.method == "POST":
        text = (await request.body()).decode("utf-8", "replace")
        form = {name: values[-1] for name, values in parse_qs(text).items()}
    return Call(
        method=request.method,
        path=request.url.path,
        host=request.headers.get("host", ""),
        headers=request.headers,
        parameters=request.path_params,
        query=request.query_params,
        form=form,
    )


class _Dropped(Response):
    """Promises the whole body, sends half of it and closes the connection."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        start = {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
        await send(start)
        half = bytes(self.body)[: len(self.body) // 2]
        # Returning while more is promised makes the server close the connection.
        await send({"type": "http.response.body", "body": half, "more_body": True})


_PAGE = "<!DOCTYPE html><html><head><title>{0}</title></head><body><h1>{0}</h1></body></html>"


async def _spoiled(fault: Fault, response: Response, vendor: Vendor) -> Response:
    body = bytes(response.body)
    match fault.kind:
        case "delay":
            await asyncio.sleep(fault.seconds)
            return response
        case "half_json":
            return Response(body[: len(body) // 2], 200, media_type="application/json")
        case "html_page":
            return HTMLResponse(_PAGE.format("We will be back soon"))
        case "drop":
            return _Dropped(body, media_type="application/json")
    headers = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
    if fault.html:
        return HTMLResponse(_PAGE.format(f"Error {fault.status}"), fault.status, headers)
    return JSONResponse(vendor.failure(fault.status), fault.status, headers)


def _world(bench: Bench, vendors: list[Vendor]) -> Callable[[Request], Awaitable[Response]]:
    async def world(request: Request) -> Response:
        if request.method == "POST":
            try:
                body = json.loads(await request.body())
                now = instant(str(body["now"]))
            except (ValueError, KeyError, TypeError):
                return _refused('send {"now": "2026-07-01T03:00:00+08:00"}')
            except WorldError as error:
                return _refused(str(error))
            bench.world.move_to(now)
            for vendor in vendors:
                vendor.time_moved()
        return JSONResponse({"now": instant_text(bench.world.now)})

    return world


def _faults(bench: Bench) -> Callable[[Request], Awaitable[Response]]:
    async def faults(request: Request) -> Response:
        if request.method == "DELETE":
            bench.faults.clear()
            bench.world.forget_inserted()
        elif request.method == "POST":
            try:
                bench.faults.add(Fault.from_json(json.loads(await request.body())))
            except json.JSONDecodeError as error:
                return _refused(f"not JSON: {error}")
            except FaultError as error:
                return _refused(str(error))
        return JSONResponse({"faults": bench.faults.listed()})

    return faults


def _requests(bench: Bench) -> Callable[[Request], Awaitable[Response]]:
    names = ("vendor", "tenant", "resource", "path", "status")

    async def requests(request: Request) -> Response:
        if request.method == "DELETE":
            bench.counts.clear()
            bench.recent.clear()
        counts = [
            {**dict(zip(names, key, strict=True)), "count": count}
            for key, count in sorted(bench.counts.items())
        ]
        return JSONResponse(
            {"total": bench.counts.total(), "counts": counts, "recent": list(bench.recent)}
        )

    return requests


def _refused(message: str) -> Response:
    return JSONResponse({"error": message}, 400)
