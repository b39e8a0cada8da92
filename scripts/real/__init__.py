"""Real systems to test against: installed and prepared once, served on loopback."""

from __future__ import annotations


class CannotInstallError(Exception):
    """A real system is not available here; the message says why."""
