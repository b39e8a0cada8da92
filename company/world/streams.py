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


class Rota:
    """Says yes to every n-th asking of a name: rare things that must occur in a small world too."""

    def __init__(self) -> None:
        self._asked: dict[str, int] = {}

    def turn(self, name: str, every: int, first: int) -> bool:
        """True at the `first` asking (from 1) and at every `every`-th after it."""
        asked = self._asked.get(name, 0) + 1
        self._asked[name] = asked
        return asked >= first and (asked - first) % every == 0
