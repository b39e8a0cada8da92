"""Makes a home for the demo company: its world and files, its credentials, `sources.yml`.

Run as `python -m scripts.company_home`. Running it again changes nothing but the addresses. All
secrets are random, per home, in files of mode 0600.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import secrets
import sys
from collections.abc import Callable
from pathlib import Path

import yaml

from company.world.build import build_world
from company.world.tenants import WORLD_END
from scripts.settings import ROOT, Settings
from warehouse.home import read_environment_file

SEED = 7
NOW = "2026-07-01T03:00:00+08:00"
"""The demo's present: the night after the last day of June, in the house's timezone."""

SECRETS: dict[str, Callable[[], str]] = {
    "CLOSEBOOK_AIRFLOW_PASSWORD": lambda: secrets.token_urlsafe(12),
    "CLOSEBOOK_HASH_SALT": lambda: secrets.token_hex(16),
    "AIRFLOW__API_AUTH__JWT_SECRET": lambda: secrets.token_hex(32),
    "AIRFLOW__API__SECRET_KEY": lambda: secrets.token_hex(32),
    "AIRFLOW__CORE__FERNET_KEY": lambda: base64.urlsafe_b64encode(os.urandom(32)).decode(),
}


class OtherCompanyError(Exception):
    """The home holds data of another demo company; the message says how to start afresh."""


def make_company_home(settings: Settings) -> None:
    """Writes what is missing. Raises OtherCompanyError when the generator has changed since."""
    settings.company.mkdir(parents=True, exist_ok=True)
    _write_world(settings)
    credentials = _credentials(settings)
    _write_sources(settings, credentials)
    _write_environment(settings, credentials)


def _write_world(settings: Settings) -> None:
    stamp = settings.company / "made_by"
    made_by = _generator()
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == made_by:
        return
    if (settings.home / "landing").is_dir():
        raise OtherCompanyError(
            f"{settings.home} holds loads of a demo company that an older generator made: "
            "remove them with `make clean`, then `make demo` again"
        )
    summary = build_world(SEED, settings.company, WORLD_END)
    (settings.company / "files" / "payroll").chmod(0o700)
    stamp.write_text(made_by, encoding="utf-8")
    print(f"{summary.versions:,} object versions in {summary.folder}")


def _generator() -> str:
    """The hash of everything that decides what the generator writes."""
    digest = hashlib.sha256(f"seed {SEED} until {WORLD_END}".encode())
    folders = (ROOT / "company" / "world", ROOT / "company" / "policy")
    for path in sorted(path for folder in folders for path in folder.rglob("*.*")):
        if path.suffix in {".py", ".csv", ".yml"}:
            digest.update(path.read_bytes())
    return digest.hexdigest()


def _tenants(settings: Settings) -> list[str]:
    lines = (settings.company / "policy" / "tenant.csv").read_text(encoding="utf-8").splitlines()
    return [line.split(",")[0] for line in lines[1:]]


def _credentials(settings: Settings) -> dict[str, dict[str, dict[str, str]]]:
    """Vendor -> tenant -> login and password; made once per home."""
    if not settings.credentials.exists():
        tenants = _tenants(settings)
        _write_private(
            settings.credentials,
            json.dumps(
                {
                    "salesforce": {
                        tenant: {
                            "client_id": secrets.token_hex(8),
                            "client_secret": secrets.token_hex(16),
                        }
                        for tenant in tenants
                    },
                    "stripe": {tenant: f"sk_{secrets.token_hex(16)}" for tenant in tenants},
                    "zendesk": {tenant: secrets.token_hex(16) for tenant in tenants},
                }
            ),
        )
    kept = json.loads(settings.credentials.read_text(encoding="utf-8"))
    return {
        "salesforce": {
            tenant: {"login": entry["client_id"], "password": entry["client_secret"]}
            for tenant, entry in kept["salesforce"].items()
        },
        **{
            vendor: {tenant: {"login": "", "password": key} for tenant, key in kept[vendor].items()}
            for vendor in ("stripe", "zendesk")
        },
    }


def _write_sources(settings: Settings, credentials: dict[str, dict[str, dict[str, str]]]) -> None:
    path = settings.home / "sources.yml"
    if path.exists():
        return  # somebody may have added or disabled a source since
    files = settings.company / "files"
    content = {
        "sources": [
            {"source": vendor, "tenant": tenant}
            for vendor, tenants in credentials.items()
            for tenant in tenants
        ],
        "files": [
            {"folder": str(mapping.parent.relative_to(settings.home)), "mapping": mapping.name}
            for mapping in sorted(files.glob("*/*/mapping.yml"))
        ],
        "policy": "company/policy",
    }
    text = yaml.safe_dump(content, sort_keys=False)
    path.write_text(text, encoding="utf-8")


def _write_environment(
    settings: Settings, credentials: dict[str, dict[str, dict[str, str]]]
) -> None:
    kept = read_environment_file(settings.environment_file)
    values = {name: kept.get(name) or make() for name, make in SECRETS.items()}
    values |= {
        "CLOSEBOOK_HOME": str(settings.home),
        "CLOSEBOOK_NOW": NOW,
        "CLOSEBOOK_DEMO_SIGN_IN": "1",
    }
    for offset, (vendor, tenants) in enumerate(credentials.items()):
        for tenant, entry in tenants.items():
            address = f"127.0.0.1:{settings.vendor_port + offset}"
            values[f"CLOSEBOOK_CONN_{vendor}__{tenant}".upper()] = (
                f"http://{entry['login']}:{entry['password']}@{address}"
            )
    lines = [f"{name}={value}" for name, value in values.items()]
    _write_private(settings.environment_file, "\n".join(lines) + "\n")


def _write_private(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    path.chmod(0o600)


if __name__ == "__main__":
    try:
        make_company_home(Settings.load())
    except OtherCompanyError as error:
        sys.exit(str(error))
