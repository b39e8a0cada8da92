"""What must hold before anything is started; each failure says what to do."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path

from scripts.ports import free_ports, is_free
from scripts.processes import alive, describe, exit_code, started
from scripts.service import SERVICES
from scripts.settings import PORTS, Settings

NEEDED_GIGABYTES = 2.0
"""A demo home is about 0.4 GB; the rest is room for the build's temporary files and for logs."""


class NotReadyError(Exception):
    """The services cannot be started; the message says why and what to do."""


def check_ready(settings: Settings) -> None:
    """Raises NotReadyError with every problem that was found."""
    running = alive(settings)
    if running:
        addresses = ", ".join(f"{name} {address}" for name, address in settings.addresses)
        how_many = f"{len(running)} processes{_ended(settings)}"
        raise NotReadyError(
            f"Closebook already runs in {settings.home} ({how_many}): "
            f"open it ({addresses}), or stop it with `make down` and start it again"
        )
    problems = [*_disk(settings.home), *_ports(settings)]
    if problems:
        raise NotReadyError("\n".join(problems))


def _ended(settings: Settings) -> str:
    """Names the services that should run and do not."""
    names = [
        service.name
        for service in started(settings)
        if not SERVICES[service.name].one_shot and exit_code(service) is not None
    ]
    return f", but not {', '.join(names)}" if names else ""


def _disk(home: Path) -> list[str]:
    folder = next(path for path in (home, *home.parents) if path.exists())
    if not folder.is_dir():
        return [f"{folder} is not a folder: choose another home, make demo CLOSEBOOK_HOME=..."]
    if not os.access(folder, os.W_OK):
        return [f"{folder} cannot be written: choose another home, make demo CLOSEBOOK_HOME=..."]
    free = shutil.disk_usage(folder).free / 1e9
    if free >= NEEDED_GIGABYTES:
        return []
    return [
        f"the disk of {folder} has {free:.1f} GB free, the demo needs {NEEDED_GIGABYTES:.0f} GB: "
        "free some, or choose another home, make demo CLOSEBOOK_HOME=..."
    ]


def _ports(settings: Settings) -> list[str]:
    wanted = [
        ("the cockpit", "CLOSEBOOK_COCKPIT_PORT", settings.cockpit_port),
        ("Airflow", "CLOSEBOOK_AIRFLOW_PORT", settings.airflow_port),
        ("the docs", "CLOSEBOOK_DOCS_PORT", settings.docs_port),
        *(
            (f"the demo's {name}", "CLOSEBOOK_VENDOR_PORT", settings.vendor_port + offset)
            for offset, name in enumerate(("Salesforce", "Stripe", "Zendesk"))
        ),
    ]
    return [
        f"port {port}, wanted for {what}, is in use by {_holder(port)}: "
        f"stop that, or choose another, e.g. make demo "
        f"{variable}={free_ports(PORTS[variable] + 1, 3, settings.host)}"
        for what, variable, port in wanted
        if not is_free(port, settings.host)
    ]


def _holder(port: int) -> str:
    """The process that listens on `port`, as far as this user may know."""
    inodes = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        if Path(table).exists():
            for line in Path(table).read_text(encoding="utf-8").splitlines()[1:]:
                fields = line.split()
                if fields[3] == "0A" and int(fields[1].rsplit(":", 1)[1], 16) == port:
                    inodes.add(f"socket:[{fields[9]}]")
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal() and _open_files(entry) & inodes:
            return f"process {describe(int(entry.name))}"
    return "a process that this user may not see"


def _open_files(process: Path) -> set[str]:
    found = set()
    with suppress(OSError):  # another user's, or gone
        for link in (process / "fd").iterdir():
            with suppress(OSError):  # closed meanwhile
                found.add(str(link.readlink()))
    return found
