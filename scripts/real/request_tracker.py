"""Request Tracker 5 on this machine, installed once.

The server comes from Debian's packages and is only spoken to over HTTP. Its settings and a database
without tickets are made once under ``$CLOSEBOOK_REAL`` (default ``~/.cache/closebook-real``); each
server runs on a copy. Its clock is ours to move, so that a test can live through days.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import httpx

from scripts.real import CannotInstallError, free_port, home_of, run, wait_for

PACKAGES = ("request-tracker5", "rt5-db-sqlite", "rt5-standalone", "libfaketime")
LOGIN = "root"
PASSWORD = "password"  # noqa: S105  what Request Tracker gives its first user
LIBRARY = "/usr/share/request-tracker5/lib"
_SERVER = Path("/usr/share/request-tracker5/libexec/rt-server")
_SETUP = Path("/usr/sbin/rt-setup-database-5")
_DATABASE = "request_tracker.sqlite"
# BcryptCost: by default each request that shows a password costs the server a quarter of a second.
_SETTINGS = """\
Set($rtname, "closebook.example");
Set($Organization, "closebook.example");
Set($DatabaseType, "SQLite");
Set($DatabaseName, $ENV{CLOSEBOOK_RT_DATABASE});
Set($WebDomain, "127.0.0.1");
Set($WebPort, $ENV{CLOSEBOOK_RT_PORT});
Set($WebPath, "");
Set($MailCommand, "testfile");
Set($Timezone, $ENV{CLOSEBOOK_RT_TIMEZONE});
Set($BcryptCost, 4);
Set($LogToSyslog, undef);
Set($LogToSTDERR, "error");
1;
"""
# Notices by mail take most of a second each, and nobody reads them here.
_WITHOUT_MAIL = """
use RT; RT::LoadConfig(); RT::Init();
my $scrips = RT::Scrips->new(RT->SystemUser); $scrips->UnLimit;
while (my $scrip = $scrips->Next) {
    $scrip->SetDisabled(1) if $scrip->ActionObj->Name =~ /Notify|Autoreply/;
}
"""


@dataclass(frozen=True, slots=True)
class RequestTracker:
    """A running server. `password` is that of `login`, who may do everything."""

    base_url: str
    folder: Path
    login: str = LOGIN
    password: str = field(default=PASSWORD, repr=False)

    def move_to(self, now: datetime) -> None:
        """Makes it `now` at the server; its clock runs on from there."""
        _set_clock(self.folder, now)


def home() -> Path:
    """Where it is kept between runs."""
    return home_of("request_tracker")


def install() -> None:
    """Installs the packages and prepares the database, unless they are there.

    Raises CannotInstallError when that needs root, or with the last lines of what failed.
    """
    if not (_SERVER.exists() and _SETUP.exists() and _faketime()):
        by_hand = f"apt-get install --no-install-recommends {' '.join(PACKAGES)}"
        if os.geteuid() != 0 or not shutil.which("apt-get"):
            raise CannotInstallError(
                f"Request Tracker 5 is not installed. It comes from Debian; as root: {by_hand}"
            )
        quiet = {"DEBIAN_FRONTEND": "noninteractive"}
        run(["apt-get", "update", "-q"], quiet)
        run(["apt-get", "install", "-y", "-q", "--no-install-recommends", *PACKAGES], quiet)
    home().mkdir(parents=True, exist_ok=True)
    (home() / "settings").mkdir(exist_ok=True)
    # The file that RT_SITE_CONFIG names must be there; the settings stand in the folder.
    (home() / "site.pm").write_text("1;\n", encoding="utf-8")
    (home() / "settings" / "closebook.pm").write_text(_SETTINGS, encoding="utf-8")
    prepared = home() / "prepared.sqlite"
    if not prepared.exists():
        beside = home() / f"preparing-{os.getpid()}.sqlite"
        environment = _settings(beside, 80, "UTC")
        run([str(_SETUP), "--action", "init", "--skip-create"], environment)
        run(["perl", "-I", LIBRARY, "-e", _WITHOUT_MAIL], environment)
        beside.rename(prepared)


@contextmanager
def running_request_tracker(
    folder: Path, now: datetime, timezone: str = "UTC"
) -> Iterator[RequestTracker]:
    """A server on a database of its own in `folder`, with the time `now`, until the block is left.

    `timezone` is the server's own: the one in which it reads times that do not name theirs.
    """
    install()
    folder.mkdir(parents=True, exist_ok=True)
    database = folder / _DATABASE
    shutil.copy(home() / "prepared.sqlite", database)
    _set_clock(folder, now)
    port = free_port()
    clock = {
        "LD_PRELOAD": str(_faketime()),
        "FAKETIME_TIMESTAMP_FILE": str(folder / "clock"),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(  # noqa: S603
            [_SERVER, "--server", "Standalone", "--host", "127.0.0.1", "--port", str(port)],
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env={**os.environ, **_settings(database, port, timezone), **clock},
            start_new_session=True,
        )
    try:
        base_url = f"http://127.0.0.1:{port}"
        login = f"{base_url}/REST/2.0/rt"
        wait_for(
            "Request Tracker",
            process,
            lambda: httpx.get(login, trust_env=False).status_code == httpx.codes.UNAUTHORIZED,
            folder / "log",
        )
        yield RequestTracker(base_url, folder)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _set_clock(folder: Path, now: datetime) -> None:
    """Faketime reads seconds from our time to the server's, on every question for the time."""
    beside = folder / "clock.new"
    beside.write_text(f"{(now - datetime.now(UTC)).total_seconds():+.0f}", encoding="utf-8")
    beside.rename(folder / "clock")


def settings_of(folder: Path) -> dict[str, str]:
    """The environment in which Request Tracker's own commands work on the database in `folder`."""
    return _settings(folder / _DATABASE, 80, "UTC")


def _settings(database: Path, port: int, timezone: str) -> dict[str, str]:
    return {
        "RT_SITE_CONFIG": str(home() / "site.pm"),
        "RT_SITE_CONFIG_DIR": str(home() / "settings"),
        "CLOSEBOOK_RT_DATABASE": str(database),
        "CLOSEBOOK_RT_PORT": str(port),
        "CLOSEBOOK_RT_TIMEZONE": timezone,
    }


def _faketime() -> Path | None:
    return next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), None)
