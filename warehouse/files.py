"""Files into landing, for the tenants that policy knows."""

from __future__ import annotations

from pathlib import Path

from ingestion.clock import Clock
from ingestion.errors import ConfigurationError
from ingestion.files.intake import DEFAULT_MAPPING, IntakeReport, intake
from ingestion.files.mapping import read_mapping
from ingestion.landing import Landing
from warehouse.home import Home
from warehouse.policy import landed_rows
from warehouse.policy_tables import POLICY_TABLES


def take_in_folder(folder: Path, mapping: Path | None, home: Home, clock: Clock) -> IntakeReport:
    """Takes in a folder of files, see `intake`; `mapping` defaults to the folder's mapping.yml.

    Raises ConfigurationError, before anything lands, when landed policy does not know the tenant:
    rows of such a tenant would stop every later build, of every tenant. While no policy has
    landed, every tenant may land.
    """
    if folder.is_dir():  # intake says it best when it is none
        _check_tenant(mapping or folder / DEFAULT_MAPPING, Landing(home.policy))
    return intake(folder, mapping, Landing(home.landing), clock)


def _check_tenant(mapping: Path, policy: Landing) -> None:
    known = {str(row.values["tenant"]) for row in landed_rows(policy, POLICY_TABLES["tenant"])}
    tenant = read_mapping(mapping).tenant
    if known and tenant not in known:
        raise ConfigurationError(
            f"{mapping}: policy knows no tenant {tenant!r}, only {', '.join(sorted(known))}; "
            "nothing landed. Correct the tenant in the mapping, or add it to the policy folder's "
            "tenant.csv, land that with `closebook policy land FOLDER`, and take the files in again"
        )
