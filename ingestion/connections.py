"""Where vendors are and how to sign in; which sources an installation has.

A `Connection` comes from the environment here, or from Airflow connections in the DAGs: both are a
`Connections`, a callable of source and tenant.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal, get_args
from urllib.parse import SplitResult, unquote, urlsplit

import yaml

from ingestion.errors import ConfigurationError
from ingestion.files.store import is_url
from ingestion.host_limit import REQUESTS_PER_HOST


@dataclass(frozen=True, slots=True)
class Connection:
    """One vendor for one tenant. `password` never shows in a repr."""

    source: str
    tenant: str
    base_url: str
    login: str = ""
    password: str = field(default="", repr=False)

    @property
    def name(self) -> str:
        return f"{self.source}/{self.tenant}"


Connections = Callable[[str, str], Connection]
"""(source, tenant) -> Connection. Raises ConfigurationError when there is none."""


STORES = {
    "landing": "what has landed",
    "policy": "landed policy",
    "decisions": "what was decided",
    "ledger": "what was paid",
    "published": "what is published",
    "warehouse": "the warehouse",
}
"""Folder of a home -> what is kept there: nothing of a user's own belongs into one."""


KeptIn = Literal["environment", "airflow"]
"""Who keeps the address and secret of a source."""


@dataclass(frozen=True, slots=True)
class ConfiguredSource:
    """One vendor of one tenant to read from.

    `url` is where it is when the connection that Airflow keeps names no host.
    """

    source: str
    tenant: str
    kept_in: KeptIn = "environment"
    url: str = ""


@dataclass(frozen=True, slots=True)
class ConfiguredFolder:
    """A folder of files, on this machine or in an object store, and its mapping's name in it."""

    folder: str
    mapping: str


@dataclass(frozen=True, slots=True)
class Sources:
    """What `sources.yml` says. `vendors` are read; `disabled` ones are there and are not."""

    vendors: tuple[ConfiguredSource, ...]
    files: tuple[ConfiguredFolder, ...]
    policy: Path | None = None
    """The folder with the policy's CSV files; None when policy is landed by hand."""
    disabled: tuple[ConfiguredSource, ...] = ()
    requests_per_host: dict[str, int] = field(default_factory=dict)
    """Requests at once to one host, by source, where it is not `REQUESTS_PER_HOST`."""

    def requests_to(self, source: str) -> int:
        """How many requests may run at once against a host of `source`."""
        return self.requests_per_host.get(source, REQUESTS_PER_HOST)

    def url_of(self, source: str, tenant: str) -> str:
        """The address in `sources.yml`; '' where it has none."""
        vendors = (*self.vendors, *self.disabled)
        return next((v.url for v in vendors if (v.source, v.tenant) == (source, tenant)), "")


def connection_variable(source: str, tenant: str) -> str:
    """Name of the environment variable: CLOSEBOOK_CONN_SALESFORCE__AURORA."""
    return f"CLOSEBOOK_CONN_{source}__{tenant}".upper().replace("-", "_")


def airflow_connection_id(source: str, tenant: str) -> str:
    """Id of the Airflow connection that is asked when the environment has none."""
    return f"closebook_{source}_{tenant}"


def connections_of(sources: Sources) -> Connections:
    """The connections of the environment; of one that only Airflow keeps the error says so."""
    vendors = (*sources.vendors, *sources.disabled)
    in_airflow = {(v.source, v.tenant) for v in vendors if v.kept_in == "airflow"}

    def connection(source: str, tenant: str) -> Connection:
        variable = connection_variable(source, tenant)
        if (source, tenant) in in_airflow and not os.environ.get(variable):
            raise ConfigurationError(
                f"the connection to {source} of tenant {tenant} is kept in Airflow alone "
                f"({airflow_connection_id(source, tenant)}), where only its DAG reads it: trigger "
                f"ingest_{source}, or set {variable} here as well"
            )
        return connection_from_environment(source, tenant)

    return connection


def connection_from_environment(source: str, tenant: str) -> Connection:
    """Reads ``http://login:password@host:port/path`` (parts URL-encoded) from the environment.

    Most vendors need no path; where there is one, it begins the path of every request.

    Raises ConfigurationError, without the value, when it is missing or is no such URL.
    """
    variable = connection_variable(source, tenant)
    shape = "http(s)://login:password@host:port, login and password URL-encoded"
    value = os.environ.get(variable, "")
    if not value:
        raise ConfigurationError(
            f"no connection for {source} of tenant {tenant}: set {variable} to {shape}"
        )
    parts = _parts(value, f"{variable} is not a URL; its shape is {shape}")
    return Connection(
        source=source,
        tenant=tenant,
        base_url=_address(parts),
        login=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
    )


def connection_from_form(
    source: str,
    tenant: str,
    *,
    host: str,
    scheme: str = "",
    port: int | None = None,
    login: str = "",
    password: str = "",
) -> Connection:
    """A connection whose fields somebody typed; `host` may be a name or a whole address.

    Raises ConfigurationError, without the password, when they name no host.
    """
    address = host if "://" in host else f"{scheme or 'https'}://{host}"
    refusal = (
        f"the connection to {source} of tenant {tenant} names no host that can be used: "
        "expected a name, or http(s)://host[:port][/path]"
    )
    parts = _parts(address, refusal)
    if parts.username or parts.password:
        raise ConfigurationError(
            f"the host of {source} of tenant {tenant} holds a login or password: each has a field "
            "of its own"
        )
    base_url = _address(parts._replace(netloc=f"{parts.netloc}:{port}") if port else parts)
    return Connection(source, tenant, base_url, login, password)


def _parts(address: str, refusal: str) -> SplitResult:
    """Raises ConfigurationError with `refusal` for what is no http(s) address."""
    # The address may hold a password: neither the message nor the chained error may repeat it.
    try:
        parts = urlsplit(address)
        _ = parts.port
    except ValueError:
        raise ConfigurationError(refusal) from None
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ConfigurationError(refusal)
    return parts


def _address(parts: SplitResult) -> str:
    name = parts.hostname or ""
    host = f"[{name}]" if ":" in name else name
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{host}{port}{parts.path.rstrip('/')}"


def configured_sources(home_root: Path) -> Sources:
    """Reads ``<home_root>/sources.yml``; relative folders are relative to `home_root`.

    Raises ConfigurationError naming the file, the entry and the nearest valid key.
    """
    path = home_root / "sources.yml"
    if not path.is_file():
        raise ConfigurationError(
            f"{path} does not exist: write which sources to read, e.g.\n"
            "sources:\n  - {source: salesforce, tenant: aurora}\n"
            "files:\n  - {folder: files/payroll/aurora, mapping: mapping.yml}\n"
            "policy: policy_files"
        )
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except yaml.YAMLError as error:
        raise ConfigurationError(f"{path} is not YAML: {error}") from None
    if not isinstance(content, dict):
        raise ConfigurationError(f"{path}: expected the keys sources, files and policy")
    check_keys(content, {"sources", "files", "policy", "requests_per_host"}, set(), str(path))
    enabled, disabled = _vendors(content, path)
    folders = []
    for entry in _entries(content, "files", {"folder", "mapping"}, path):
        folder = entry["folder"]
        if not is_url(folder):
            folder = str(home_root / Path(folder).expanduser())
            refuse_store(home_root, Path(folder), f"{path}: files: ")
        folders.append(ConfiguredFolder(folder, entry["mapping"]))
    policy = content.get("policy")
    if policy is not None and not isinstance(policy, str):
        raise ConfigurationError(f"{path}: policy must be a folder, got {policy!r}")
    if policy:
        refuse_store(home_root, home_root / Path(policy).expanduser(), f"{path}: policy: ")
    return Sources(
        enabled,
        tuple(folders),
        disabled=disabled,
        policy=home_root / Path(policy).expanduser() if policy else None,
        requests_per_host=_requests_per_host(
            content.get("requests_per_host", {}),
            {vendor.source for vendor in (*enabled, *disabled)},
            path,
        ),
    )


def refuse_store(home_root: Path, folder: Path, where: str = "") -> None:
    """Raises ConfigurationError when a folder of CSV files is one of the home's stores, or in one:
    what is put there by hand is no commit, and `closebook verify` calls the home damaged.
    """
    for name, kept in STORES.items():
        if folder.resolve().is_relative_to((home_root / name).resolve()):
            raise ConfigurationError(
                f"{where}{folder} is where {kept} is kept; put your CSV files elsewhere, e.g. "
                f"{home_root / (name + '_files')}"
            )


def _vendors(
    content: dict[str, Any], path: Path
) -> tuple[tuple[ConfiguredSource, ...], tuple[ConfiguredSource, ...]]:
    """The enabled and the disabled entries of `sources`."""
    found: dict[bool, list[ConfiguredSource]] = {True: [], False: []}
    optional = {"enabled", "connection", "url"}
    for number, entry in enumerate(
        _entries(content, "sources", {"source", "tenant"}, path, optional), 1
    ):
        where = f"{path}: sources, entry {number}"
        enabled, kept_in = entry.get("enabled", True), entry.get("connection", "environment")
        if not isinstance(enabled, bool):
            raise ConfigurationError(f"{where}: enabled must be true or false, got {enabled!r}")
        if kept_in not in get_args(KeptIn):
            raise ConfigurationError(
                f"{where}: connection must be one of {', '.join(get_args(KeptIn))}, got {kept_in!r}"
            )
        vendor = ConfiguredSource(
            entry["source"], entry["tenant"], kept_in, str(entry.get("url") or "")
        )
        if any(
            (vendor.source, vendor.tenant) == (v.source, v.tenant)
            for v in found[True] + found[False]
        ):
            raise ConfigurationError(f"{where}: {vendor.source} of {vendor.tenant} stands twice")
        found[enabled].append(vendor)
    return tuple(found[True]), tuple(found[False])


def _requests_per_host(found: object, sources: set[str], path: Path) -> dict[str, int]:
    """Raises ConfigurationError for anything but numbers from 1 to 100 of sources that are read."""
    entries = found if isinstance(found, dict) else {"": found}
    if isinstance(found, dict):
        check_keys(found, sources, set(), f"{path}: requests_per_host")
    for source, number in entries.items():
        if (
            not source
            or not isinstance(number, int)
            or isinstance(number, bool)
            or not 1 <= number <= 100
        ):
            raise ConfigurationError(
                f"{path}: requests_per_host: expected e.g. {{salesforce: 4}}, a number from 1 to "
                f"100 a source, got {f'{source}: ' if source else ''}{number!r}"
            )
    return entries


def _entries(
    content: dict[str, Any],
    section: str,
    keys: set[str],
    path: Path,
    optional: frozenset[str] | set[str] = frozenset(),
) -> list[dict[str, Any]]:
    entries = content.get(section) or []
    if not isinstance(entries, list):
        raise ConfigurationError(f"{path}: {section} must be a list")
    for number, entry in enumerate(entries, 1):
        where = f"{path}: {section}, entry {number}"
        if not isinstance(entry, dict):
            raise ConfigurationError(f"{where}: expected {sorted(keys)}, got {entry!r}")
        check_keys(entry, keys | optional, keys, where)
        for key in keys:
            if not isinstance(entry[key], str):
                raise ConfigurationError(f"{where}: {key} must be text, got {entry[key]!r}")
    return entries


def check_keys(found: dict[str, Any], known: set[str], required: set[str], where: str) -> None:
    """Refuses unknown and missing keys, naming the place and the nearest valid key."""
    for key in found:
        if key not in known:
            raise ConfigurationError(f"{where}: unknown key {key!r}{nearest(str(key), known)}")
    for key in sorted(required):
        if found.get(key) in (None, "", [], {}):
            raise ConfigurationError(f"{where}: {key!r} is missing")


def nearest(name: str, valid: set[str]) -> str:
    """A hint to end an error with: the closest valid name, or all of them."""
    close = get_close_matches(name, sorted(valid), n=1)
    return f"; did you mean {close[0]!r}?" if close else f"; valid are {', '.join(sorted(valid))}"
