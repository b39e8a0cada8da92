"""A small HTTP server that plays back replies, so that the client meets a real socket."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ingestion.connections import Connection

SECRET = "a/very+secret=key"


@dataclass
class Vendor:
    """Answers each request with the next reply of its path; the last reply of a path repeats."""

    base_url: str = ""
    replies: dict[str, list[Response | Callable[[Request], Response]]] = field(default_factory=dict)
    asked: list[Request] = field(default_factory=list)
    delays: dict[str, float] = field(default_factory=dict)
    busy: int = 0
    busiest: int = 0

    def on(self, path: str, *replies: Any) -> None:
        """Sets the replies of `path`; a dict or list is sent as JSON, bytes as they are."""
        self.replies[path] = [_response(reply) for reply in replies]

    def hang(self, path: str, seconds: float) -> None:
        """`path` answers, but only after `seconds`."""
        self.on(path, {})
        self.delays[path] = seconds

    def asked_for(self, path: str) -> list[Request]:
        return [request for request in self.asked if request.url.path == path]

    async def answer(self, request: Request) -> Response:
        await request.body()
        self.asked.append(request)
        self.busy += 1
        self.busiest = max(self.busiest, self.busy)
        await asyncio.sleep(self.delays.get(request.url.path, 0.0))
        self.busy -= 1
        waiting = self.replies.get(request.url.path)
        if not waiting:
            return Response(f"no reply recorded for {request.url.path}", 404)
        reply = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        return reply(request) if callable(reply) and not isinstance(reply, Response) else reply


def _response(reply: Any) -> Any:
    if isinstance(reply, Response) or callable(reply):
        return reply
    content = reply if isinstance(reply, bytes) else json.dumps(reply).encode()
    return Response(content, media_type="application/json")


@contextmanager
def running_vendor() -> Iterator[Vendor]:
    """A `Vendor` that listens on a free port of ours until the block is left."""
    vendor = Vendor()
    app = Starlette(
        routes=[Route("/{path:path}", vendor.answer, methods=["GET", "POST"])],
    )
    with _free_socket() as listening:
        vendor.base_url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            while not server.started:
                time.sleep(0.01)
            yield vendor
        finally:
            server.should_exit = True
            thread.join()


def _free_socket() -> socket.socket:
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    return listening


def connection(source: str, vendor: Vendor, tenant: str = "aurora") -> Connection:
    """A connection to `vendor`, whose password is SECRET."""
    return Connection(source, tenant, vendor.base_url, "client", SECRET)
