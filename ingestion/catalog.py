"""Every connector there is. A new vendor is one package and one line here."""

from __future__ import annotations

import ingestion.request_tracker.client as request_tracker
import ingestion.request_tracker.resources as request_tracker_resources
import ingestion.roundup.client as roundup
import ingestion.roundup.resources as roundup_resources
import ingestion.salesforce.client as salesforce
import ingestion.salesforce.resources as salesforce_resources
import ingestion.stripe.client as stripe
import ingestion.stripe.resources as stripe_resources
import ingestion.tryton.client as tryton
import ingestion.tryton.resources as tryton_resources
import ingestion.zendesk.client as zendesk
import ingestion.zendesk.resources as zendesk_resources
from ingestion.connections import nearest
from ingestion.connector import Connector
from ingestion.errors import ConfigurationError
from ingestion.resource import Resource

CONNECTORS: dict[str, Connector] = {
    "salesforce": Connector(
        "salesforce",
        salesforce_resources.RESOURCES,
        salesforce.open_client,
        salesforce.pages,
        lambda _: salesforce.ROWS_AT,
        envelope=frozenset({"attributes"}),
        stages=salesforce.stages,
    ),
    "stripe": Connector(
        "stripe",
        stripe_resources.RESOURCES,
        stripe.open_client,
        stripe.pages,
        lambda _: stripe.ROWS_AT,
        envelope=frozenset({"object"}),
    ),
    "tryton": Connector(
        "tryton",
        tryton_resources.RESOURCES,
        tryton.open_client,
        tryton.pages,
        lambda _: tryton.ROWS_AT,
        unwrap=tryton.UNWRAP,
        sweep=tryton.sweep,
        stages=tryton.stages,
    ),
    "zendesk": Connector(
        "zendesk",
        zendesk_resources.RESOURCES,
        zendesk.open_client,
        zendesk.pages,
        zendesk.rows_at,
    ),
    "request_tracker": Connector(
        "request_tracker",
        request_tracker_resources.RESOURCES,
        request_tracker.open_client,
        request_tracker.pages,
        lambda _: request_tracker.ROWS_AT,
        envelope=request_tracker.ENVELOPE,
    ),
    "roundup": Connector(
        "roundup",
        roundup_resources.RESOURCES,
        roundup.open_client,
        roundup.pages,
        lambda _: roundup.ROWS_AT,
        envelope=roundup.ENVELOPE,
        unwrap=roundup.UNWRAP,
        sweep=roundup.sweep,
    ),
}


def connector_of(source: str) -> Connector:
    """The connector called `source`. Raises ConfigurationError naming the nearest one.

    Files have none: the message names the commands that are for them.
    """
    if source == "files":
        raise ConfigurationError(
            "files are no vendor's: `closebook doctor --source files` looks at their folders, "
            "`closebook intake FOLDER` takes in what is new or corrected there"
        )
    if source not in CONNECTORS:
        raise ConfigurationError(f"unknown source {source!r}{nearest(source, set(CONNECTORS))}")
    return CONNECTORS[source]


def resource_of(connector: Connector, name: str) -> Resource:
    """The resource called `name`. Raises ConfigurationError naming the nearest one."""
    by_name = {resource.name: resource for resource in connector.resources}
    if name not in by_name:
        raise ConfigurationError(
            f"{connector.source} has no resource {name!r}{nearest(name, set(by_name))}"
        )
    return by_name[name]
