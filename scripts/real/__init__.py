"""Real systems to test against: installed and prepared once, served on loopback."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
import venv
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import httpx

START_SECONDS = 60
_LINES = 10


class CannotInstallError(Exception):
    """A real system is not available here; the message says why."""


def home_of(system: str) -> Path:
    """Where a system is kept between runs."""
    default = Path.home() / ".cache" / "closebook-real"
    return Path(os.environ.get("CLOSEBOOK_REAL") or default) / system


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port


def install_from_pip(system: str, *packages: str) -> None:
    """Makes an environment with these packages where the system is kept, unless it is there.

    Raises CannotInstallError with what pip wrote. Scripts of the environment name the folder in
    which it was made: only its Python may be used.
    """
    kept = home_of(system)
    if kept.is_dir():
        return
    beside = kept.with_name(f"{system}-{os.getpid()}")
    try:
        venv.create(beside, with_pip=True)
        run([beside / "bin" / "python", "-m", "pip", "install", "--quiet", *packages])
        try:
            beside.rename(kept)
        except OSError:
            # Another process was faster.
            if not kept.is_dir():
                raise
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def run(
    command: Sequence[str | Path],
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
) -> None:
    """Runs a command of an installation, `environment` beside ours.

    Raises CannotInstallError with the last lines that it wrote when it fails.
    """
    done = subprocess.run(  # noqa: S603  the commands are declared in this package
        command,
        env={**os.environ, **(environment or {})},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        shown = " ".join(Path(part).name for part in command[:4])
        raise CannotInstallError(
            f"`{shown} ...` ended with {done.returncode}:\n{_last(done.stdout + done.stderr)}"
        )


def wait_for(
    system: str, process: subprocess.Popen[bytes], answers: Callable[[], bool], log: Path
) -> None:
    """Waits until the server `answers`; until then that may raise httpx.HTTPError.

    Raises CannotInstallError with the end of the server's log when it does not.
    """
    end = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < end:
        try:
            if answers():
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.1)
    text = log.read_text(encoding="utf-8", errors="replace")
    raise CannotInstallError(f"{system} does not start:\n{_last(text)}")


def _last(text: str) -> str:
    return "\n".join(text.strip().splitlines()[-_LINES:])
