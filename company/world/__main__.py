"""`python -m company.world --out DIR`: write a world."""

from __future__ import annotations

import argparse
from datetime import date
from pathlib import Path

from company.world.build import DEFAULT_SCALE, DEFAULT_SEED, build_world
from company.world.tenants import SCALES, WORLD_END


def main() -> None:
    """Reads the command line and writes the world."""
    parser = argparse.ArgumentParser(prog="python -m company.world", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder to write into")
    parser.add_argument("--seed", type=int, default=DEFAULT_SEED, help="default: %(default)s")
    parser.add_argument(
        "--until",
        type=date.fromisoformat,
        default=WORLD_END,
        help="first UTC day left out (default: %(default)s)",
    )
    parser.add_argument(
        "--scale", choices=sorted(SCALES), default=DEFAULT_SCALE, help="default: %(default)s"
    )
    arguments = parser.parse_args()
    summary = build_world(arguments.seed, arguments.out, arguments.until, arguments.scale)
    print(f"{summary.versions} object versions in {summary.folder / 'world.sqlite'}")


if __name__ == "__main__":
    main()
