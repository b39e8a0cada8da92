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


def existing_home() -> Home:
    """The home, for who only asks about one: raises WarehouseError where there is none."""
    from warehouse.errors import WarehouseError
    from warehouse.home import Home

    named = Home.from_environment()
    if not named.landing.is_dir():
        raise WarehouseError(
            f"{named.root} is no home of Closebook: call this in the folder whose ./var is one, "
            "or set CLOSEBOOK_HOME; `closebook run` begins a new one"
        )
    return named.ensure()


def home_to_compare() -> Home:
    """The home, for a check that can do without: no folder is made."""
    from warehouse.home import Home

    return Home.from_environment()


def without_past(home: Home) -> str:
    """What a check of policy adds when there was no landing to compare with; '' when there was."""
    from ingestion.landing import Landing

    if Landing(home.policy).latest("policy", "house", "tenant") is not None:
        return ""
    return f"; nothing has landed in {home.root}: not compared with a past"


def clock() -> Clock:
    """Raises WarehouseError for a CLOSEBOOK_NOW that is no instant."""
    from ingestion.clock import clock_from_environment
    from warehouse.errors import WarehouseError

    try:
        return clock_from_environment()
    except ValueError as error:
        raise WarehouseError(str(error)) from None
