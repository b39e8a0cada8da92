"""What CI runs of a long list: a sample, another one for each commit."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Collection, Mapping
from random import Random


def sampled(groups: Mapping[tuple[str, int], Collection[str]]) -> set[str]:
    """Of each group (its name, how many of it are kept) the names that are not drawn."""
    return {
        name
        for (_, kept), names in sorted(groups.items())
        for name in set(names) - set(drawn().sample(sorted(names), min(kept, len(names))))
    }


def drawn() -> Random:
    """Draws by the hash of the commit, or by `CLOSEBOOK_SAMPLE_SEED` to repeat what CI drew."""
    given = os.environ.get("CLOSEBOOK_SAMPLE_SEED", "")
    command = ["git", "rev-parse", "HEAD"]
    return Random(given or subprocess.run(command, capture_output=True, check=False).stdout)
