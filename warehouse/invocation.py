"""What every command starts from: the home and the clock that the environment names."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ingestion.clock import Clock
    from warehouse.home import Home


def home() -> Home:
    """The home, its folders made where they are missing."""
    from warehouse.home import Home

    return Home.from_environment().ensure()


def clock() -> Clock:
    """Raises WarehouseError for a CLOSEBOOK_NOW that is no instant."""
    from ingestion.clock import clock_from_environment
    from warehouse.errors import WarehouseError

    try:
        return clock_from_environment()
    except ValueError as error:
        raise WarehouseError(str(error)) from None
