"""`python -m company.servers`: the demo company's three vendors on loopback."""

from __future__ import annotations

import argparse
import sys
from contextlib import closing, suppress
from pathlib import Path

from company.servers.running import LOOPBACK, VENDORS, Credentials, CredentialsError, listen, server
from company.servers.world import World, WorldError, instant


def main(arguments: list[str] | None = None) -> int:
    """Serves until SIGINT or SIGTERM. Returns 2, with the reason printed, when it cannot start."""
    parser = argparse.ArgumentParser(prog="python -m company.servers", description=__doc__)
    parser.add_argument("--world", type=Path, required=True, help="world.sqlite of company.world")
    parser.add_argument("--now", required=True, help="show the world as of this ISO 8601 time")
    parser.add_argument(
        "--credentials", type=Path, required=True, help="JSON file, mode 0600, see company.servers"
    )
    parser.add_argument(
        "--port", type=int, default=8101, help="Salesforce's; Stripe and Zendesk take the next two"
    )
    options = parser.parse_args(arguments)
    try:
        credentials = Credentials.from_file(options.credentials)
        world = World(options.world, instant(options.now))
        listeners = listen(options.port)
    except (CredentialsError, WorldError, OSError) as error:
        print(f"cannot serve: {error}", file=sys.stderr)
        return 2
    for vendor, listener in zip(VENDORS, listeners, strict=True):
        print(f"{vendor:<10} http://{LOOPBACK}:{listener.getsockname()[1]}", flush=True)
    with closing(world), suppress(KeyboardInterrupt):
        server(world, credentials, listeners).run(sockets=listeners)
    return 0


if __name__ == "__main__":
    sys.exit(main())
