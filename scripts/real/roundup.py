"""Roundup 2.6 on this machine, installed once.

It has an environment of its own under ``$CLOSEBOOK_REAL`` (default ``~/.cache/closebook-real``),
and is only spoken to over HTTP. A tracker takes a second to make: each server has a new one.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from scripts.real import free_port, home_of, install_from_pip, run, wait_for

LOGIN = "admin"
PASSWORD = "admin-of-the-tracker"  # noqa: S105  of a tracker that lives as long as a test
# Its own server refuses to run as root.
_SERVE = """
import sys
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server
from roundup.cgi.wsgi_handler import RequestDispatcher

class Quiet(WSGIRequestHandler):
    def log_message(self, *arguments):
        pass

class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True

make_server("127.0.0.1", int(sys.argv[2]), RequestDispatcher(sys.argv[1]), Server, Quiet
            ).serve_forever()
"""


@dataclass(frozen=True, slots=True)
class Roundup:
    """A running server. `password` is that of `login`, who may do everything."""

    base_url: str
    login: str = LOGIN
    password: str = field(default=PASSWORD, repr=False)


def home() -> Path:
    """Where it is kept between runs."""
    return home_of("roundup")


def install() -> None:
    """Makes the environment, unless it is there. Raises CannotInstallError with what failed."""
    install_from_pip("roundup", "roundup==2.6.*")


@contextmanager
def running_roundup(folder: Path, calls: int = 0, seconds: int = 3600) -> Iterator[Roundup]:
    """A server of a new tracker in `folder`, until the block is left.

    It answers `calls` requests of one user in `seconds`; 0 for no limit.
    """
    install()
    port = free_port()
    base_url = f"http://127.0.0.1:{port}"
    settings = {
        "tracker_web": f"{base_url}/",
        "mail_domain": "example.org",
        "mail_host": "127.0.0.1",
        # By default each request costs the server a quarter of a second for the password alone.
        "password_pbkdf2_default_rounds": 1000,
        "web_api_calls_per_interval": calls,
        "web_api_interval_in_sec": seconds,
    }
    python = home() / "bin" / "python"
    admin: list[str | Path] = [python, "-m", "roundup.scripts.roundup_admin", "-i", folder]
    folder.mkdir(parents=True, exist_ok=True)
    given = ",".join(f"{name}={value}" for name, value in settings.items())
    run([*admin, "install", "classic", "anydbm", given])
    run([*admin, "initialise", PASSWORD])
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(  # noqa: S603
            [python, "-c", _SERVE, folder, str(port)], stdout=log, stderr=subprocess.STDOUT
        )
    try:
        wait_for(
            "Roundup",
            process,
            lambda: bool(httpx.get(base_url, trust_env=False).status_code),
            folder / "log",
        )
        yield Roundup(base_url)
    finally:
        process.kill()
        process.wait()
