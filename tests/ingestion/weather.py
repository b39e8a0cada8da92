"""A proxy in front of a vendor that spoils some of its replies, drawn by a seed.

Time is the client's own: its waits move a clock that nobody waits for. A vendor that asks for a
wait stays closed until that clock says so, and whoever comes back earlier is counted.
"""

from __future__ import annotations

import gzip
import http.client
import json
import select
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from random import Random
from typing import Any
from urllib.parse import urlsplit

RATE = 0.05
"""Share of the requests that go wrong."""
_BEGINS = 0.6
"""Of those, the share that does not follow another of its row."""

FAULTS = (
    "429 with Retry-After in seconds",
    "429 with Retry-After as a date",
    "429 as JSON without Retry-After",
    "429 as HTML without Retry-After",
    "500",
    "502 as HTML",
    "503",
    "silence",
    "closed without a reply",
    "reset in the middle of the body",
    "end in the middle of the body",
    "half a JSON",
    "an HTML page with status 200",
    "an error with status 200",
    "a gzip header that lies",
    "gzip without its header",
    "slow drip",
    "rows of the page before again",
)
_HTML = (
    b"<!DOCTYPE html><html><head><title>Sorry</title></head><body>We will be back.</body></html>"
)
_ERROR = b'{"error": {"type": "temporary", "message": "lock wait timeout"}}'


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply as the vendor gave it, its body unpacked."""

    status: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Question:
    """A request: `path` with its query."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


Upstream = Callable[[Question], Answer]


@dataclass
class Weather:
    """Which replies are spoiled, and how: a draw for each request, in their order."""

    seed: int
    rate: float = RATE
    now: float = 0.0
    asked: int = 0
    struck: Counter[str] = field(default_factory=Counter)
    came_back_too_early: int = 0
    before: Callable[[Question, Random], None] = lambda *_: None
    """Called before a request is answered: who works in the vendor's system meanwhile."""
    page_before: list[Any] = field(default_factory=list)
    """Rows of the last page that went out as it was; whoever begins a listing empties it."""

    def __post_init__(self) -> None:
        self.random = Random(self.seed)
        self._again: list[str] = []
        self._closed_until = 0.0
        self._lock = threading.Lock()

    def sleep(self, seconds: float) -> None:
        """The client waits."""
        self.now += seconds

    def next(self, question: Question) -> str:
        """The fault that strikes this request; '' when there is none."""
        with self._lock:
            self.asked += 1
            self.before(question, self.random)
            if self.now < self._closed_until:
                self.came_back_too_early += 1
                return "503"
            if self._again:
                fault = self._again.pop()
            elif self.random.random() < self.rate * _BEGINS:
                fault = self.random.choice(FAULTS)
                # Bad moments come in rows, shorter ones than the client has patience for.
                if not fault.startswith(("429 with", "silence", "slow", "rows", "an error")):
                    self._again = [fault] * self.random.randrange(3)
            else:
                return ""
            self.struck[fault] += 1
            return fault

    def close_for(self, seconds: float) -> None:
        """No request is answered until the client has waited so long."""
        self._closed_until = self.now + seconds


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        question = Question(self.command, self.path, dict(self.headers.items()), body)
        fault = self.server.weather.next(question)
        if fault:
            self.close_connection = True
        if fault == "silence":
            # Until the client has gone.
            select.select([self.connection], [], [], 10)
        elif fault == "closed without a reply":
            self.connection.shutdown(socket.SHUT_RDWR)
        elif fault[:3] in ("429", "500", "502", "503"):
            self._fail(fault)
        else:
            self._spoil(fault, self.server.upstream(question))

    def _fail(self, fault: str) -> None:
        headers = {"Content-Type": "text/html" if "HTML" in fault else "application/json"}
        if "Retry-After" in fault and "without" not in fault:
            seconds = self.server.weather.random.randrange(1, 60)
            self.server.weather.close_for(seconds)
            headers["Retry-After"] = str(seconds)
            if "date" in fault:
                sent = datetime.now(UTC).replace(microsecond=0)
                headers["Date"] = format_datetime(sent, usegmt=True)
                until = sent + timedelta(seconds=seconds)
                headers["Retry-After"] = format_datetime(until, usegmt=True)
        self._send(int(fault[:3]), _HTML if "HTML" in fault else _ERROR, headers)

    def _spoil(self, fault: str, answer: Answer) -> None:
        status, body = answer.status, answer.body
        headers = {"Content-Type": "application/json"}
        match fault:
            case "reset in the middle of the body" | "end in the middle of the body":
                self._send(status, body, headers, only=len(body) // 2)
                if fault.startswith("reset"):
                    # To linger for no time is to reset.
                    linger = struct.pack("ii", 1, 0)
                    self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                self.connection.close()
                return
            case "half a JSON":
                body = body[: len(body) // 2]
            case "an HTML page with status 200":
                body = _HTML
            case "an error with status 200":
                body = _ERROR
            case "a gzip header that lies":
                headers["Content-Encoding"] = "gzip"
            case "gzip without its header":
                body = gzip.compress(body)
            case "rows of the page before again":
                body = self.server.with_rows_again(body)
            case "slow drip":
                self._send(status, body, headers, only=0)
                step = max(1, len(body) // 10)
                for start in range(0, len(body), step):
                    self.wfile.write(body[start : start + step])
                    time.sleep(0.005)
                return
            case "":
                self.server.remember(body)
        self._send(status, body, headers)

    def _send(
        self, status: int, body: bytes, headers: Mapping[str, str], only: int | None = None
    ) -> None:
        """Promises the whole body; sends its first `only` bytes."""
        self.send_response_only(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body[:only])
        self.wfile.flush()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, weather: Weather, upstream: Upstream, rows_at: tuple[str, ...]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.weather, self.upstream, self._rows_at = weather, upstream, rows_at

    def handle_error(self, *_: object) -> None:
        """A client that went away is what some of the faults are for."""

    def remember(self, body: bytes) -> None:
        """Keeps the rows of a page that went out as it was."""
        self.weather.page_before = self._rows(json.loads(body)) or []

    def with_rows_again(self, body: bytes) -> bytes:
        """The page, beginning with rows of the one before, if both have rows of the same kind."""
        page = json.loads(body)
        rows, before = self._rows(page), self.weather.page_before
        if rows and before and _kind(rows[0]) == _kind(before[0]):
            rows[:0] = before[-3:]
        return json.dumps(page).encode()

    def _rows(self, page: Any) -> list[Any] | None:
        for path in self._rows_at:
            found = page
            for key in path.split("."):
                found = found.get(key) if isinstance(found, dict) else None
            if isinstance(found, list):
                return found
        return None


def _kind(row: Any) -> Any:
    return sorted(row) if isinstance(row, dict) else type(row)


def forward_to(base_url: str) -> Upstream:
    """Asks the real server at `base_url`, which may have a path that all requests begin with."""
    parts = urlsplit(base_url)

    def ask(question: Question) -> Answer:
        assert parts.hostname
        connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=60)
        # The body is unpacked here, so nobody may pack it.
        kept = {k: v for k, v in question.headers.items() if k.lower() != "accept-encoding"}
        try:
            connection.request(
                question.method, parts.path + question.path, question.body or None, kept
            )
            reply = connection.getresponse()
            body = reply.read()
        finally:
            connection.close()
        if reply.getheader("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        return Answer(reply.status, body)

    return ask


@contextmanager
def exposed(weather: Weather, upstream: Upstream, *rows_at: str) -> Iterator[str]:
    """The base URL at which `upstream` is asked through the weather, until the block is left."""
    server = _Server(weather, upstream, rows_at)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
