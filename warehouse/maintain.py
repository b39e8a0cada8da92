"""The parts of maintenance in the order in which they run, for `closebook maintain` and the DAG.

Verification is first: nothing is removed from a store that is damaged, and no damage pushes good
backups out.
"""

from __future__ import annotations

import os
from collections.abc import Callable

from ingestion.clock import Clock
from warehouse.backup import DESTINATION_VARIABLE, back_up
from warehouse.errors import DamagedError, NotConfiguredError
from warehouse.home import Home
from warehouse.maintenance import SAFE_AGE, remove_leftovers, retire_pages
from warehouse.verify import Checked, verify

Part = Callable[[Home, Clock], str]
"""One part of maintenance; returns one line about what it did."""


def verified(home: Home, clock: Clock) -> str:
    """Raises DamagedError with every file that is not as it was written."""
    checked = Checked()
    faults = list(verify(home, checked))
    if faults:
        many = "s are" if len(faults) > 1 else " is"
        raise DamagedError(f"{len(faults)} file{many} not as written:", faults)
    return f"{checked.files} files ({checked.size:,} bytes) are as they were written"


def retention(home: Home, clock: Clock) -> str:
    """Raises WarehouseError for a policy setting that is no number of days."""
    return str(retire_pages(home, clock))


def leftovers(home: Home, clock: Clock) -> str:
    removed = remove_leftovers(home)
    names = "".join(f"\n  {path}" for path in removed)
    return f"{len(removed)} leftovers of more than {SAFE_AGE.days} day removed{names}"


def backup(home: Home, clock: Clock) -> str:
    """Raises NotConfiguredError when nothing says where backups go."""
    where = os.environ.get(DESTINATION_VARIABLE, "")
    if not where:
        raise NotConfiguredError(
            f"no backup was made: set {DESTINATION_VARIABLE} to a folder on another disk, or to an "
            "fsspec URL"
        )
    return str(back_up(home, where, clock))


PARTS: dict[str, Part] = {
    "verify": verified,
    "retention": retention,
    "leftovers": leftovers,
    "backup": backup,
}
