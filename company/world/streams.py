"""Random streams: each part of the world draws from its own, so parts do not disturb each other."""

from __future__ import annotations

from random import Random


def stream(*parts: object) -> Random:
    """A generator seeded by the parts' text: the same parts give the same draws, everywhere."""
    seed = "|".join(str(part) for part in parts)
    return Random(seed)  # noqa: S311 - invents a demo company, protects nothing


def chance(random: Random, percent: int) -> bool:
    """True in `percent` of 100 draws."""
    return random.randrange(100) < percent
