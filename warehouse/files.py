"""Files into landing, for the tenants that policy knows."""

from __future__ import annotations

from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import replace
from pathlib import Path

from ingestion.clock import Clock
from ingestion.connections import configured_sources, refuse_store
from ingestion.errors import ConfigurationError, IngestionError
from ingestion.files.intake import DEFAULT_MAPPING, ERRORS, SOURCE, IntakeReport, intake
from ingestion.files.mapping import read_mapping
from ingestion.files.store import is_url, opened
from ingestion.landing import Landing
from ingestion.load_log import attempt
from warehouse.freshness import EVERY
from warehouse.home import Home
from warehouse.policy import landed_rows
from warehouse.policy_tables import POLICY_TABLES


def take_in_folder(
    place: str,
    home: Home,
    clock: Clock,
    *,
    mapping: Path | None = None,
    mapping_name: str = DEFAULT_MAPPING,
) -> IntakeReport:
    """Takes in a folder of files, on this machine or in an object store, see `intake`.

    `mapping` is a file anywhere; without it the folder's own `mapping_name` is read. Raises
    ConfigurationError, before anything lands, when landed policy does not know the tenant:
    rows of such a tenant would stop every later build, of every tenant. While no policy has
    landed, every tenant may land.
    """
    if not is_url(place):
        refuse_store(home.root, Path(place))
    landing = Landing(home.landing)
    with ExitStack() as store:
        with _noted(place, home, clock, EVERY):
            folder = store.enter_context(opened(place, returned=ERRORS))
        chosen = mapping or folder / mapping_name
        with _noted(place, home, clock, _tenant_of(chosen)):
            if folder.is_dir():  # intake says it best when it is none
                _check_tenant(chosen, Landing(home.policy))
            report = intake(folder, chosen, landing, clock)
    if not is_url(place):
        return report
    # The copy is gone: the error files are in the store.
    base = place.rstrip("/")
    return replace(
        report,
        files=tuple(
            replace(file, errors=f"{base}/{Path(file.errors).relative_to(folder).as_posix()}")
            if file.errors
            else file
            for file in report.files
        ),
    )


def _noted(place: str, home: Home, clock: Clock, tenant: str) -> AbstractContextManager[None]:
    """Notes a failure, except of a folder that nobody knows: not whose it is, and no run reads it.
    A mistyped name would otherwise be called late.
    """
    if tenant == EVERY and not _is_configured(place, home):
        return nullcontext()
    return attempt(Landing(home.landing), clock, SOURCE, tenant)


def _is_configured(place: str, home: Home) -> bool:
    try:
        folders = {entry.folder for entry in configured_sources(home.root).files}
    except ConfigurationError:
        return False  # an installation fed by `intake` alone has no sources.yml
    if is_url(place):
        return place in folders
    return Path(place).resolve() in {Path(f).resolve() for f in folders if not is_url(f)}


def _tenant_of(mapping: Path) -> str:
    """Whose files these are; `*` when the mapping cannot be read."""
    try:
        return read_mapping(mapping).tenant
    except (IngestionError, OSError):
        return EVERY


def _check_tenant(mapping: Path, policy: Landing) -> None:
    known = {str(row.values["tenant"]) for row in landed_rows(policy, POLICY_TABLES["tenant"])}
    tenant = read_mapping(mapping).tenant
    if known and tenant not in known:
        raise ConfigurationError(
            f"{mapping}: policy knows no tenant {tenant!r}, only {', '.join(sorted(known))}; "
            "nothing landed. Correct the tenant in the mapping, or add it to the policy folder's "
            "tenant.csv, land that with `closebook policy land FOLDER`, and take the files in again"
        )
