"""`make test-real`: installs every real system, says which cannot be, and runs the tests of all.

The tests of a system that is not there fail; they are never skipped.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable

from scripts.real import CannotInstallError, request_tracker, roundup, seaweed, tryton

SYSTEMS: dict[str, Callable[[], None]] = {
    "Tryton": tryton.install,
    "Request Tracker": request_tracker.install,
    "Roundup": roundup.install,
    "SeaweedFS": seaweed.install,
}


def main(arguments: list[str]) -> int:
    """Installs, then runs pytest with `arguments`; the exit code is pytest's."""
    for name, install in SYSTEMS.items():
        began = time.monotonic()
        try:
            install()
        except CannotInstallError as error:
            print(f"{name}: NOT TESTED, its tests will fail: {error}", flush=True)
        else:
            print(f"{name}: ready ({time.monotonic() - began:.1f} s)", flush=True)
    return subprocess.call(  # noqa: S603
        [sys.executable, "-m", "pytest", "tests/real", *arguments],
        env={**os.environ, "CLOSEBOOK_TEST_REAL": "1"},
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
