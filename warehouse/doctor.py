"""Looks at this machine and this installation: what would stop a run, and how to put it right."""

from __future__ import annotations

import importlib.metadata
import json
import os
import re
import shutil
import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any
from urllib.parse import urlsplit

from ingestion.catalog import connector_of
from ingestion.connections import Connections, configured_sources, connections_of
from ingestion.connector import Connector
from ingestion.errors import ConfigurationError, CredentialsError, IngestionError, UnreachableError
from ingestion.files.store import is_url, look
from ingestion.http import KEPT_NOTHING, HttpClient, HttpSettings
from ingestion.resource import Resource, keys_of
from ingestion.salt import SALT_VARIABLE
from warehouse.home import Home

PORTS = {
    "CLOSEBOOK_AIRFLOW_PORT": (8080, "Airflow"),
    "CLOSEBOOK_COCKPIT_PORT": (8501, "the cockpit"),
}
NEEDED_BYTES = 2 * 1024**3
"""Free space below which a build at demo size may not finish."""

TIMEOUT_SECONDS = 3.0
NOBODY_LISTENS = "start the server, or correct the connection's host and port"
PACKAGES = ("duckdb", "dbt-core", "dbt-duckdb", "great-expectations", "apache-airflow", "streamlit")
LOCK = Path(__file__).resolve().parent.parent / "requirements.lock"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. `fix` says what to do when it is not `ok`."""

    what: str
    ok: bool
    found: str
    fix: str = ""


def examine(home: Home) -> Iterator[Finding]:
    """Everything, cheapest first. Never raises for what it finds."""
    yield _interpreter()
    yield from _packages()
    yield from _folders(home)
    yield _salt()
    yield from _ports()
    yield from _connections(home)


def examine_source(home: Home, asked: str) -> Iterator[Finding]:
    """Asks each configured tenant of a source, or the one of SOURCE/TENANT, for the first page of
    every resource. Of `files` each folder is looked at.

    Nothing lands; a disabled tenant is named and not asked. Raises ConfigurationError for an
    unknown source or an unusable sources.yml.
    """
    if asked == "files":
        yield from _folders_of_files(home)
        return
    source, _, tenant = asked.partition("/")
    connector = connector_of(source)
    sources = configured_sources(home.root)
    connections = connections_of(sources)
    vendors, disabled = (
        [v for v in listed if v.source == source and tenant in ("", v.tenant)]
        for listed in (sources.vendors, sources.disabled)
    )
    for vendor in disabled:
        yield Finding(f"{source} of {vendor.tenant}", True, "disabled, not tested")
    if not vendors and not disabled:
        yield Finding(
            asked, False, "not configured",
            f"`closebook source add {source} {tenant or 'TENANT'}`, or add `- {{source: {source}, "
            f"tenant: {tenant or '<tenant>'}}}` to {home.root / 'sources.yml'}; "
            "`closebook source list` shows what is there",
        )  # fmt: skip
    for vendor in vendors:
        yield from examine_connection(connector, vendor.tenant, connections)


def examine_connection(
    connector: Connector, tenant: str, connections: Connections
) -> Iterator[Finding]:
    """Signs in to a vendor of a tenant and asks for the first page of every resource.

    Where nobody listens or the login is refused, every resource would say the same: it is said
    once.
    """
    what = f"{connector.source} of {tenant}"
    try:
        connection = connections(connector.source, tenant)
        client = connector.open(connection, HttpSettings(attempts=2, longest_wait=2.0))
    except IngestionError as error:
        yield Finding(what, False, "no connection", str(error))
        return
    with client:
        for resource in connector.resources:
            try:
                yield _first_page(connector, client, resource, f"{what}: {resource.name}")
            except UnreachableError as error:
                host, port = _place(connection.base_url)
                why = _unreachable(host, port) or _without_ending(error)
                yield Finding(what, False, f"{host}:{port} does not answer ({why})", NOBODY_LISTENS)
                return
            except IngestionError as error:
                yield Finding(what, False, "cannot sign in", _without_ending(error))
                return


def _first_page(connector: Connector, client: HttpClient, resource: Resource, what: str) -> Finding:
    """What a resource answers. Raises IngestionError when the vendor could not be asked at all."""
    began = perf_counter()
    try:
        page = next(iter(connector.pages(client, resource, None)), None)
        rows: Any = json.loads(page.content) if page else []
        for key in keys_of(connector.rows_at(resource)) if page else ():
            rows = rows[key]
    except UnreachableError:
        raise
    except IngestionError as error:
        if client.lacks_login or isinstance(error, CredentialsError):
            raise
        return Finding(what, False, "not read", _without_ending(error))
    except (KeyError, TypeError, ValueError):
        return Finding(
            what, False, "answers with something else",
            f"no list {connector.rows_at(resource)!r} on the first page: look at the address and "
            "at what the connection may read",
        )  # fmt: skip
    return Finding(
        what, True, f"{len(rows)} rows on the first page, {perf_counter() - began:.1f} s"
    )


def _without_ending(error: IngestionError) -> str:
    """What an error says, without what became of a load: there is none here."""
    return str(error).partition(KEPT_NOTHING)[0]


def _place(base_url: str) -> tuple[str, int]:
    address = urlsplit(base_url)
    return address.hostname or "", address.port or (443 if address.scheme == "https" else 80)


def _unreachable(host: str, port: int) -> str:
    """Why nobody answers there; '' when somebody does."""
    try:
        socket.create_connection((host, port), TIMEOUT_SECONDS).close()
    except OSError as error:
        return str(error)
    return ""


def _interpreter() -> Finding:
    version = sys.version_info
    return Finding(
        "Python",
        (3, 11) <= version[:2] <= (3, 12),
        f"{version.major}.{version.minor}.{version.micro}",
        "install Python 3.11 or 3.12 and make the environment again",
    )


def _packages() -> Iterator[Finding]:
    locked = dict(re.findall(r"^([a-z0-9-]+)==([^ ;\\]+)", LOCK.read_text(encoding="utf-8"), re.M))
    for name in PACKAGES:
        try:
            found = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found = "not installed"
        yield Finding(
            name, found == locked[name], found,
            f"the lock says {locked[name]}: pip install --no-deps --require-hashes -r {LOCK.name}",
        )  # fmt: skip


def _folders(home: Home) -> Iterator[Finding]:
    existing = next(path for path in (home.root, *home.root.parents) if path.exists())
    yield Finding(
        f"{home.root} can be written",
        os.access(existing, os.W_OK),
        "yes" if os.access(existing, os.W_OK) else f"{existing} is read-only for this user",
        "change its owner, or set CLOSEBOOK_HOME to a folder of yours",
    )
    free = shutil.disk_usage(existing).free
    yield Finding(
        "free disk space",
        free >= NEEDED_BYTES,
        f"{free / 1024**3:.1f} GiB",
        f"free at least {NEEDED_BYTES // 1024**3} GiB on the disk of {existing}",
    )


def _salt() -> Finding:
    there = bool(os.environ.get(SALT_VARIABLE))
    return Finding(
        SALT_VARIABLE, there, "set" if there else "not set",
        "set it to a long random text (`openssl rand -hex 32`), keep it with the backups and never "
        "change it: without it a person's hash changes and erased people land again",
    )  # fmt: skip


def _ports() -> Iterator[Finding]:
    for variable, (default, owner) in PORTS.items():
        port = int(os.environ.get(variable) or default)
        with socket.socket() as probe:
            probe.settimeout(TIMEOUT_SECONDS)
            taken = probe.connect_ex(("127.0.0.1", port)) == 0
        # A port in use is not a fault: it may be our own service. It is worth knowing, though.
        yield Finding(f"port {port} ({owner})", True, "in use" if taken else "free")


def _connections(home: Home) -> Iterator[Finding]:
    try:
        sources = configured_sources(home.root)
    except ConfigurationError as error:
        yield Finding("sources.yml", False, "not usable", str(error))
        return
    connections = connections_of(sources)
    for vendor in sources.vendors:
        what = f"{vendor.source} of {vendor.tenant}"
        try:
            host, port = _place(connections(vendor.source, vendor.tenant).base_url)
        except ConfigurationError as error:
            yield Finding(what, False, "no connection", str(error))
            continue
        why = _unreachable(host, port)
        if why:
            yield Finding(what, False, f"{host}:{port} does not answer ({why})", NOBODY_LISTENS)
        else:
            yield Finding(what, True, f"{host}:{port} answers")
    for entry in sources.files:
        yield _folder(entry.folder)


def _folders_of_files(home: Home) -> Iterator[Finding]:
    folders = configured_sources(home.root).files
    if not folders:
        yield Finding(
            "files", False, "not configured",
            "add `files: [{folder: <folder>, mapping: mapping.yml}]` to "
            f"{home.root / 'sources.yml'}, or take a folder in once: `closebook intake FOLDER`",
        )  # fmt: skip
    for entry in folders:
        yield _folder(entry.folder)


def _folder(place: str) -> Finding:
    if is_url(place):
        try:
            look(place)
        except IngestionError as error:
            return Finding(place, False, "cannot be read", str(error))
        return Finding(place, True, "answers")
    there = Path(place).is_dir()
    fix = "create the folder, or correct it in sources.yml"
    return Finding(place, there, "there" if there else "missing", "" if there else fix)
