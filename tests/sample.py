"""What CI runs of a long list: a sample, another one for each commit."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Collection, Mapping
from random import Random


def not_drawn(groups: Mapping[tuple[str, int], Collection[str]]) -> set[str]:
    """Of each group (its name, how many of it are kept) the names that this commit leaves out."""
    random, left_out = drawn(), set[str]()
    for (_, kept), names in sorted(groups.items()):
        left_out |= set(names) - set(random.sample(sorted(names), min(kept, len(names))))
    return left_out


def drawn() -> Random:
    """Draws by the hash of the commit, or by `CLOSEBOOK_SAMPLE_SEED` to repeat what CI drew."""
    given = os.environ.get("CLOSEBOOK_SAMPLE_SEED", "")
    command = ["git", "rev-parse", "HEAD"]
    return Random(given or subprocess.run(command, capture_output=True, check=False).stdout)
