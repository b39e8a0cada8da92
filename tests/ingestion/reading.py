"""`python -m tests.ingestion.reading`: reads some resources, in a process that a test may kill.

What to read stands as JSON in the first argument. A line is printed when everything is imported.
"""

from __future__ import annotations

import json
import sys
from datetime import datetime
from importlib import import_module
from pathlib import Path

from ingestion.clock import FixedClock
from ingestion.connections import Connection
from ingestion.extract import ingest
from ingestion.http import HttpSettings
from ingestion.landing import Landing


def main(asked: str) -> None:
    """Reads; `asked` has `landing`, `now`, `page_sizes` and `resources`."""
    told = json.loads(asked)
    for module, name, size in told["page_sizes"]:
        setattr(import_module(module), name, size)
    landing, clock = Landing(Path(told["landing"])), FixedClock(datetime.fromisoformat(told["now"]))
    print("reading", flush=True)
    for resource, *connection in told["resources"]:
        found = Connection(*connection)
        ingest(found.source, found.tenant, resource, found, landing, clock, HttpSettings())


if __name__ == "__main__":
    main(sys.argv[1])
