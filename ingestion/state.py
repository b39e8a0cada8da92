"""Where an extraction goes on: the cursor of the last load whose whole line is accepted.

A load names in ``extra["continues"]`` the commit whose cursor it started from. When the raw gate
refuses a load, the loads that continued it keep their rows but lose their say about the cursor:
else what the refused load brought would never be asked for again. A load that stands in the place
of another, or that fills a range of the past, never had a say.
"""

from __future__ import annotations

from ingestion.landing import Landing, Manifest


def standing(landing: Landing, source: str, tenant: str, resource: str) -> list[Manifest]:
    """The accepted loads of a resource, one a place, in the order of their places."""
    return [
        load
        for load in landing.accepted()
        if (load.source, load.tenant, load.resource) == (source, tenant, resource)
    ]


def position(landing: Landing, source: str, tenant: str, resource: str) -> Manifest | None:
    """The load to continue; None when the resource has to be read from the start."""
    refused = landing.rejections()
    broken: set[int] = set()
    found: Manifest | None = None
    for load in landing.loads():
        if (load.source, load.tenant, load.resource) != (source, tenant, resource):
            continue
        if load.replaces is not None or "range" in load.extra:
            continue
        if load.commit_seq in refused or load.extra.get("continues") in broken:
            broken.add(load.commit_seq)
        else:
            found = load
    return found
