"""Places where a crash test may kill the process: the instants around every commit point.

`CLOSEBOOK_FAILPOINT=<name>` kills the process (SIGKILL: no handler, no flush) the first time it
passes the point called so; `<name>@3` the third time. Without the variable a point does nothing.
"""

from __future__ import annotations

import os
import signal
from collections import Counter
from typing import Final

FAILPOINTS: Final = (
    "load-after-page",
    "load-before-rename",
    "load-before-link",
    "load-after-link",
    "reject-after",
    "pages-before-removal",
    "erasure-after-decision",
    "erasure-after-tombstone",
    "erasure-before-removal",
    "erasure-after-removal",
    "warehouse-before-staged",
    "warehouse-after-staged",
    "version-before-rename",
    "current-before-flip",
    "current-after-flip",
    "backup-before-rename",
)
"""Every point. Policy and decisions commit by the same link as loads do."""

_passed: Counter[str] = Counter()


def failpoint(name: str) -> None:
    """Dies here when the environment asks for it. Raises ValueError for an unlisted name."""
    if name not in FAILPOINTS:
        raise ValueError(f"{name!r} is not listed in FAILPOINTS")
    wanted, _, count = os.environ.get("CLOSEBOOK_FAILPOINT", "").partition("@")
    if wanted != name:
        return
    _passed[name] += 1
    if _passed[name] == int(count or 1):
        os.kill(os.getpid(), signal.SIGKILL)
