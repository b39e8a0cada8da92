"""Texts in English and Simplified Chinese; a test holds both files to the same keys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

LANGUAGES = ("en", "zh")


@dataclass(frozen=True, slots=True)
class Texts:
    """All texts of one language. Call it with a key and the values to fill in."""

    language: str
    texts: Mapping[str, str]

    def __call__(self, key: str, /, **values: object) -> str:
        """The text of `key`. Raises KeyError naming the language when it is missing."""
        if key not in self.texts:
            raise KeyError(f"dashboards/i18n/{self.language}.yml has no text {key!r}")
        return self.texts[key].format(**values)


@cache
def texts(language: str) -> Texts:
    """The texts of `language` (``en`` or ``zh``); anything else reads as English."""
    chosen = language if language in LANGUAGES else "en"
    path = Path(__file__).parent / f"{chosen}.yml"
    return Texts(chosen, yaml.safe_load(path.read_text(encoding="utf-8")))
