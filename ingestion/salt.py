"""The salt of every hash of something personal: an installation's own, and never changed."""

from __future__ import annotations

import os

from ingestion.errors import ConfigurationError
from ingestion.resource import Resource

SALT_VARIABLE = "CLOSEBOOK_HASH_SALT"


def salt_of(source: str, resource: Resource) -> str:
    """The salt of hashed columns; required as soon as the resource declares one."""
    salt = os.environ.get(SALT_VARIABLE, "")
    hashed = [column.name for column in resource.columns if column.personal == "hash"]
    if hashed and not salt:
        raise ConfigurationError(
            f"{source} {resource.name}: {', '.join(hashed)} must be hashed, but {SALT_VARIABLE} is "
            "not set. Set it to a long random text, keep it, and never change it: the same person "
            "must keep the same hash"
        )
    return salt


def salt_of_erasures() -> str:
    """The salt of erased keys. Raises ConfigurationError without one."""
    salt = os.environ.get(SALT_VARIABLE, "")
    if not salt:
        raise ConfigurationError(
            f"an erased key is kept as its salted hash, but {SALT_VARIABLE} is not set: set it to "
            "what it was when the data landed"
        )
    return salt
