"""Tryton 8.2 on this machine: installed and prepared once.

It has an environment of its own under ``$CLOSEBOOK_REAL`` (default ``~/.cache/closebook-real``),
and is only spoken to over HTTP. A database with a company, a chart of accounts and fiscal years is
made once and copied for each server.
"""

from __future__ import annotations

import secrets
import shutil
import subprocess
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from scripts.real import free_port, home_of, run, wait_for
from scripts.real.tryton_company import set_up_company
from scripts.real.tryton_rpc import DATABASE, TrytonRpc

SERIES = "8.2"
PACKAGES = (
    "trytond",
    "trytond_party",
    "trytond_sale",
    "trytond_sale_opportunity",
    "trytond_account_invoice",
    "trytond_account_payment",
    "trytond_commission",
)
MODULES = ("sale_opportunity", "account_invoice", "account_payment", "commission")
# Raised when the prepared database becomes another one: an older one is then made anew.
_PREPARED_AS = "1"


@dataclass(frozen=True, slots=True)
class Tryton:
    """A running server. `password` is the administrator's."""

    base_url: str
    password: str = field(repr=False)

    def rpc(self) -> TrytonRpc:
        return TrytonRpc(self.base_url, self.password)


def home() -> Path:
    """Where it is kept between runs."""
    return home_of("tryton")


def install() -> None:
    """Makes the environment and the prepared database, unless they are there.

    Raises CannotInstallError with the last lines of what failed.
    """
    bin_folder = home() / "venv" / "bin"
    if not (bin_folder / "trytond").exists():
        venv.create(home() / "venv", with_pip=True, clear=True)
        run([bin_folder / "python", "-m", "pip", "install", "--quiet", *_pinned()])
    prepared = home() / "prepared"
    if (prepared / "made-as").is_file() and (prepared / "made-as").read_text() == _PREPARED_AS:
        return
    beside = home() / "preparing"
    shutil.rmtree(beside, ignore_errors=True)
    shutil.rmtree(prepared, ignore_errors=True)
    beside.mkdir(parents=True)
    password = secrets.token_urlsafe(16)
    (beside / "password").write_text(password, encoding="utf-8")
    (beside / "password").chmod(0o600)
    (beside / f"{DATABASE}.sqlite").touch()
    admin: list[str | Path] = [bin_folder / "trytond-admin", "-c", _configured(beside, 0)]
    admin += ["-d", DATABASE]
    environment = {"TRYTONPASSFILE": str(beside / "password")}
    run([*admin, "-m", "--email", "admin@example.org", "--all", "-l", "en"], environment, beside)
    run([*admin, "-u", *MODULES, "--activate-dependencies"], environment, beside)
    with _serving(beside) as server, server.rpc() as rpc:
        set_up_company(rpc)
    (beside / "made-as").write_text(_PREPARED_AS, encoding="utf-8")
    beside.rename(prepared)


@contextmanager
def running_tryton(folder: Path) -> Iterator[Tryton]:
    """A server on a copy of the prepared database in `folder`, stopped when the block is left."""
    install()
    shutil.copytree(home() / "prepared", folder, dirs_exist_ok=True)
    with _serving(folder) as server:
        yield server


@contextmanager
def _serving(folder: Path) -> Iterator[Tryton]:
    port = free_port()
    log = folder / "trytond.log"
    trytond = home() / "venv" / "bin" / "trytond"
    command: list[str | Path] = [trytond, "-c", _configured(folder, port), "-d", DATABASE]
    with log.open("ab") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, cwd=folder)  # noqa: S603
    try:
        base_url = f"http://127.0.0.1:{port}"
        wait_for("Tryton", process, lambda: _answers(base_url), log)
        yield Tryton(base_url, (folder / "password").read_text(encoding="utf-8"))
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _answers(base_url: str) -> bool:
    body = {"id": 1, "method": "common.server.version", "params": []}
    return httpx.post(f"{base_url}/rpc/", json=body, timeout=5, trust_env=False).is_success


def _configured(folder: Path, port: int) -> Path:
    path = folder / "trytond.conf"
    path.write_text(
        f"[database]\nuri = sqlite://\npath = {folder}\n"
        f"[web]\nlisten = 127.0.0.1:{port}\n"
        "[session]\nmax_attempt = 100000\n",
        encoding="utf-8",
    )
    return path


def _pinned() -> list[str]:
    return [f"{package}=={SERIES}.*" for package in PACKAGES]
