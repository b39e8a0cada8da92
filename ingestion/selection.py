"""What a command is about: ``SOURCE``, ``SOURCE/TENANT`` or ``SOURCE/TENANT/RESOURCE``."""

from __future__ import annotations

from dataclasses import dataclass

from ingestion.catalog import connector_of, resource_of
from ingestion.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Selection:
    """A vendor, one tenant of it ('' is all), one resource of that ('' is all)."""

    source: str
    tenant: str = ""
    resource: str = ""

    @classmethod
    def parse(cls, text: str) -> Selection:
        """Raises ConfigurationError for another shape, an unknown vendor or resource."""
        parts = text.split("/")
        if not all(parts) or len(parts) > 3:
            raise ConfigurationError(
                f"{text!r} is not SOURCE, SOURCE/TENANT or SOURCE/TENANT/RESOURCE, e.g. "
                "salesforce/aurora/opportunity"
            )
        selection = cls(*parts)
        connector = connector_of(selection.source)
        if selection.resource:
            resource_of(connector, selection.resource)
        return selection

    def covers(self, tenant: str, resource: str) -> bool:
        """Whether a resource of a tenant of this vendor is meant."""
        return self.tenant in ("", tenant) and self.resource in ("", resource)

    def __str__(self) -> str:
        return "/".join(part for part in (self.source, self.tenant, self.resource) if part)
