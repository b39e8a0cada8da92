"""Running the three servers: one process, one loop, three loopback ports."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from company.servers.salesforce import ClientCredentials, SalesforceServer
from company.servers.stripe import SecretKey, StripeServer
from company.servers.vendor import Bench, Vendor, application
from company.servers.world import World, instant
from company.servers.zendesk import ApiToken, ZendeskServer

LOOPBACK = "127.0.0.1"
VENDORS = ("salesforce", "stripe", "zendesk")
"""In the order of their ports."""
_START_SECONDS = 20.0


class CredentialsError(Exception):
    """The credentials file cannot be used; the message says what it must hold."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who may ask the servers; what is presented tells the tenant."""

    salesforce: tuple[ClientCredentials, ...]
    stripe: tuple[SecretKey, ...]
    zendesk: tuple[ApiToken, ...]

    @classmethod
    def from_json(cls, values: Any) -> Credentials:
        """From `{"salesforce": {tenant: {"client_id", "client_secret"}}, "stripe": {tenant: key},
        "zendesk": {tenant: token}}`. Raises CredentialsError."""
        try:
            return cls(
                tuple(
                    ClientCredentials(tenant, str(entry["client_id"]), str(entry["client_secret"]))
                    for tenant, entry in values["salesforce"].items()
                ),
                tuple(SecretKey(tenant, str(key)) for tenant, key in values["stripe"].items()),
                tuple(ApiToken(tenant, str(token)) for tenant, token in values["zendesk"].items()),
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise CredentialsError(
                'credentials must be {"salesforce": {tenant: {"client_id": ..., "client_secret":'
                ' ...}}, "stripe": {tenant: key}, "zendesk": {tenant: token}};'
                f" missing or not an object: {error}"
            ) from None

    @classmethod
    def from_file(cls, path: Path) -> Credentials:
        """Reads the file, which nobody but its owner may read. Raises CredentialsError."""
        try:
            if path.stat().st_mode & 0o077:
                raise CredentialsError(f"{path} can be read by others; run: chmod 600 {path}")
            return cls.from_json(json.loads(path.read_text(encoding="utf-8")))
        except OSError as error:
            raise CredentialsError(f"{path}: {error.strerror}") from None
        except json.JSONDecodeError as error:
            raise CredentialsError(f"{path} is not JSON: {error}") from None


@dataclass(frozen=True, slots=True)
class Servers:
    """Running servers: base URLs without a slash at the end, and the control routes."""

    salesforce: str
    stripe: str
    zendesk: str

    def move_to(self, now: str) -> None:
        """Shows the world as of `now` (ISO 8601 with a zone)."""
        self._send("POST", "/_world", {"now": now})

    def add_fault(self, **fault: Any) -> None:
        """Arms one fault; the names are those of `company.servers.faults.Fault`."""
        self._send("POST", "/_faults", fault)

    def clear_faults(self) -> None:
        """Disarms all faults and takes inserted rows away."""
        self._send("DELETE", "/_faults")

    def requests(self) -> list[dict[str, Any]]:
        """The latest requests, oldest first: method, vendor, tenant, resource, path, query,
        status, fault."""
        recent: list[dict[str, Any]] = self._send("GET", "/_requests")["recent"]
        return recent

    def forget_requests(self) -> None:
        """Empties the request log."""
        self._send("DELETE", "/_requests")

    def _send(self, method: str, path: str, body: Any = None) -> Any:
        reply = httpx.request(method, self.salesforce + path, json=body, timeout=30)
        if reply.is_error:
            raise ValueError(f"{method} {path}: {reply.json()['error']}")
        return reply.json()


def listen(port: int) -> list[socket.socket]:
    """Sockets of the three servers on `port`, `port` + 1, `port` + 2; 0 takes free ports.

    Raises OSError naming the port that is taken.
    """
    with ExitStack() as opened:
        sockets = []
        for offset in range(len(VENDORS)):
            listener = opened.enter_context(closing(socket.socket()))
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            wanted = port + offset if port else 0
            try:
                listener.bind((LOOPBACK, wanted))
            except OSError as error:
                raise OSError(f"port {wanted}: {error.strerror}") from None
            sockets.append(listener)
        opened.pop_all()
        return sockets


def server(world: World, credentials: Credentials, sockets: list[socket.socket]) -> uvicorn.Server:
    """One uvicorn server that answers as a different vendor on each socket."""
    bench = Bench(world)
    vendors: list[Vendor] = [
        SalesforceServer(bench, list(credentials.salesforce)),
        StripeServer(bench, list(credentials.stripe)),
        ZendeskServer(bench, list(credentials.zendesk)),
    ]
    by_port: dict[int, ASGIApp] = {
        listener.getsockname()[1]: application(vendor, bench, vendors)
        for listener, vendor in zip(sockets, vendors, strict=True)
    }

    async def dispatch(scope: Scope, receive: Receive, send: Send) -> None:
        await by_port[scope["server"][1]](scope, receive, send)

    config = uvicorn.Config(
        dispatch,
        lifespan="off",
        access_log=False,
        log_level="error",
        timeout_graceful_shutdown=1,
    )
    return uvicorn.Server(config)


@contextmanager
def running_servers(world_path: Path, now: str, credentials: Any) -> Iterator[Servers]:
    """The three servers on free loopback ports, in a thread, until the block is left.

    `now` is ISO 8601 with a zone, `credentials` what the credentials file holds (a dict).
    """
    checked = Credentials.from_json(credentials)
    moment: datetime = instant(now)
    with ExitStack() as opened:
        world = opened.enter_context(closing(World(world_path, moment)))
        sockets = listen(0)
        for listener in sockets:
            opened.callback(listener.close)
        running = server(world, checked, sockets)
        thread = threading.Thread(target=running.run, args=(sockets,), daemon=True)
        thread.start()
        try:
            _wait_until_started(running, thread)
            yield Servers(*(f"http://{LOOPBACK}:{s.getsockname()[1]}" for s in sockets))
        finally:
            running.should_exit = True
            thread.join()


def _wait_until_started(running: uvicorn.Server, thread: threading.Thread) -> None:
    for _ in range(int(_START_SECONDS / 0.01)):
        if running.started:
            return
        if not thread.is_alive():
            break
        time.sleep(0.01)
    raise RuntimeError("the vendor servers did not start; the log above says why")
