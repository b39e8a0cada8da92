"""What CI runs of a long list: a sample, another one for each commit."""

from __future__ import annotations

import os
import subprocess
from random import Random


def drawn() -> Random:
    """Draws by the hash of the commit, or by `CLOSEBOOK_SAMPLE_SEED` to repeat what CI drew."""
    given = os.environ.get("CLOSEBOOK_SAMPLE_SEED", "")
    command = ["git", "rev-parse", "HEAD"]
    return Random(given or subprocess.run(command, capture_output=True, check=False).stdout)
