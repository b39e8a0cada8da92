"""How messages count."""

from __future__ import annotations


def counted(number: int, what: str) -> str:
    """0 loads, 1 load, 2 loads: `what` is one of them."""
    return f"{number} {what}{'' if number == 1 else 's'}"
